"""What only keeping a database in step can raise."""

from __future__ import annotations

from paysdk.errors import PaysdkError

__all__ = ["AccountBusyError", "LeaseLostError", "StoreError", "TooManyVanishedError"]


class StoreError(PaysdkError):
    """The database cannot be used: not paysdk's, of a newer version, read-only, full, locked by another program, or out of reach.

    What was being written when it was raised is not in the database, and no part of it. A password
    never stands in the message.
    """


class AccountBusyError(PaysdkError):
    """Somebody else is syncing this account, and nothing was done.

    ``seconds`` is how long that one's lease still runs, if it is not renewed.
    """

    def __init__(self, message: str = "", *, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class LeaseLostError(PaysdkError):
    """This one stalled for longer than its lease, and another has taken over: nothing was written since.

    What was written before stands.
    """


class TooManyVanishedError(PaysdkError):
    """A full pass did not find far more of the stored payments than usual, and marked none of them.

    ``vanished`` is how many it did not find, ``stored`` how many there were. The provider may have
    listed only a part: the next sync looks again from the beginning. If the payments are really
    gone, ``sync_payments(..., full=True, allow_vanish=True)`` marks them.
    """

    def __init__(self, message: str = "", *, vanished: int = 0, stored: int = 0) -> None:
        super().__init__(message)
        self.vanished = vanished
        self.stored = stored
