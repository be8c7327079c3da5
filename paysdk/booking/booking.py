"""A booking as it is stored, and a step of its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from paysdk.booking.plan import BookingLine
from paysdk.booking.states import State

__all__ = ["Approval", "Booking", "BookingKey", "HistoryEntry"]


@attrs.frozen
class BookingKey:
    """A payment of the source, and which booking of it: the first one has generation 1."""

    source: str
    source_account: str
    payment_id: str
    generation: int = 1


@attrs.frozen(kw_only=True)
class Booking:
    """The booking of one payment of the source.

    ``payment_ids`` are its payments in the target. ``details`` says more about the last step, such
    as the reason of a refusal. ``since`` is when it got into its state.
    """

    key: BookingKey
    target: str
    target_account: str
    run: str
    state: State
    step: int
    fence: int
    line: BookingLine
    payment_ids: tuple[str, ...]
    details: Mapping[str, object]
    since: datetime

    @property
    def reason(self) -> str:
        """A code for why the booking is in its state, or an empty string."""
        return str(self.details.get("reason", ""))

    @property
    def sentence(self) -> str:
        """Why the booking is in its state, or an empty string."""
        return str(self.details.get("sentence", ""))


@attrs.frozen(kw_only=True)
class HistoryEntry:
    """A step in the history of a booking. ``before`` is ``None`` for the first step."""

    key: BookingKey
    step: int
    before: State | None
    after: State
    run: str
    at: datetime
    details: Mapping[str, object]


@attrs.frozen(kw_only=True)
class Approval:
    """Who approved a plan, when, and up to which sum. Lines in ``left_out`` were left out."""

    by: str
    at: datetime
    limit: Decimal
    left_out: tuple[str, ...] = ()
