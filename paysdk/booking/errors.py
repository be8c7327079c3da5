"""The errors of booking."""

from __future__ import annotations

from paysdk.errors import ConfigurationError, PaysdkError

__all__ = ["BookingTakenError", "PlanRefusedError"]


class PlanRefusedError(ConfigurationError):
    """A plan must not be applied: it is unknown, too old, changed, or approved for less.

    Nothing was sent.
    """


class BookingTakenError(PaysdkError):
    """Another worker has taken over a booking, because this one stalled past its lease.

    This worker has written nothing since.
    """
