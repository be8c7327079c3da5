"""A booking as it is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from paysdk.booking import Booking, BookingKey, State
from tests.booking.values import LINE


@pytest.mark.parametrize(
    ("details", "reason", "sentence"),
    [
        ({"reason": "overpaid", "sentence": "Too much."}, "overpaid", "Too much."),
        ({"by": "Ann"}, "", ""),
    ],
)
def test_a_booking_says_why_it_is_in_its_state(
    details: dict[str, Any], reason: str, sentence: str
) -> None:
    """The reason and the sentence are in the details of its last step, and may be missing."""
    booking = Booking(
        key=BookingKey("notify", "default", "p1"),
        target="books",
        target_account="default",
        run="1",
        state=State.BOOKED,
        step=1,
        fence=1,
        line=LINE,
        payment_ids=("7",),
        details=details,
        since=datetime(2026, 3, 2, tzinfo=UTC),
    )

    assert (reason, sentence, 1) == (booking.reason, booking.sentence, booking.key.generation)
