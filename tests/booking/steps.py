"""Steps of a story that several files of tests take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paysdk.booking import BookingJournal, BookingKey, apply_bookings

if TYPE_CHECKING:
    from paysdk.booking import ApplyReport, Booking

    from .conftest import Story

__all__ = ["apply", "the_booking"]


async def apply(story: Story, run: str, **options: Any) -> ApplyReport:
    """Apply a run, and look up unknown outcomes at once."""
    return await apply_bookings(story.store, run, target=story.books, **{"rest": 0, **options})


async def the_booking(story: Story, payment_id: str = "p1") -> Booking:
    """The booking of a payment."""
    found = await BookingJournal(story.store).read(BookingKey("notify", "default", payment_id))
    assert found is not None
    return found
