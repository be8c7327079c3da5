"""The journal of bookings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError
from paysdk.booking import (
    BookingJournal,
    BookingKey,
    BookingTakenError,
    InvalidStepError,
    State,
)

if TYPE_CHECKING:
    from paysdk.booking import Booking
    from paysdk.sync import SQLPaymentStore

    from .conftest import Story


async def approved(story: Story) -> Booking:
    """An approved booking."""
    story.add("A-1", "60.00")
    await story.approve()
    found = await BookingJournal(story.store).read(BookingKey("notify", "default", "p1"))
    assert found is not None
    return found


async def test_only_one_worker_takes_a_booking(each_story: Story) -> None:
    """The others get nothing, also if they all try at once."""
    booking = await approved(each_story)
    journal = BookingJournal(each_story.store)

    taken = await asyncio.gather(*(journal.take(booking, State.CLAIMED) for _ in range(5)))

    assert 1 == len([each for each in taken if each is not None])
    now = await journal.read(booking.key)
    assert now is not None
    assert await journal.take(now) is None


async def test_a_worker_that_stalled_writes_nothing_more(each_story: Story) -> None:
    """Its lease has run out, and another worker has the booking."""
    booking = await approved(each_story)
    journal = BookingJournal(each_story.store, lease=0.001)
    slow = await journal.take(booking, State.CLAIMED)
    assert slow is not None
    await asyncio.sleep(0.01)

    fast = await journal.take(slow)

    assert fast is not None
    with pytest.raises(BookingTakenError, match="this one stalled for longer than its lease"):
        await journal.move(slow, State.SENT)
    assert State.SENT is (await journal.move(fast, State.SENT)).state


async def test_a_booking_that_changed_since_it_was_read_is_not_taken(each_story: Story) -> None:
    """Its details may have changed also if its state and its fence did not."""
    booking = await approved(each_story)
    journal = BookingJournal(each_story.store)
    taken = await journal.take(booking, State.CLAIMED)
    assert taken is not None
    sent = await journal.move(taken, State.SENT, keep=True)
    before = await journal.move(sent, State.UNKNOWN, keep=True)
    now = await journal.move(before, State.UNKNOWN)

    assert await journal.take(before) is None
    assert await journal.take(now) is not None


async def test_each_step_is_in_the_history(story: Story) -> None:
    """A step that cannot follow is refused, and changes nothing."""
    booking = await approved(story)
    journal = BookingJournal(story.store)
    taken = await journal.take(booking)
    assert taken is not None

    with pytest.raises(InvalidStepError):
        await journal.move(taken, State.VOIDED)
    moved = await journal.move(taken, State.SKIPPED, {"why": "n\u00f6"})

    history = await journal.history(booking.key)
    assert [State.PROPOSED, State.APPROVED, State.SKIPPED] == [each.after for each in history]
    assert [1, 2, 3] == [each.step for each in history]
    assert {"why": "n\u00f6"} == history[-1].details
    assert moved == await journal.read(booking.key)


async def test_bookings_are_read_in_batches(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comes once."""
    monkeypatch.setattr("paysdk.booking.journal._BATCH_PAYMENTS", 2)
    for number in range(5):
        story.add(f"A-{number}", "60.00")
    await story.plan()
    journal = BookingJournal(story.store)
    after, seen = None, []

    while batch := await journal.read_batch("notify", "default", after):
        seen += [each.key.payment_id for each in batch]
        after = seen[-1]

    assert ["p1", "p2", "p3", "p4", "p5"] == seen
    assert await journal.read(BookingKey("notify", "default", "p9")) is None


def test_a_journal_needs_a_store() -> None:
    """Anything else is refused."""
    store: SQLPaymentStore = "payments.db"  # type: ignore[assignment]  # what a user may pass

    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        BookingJournal(store)
