"""The errors of stores and syncs."""

from __future__ import annotations

from paysdk.errors import PaysdkError

__all__ = ["AccountBusyError", "LeaseLostError", "StoreError", "TooManyVanishedError"]


class StoreError(PaysdkError):
    """The database cannot be used.

    It may belong to another program or a newer paysdk, or be read-only, full, locked or
    unreachable. The whole transaction is rolled back. The message never contains a password.
    ``is_temporary`` says whether the same call may succeed later, as when the database is locked or
    full, or when its server ended the connection. It is false for a refused connection, because the
    host or the port may be wrong.
    """

    def __init__(self, message: str = "", *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


class AccountBusyError(PaysdkError):
    """Another process or task is syncing this account, and nothing was done.

    ``seconds`` is how long its lease still runs if it is not renewed.
    """

    def __init__(self, message: str = "", *, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class LeaseLostError(PaysdkError):
    """This sync stalled for longer than its lease, and another one has taken over.

    Nothing was written since. What was written before is kept.
    """


class TooManyVanishedError(PaysdkError):
    """A full pass missed far more stored payments than usual, or found nothing at all.

    No payment was marked as vanished. ``vanished`` is how many were missed, and ``stored`` is how
    many were stored. The provider may have listed only a part, so the next sync starts again from
    the beginning. If the payments are really gone,
    ``sync_payments(..., full=True, allow_vanish=True)`` marks them.
    """

    def __init__(self, message: str = "", *, vanished: int = 0, stored: int = 0) -> None:
        super().__init__(message)
        self.vanished = vanished
        self.stored = stored
