"""Releasing orders and voids whose outcome is unknown."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.booking import (
    BookingJournal,
    State,
    apply_bookings,
    follow_bookings,
    release_booking,
    undo_bookings,
)
from tests.booking.steps import the_booking

if TYPE_CHECKING:
    from paysdk.booking import Booking

    from .conftest import Story


async def unknown(story: Story, fault: Any) -> tuple[str, Booking]:
    """An order whose outcome is unknown, and its run."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque([fault])
    await apply_bookings(story.store, run, target=story.books)
    return run, await the_booking(story)


async def open_void(story: Story, fault: Any) -> tuple[str, Booking]:
    """A booking whose void has no known outcome, and its run."""
    story.add("A-1", "60.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    story.books.faults = deque([fault])
    await undo(story, run)
    return run, await the_booking(story)


async def undo(story: Story, run: str) -> dict[State, int]:
    """Undo a run, and return its states."""
    report = await undo_bookings(
        story.store, run, target=story.books, by="Ann", reason="wrong account"
    )
    return dict(report.states)


async def release(story: Story, booking: Booking) -> Booking:
    """Release a booking for a reason."""
    return await release_booking(
        story.store, booking, target=story.books, by="Ann", reason="I asked them"
    )


async def test_a_released_order_is_sent_again(story: Story) -> None:
    """A person is certain that it will not be booked."""
    run, booking = await unknown(story, "timeout")

    released = await release(story, booking)

    assert State.APPROVED is released.state
    assert {"by": "Ann", "why": "I asked them"} == released.details
    assert {State.BOOKED: 1} == (await apply_bookings(story.store, run, target=story.books)).states


async def test_an_order_that_is_found_is_not_released(story: Story) -> None:
    """It is booked, and another release is refused."""
    _, booking = await unknown(story, "lost")

    found = await release(story, booking)

    assert State.BOOKED is found.state
    with pytest.raises(
        ConfigurationError,
        match=r"is booked\. Only one that is unknown, drafted or void_requested",
    ):
        await release(story, found)


async def test_an_order_that_another_worker_has_is_not_released(story: Story) -> None:
    """It may be found by that worker."""
    _, booking = await unknown(story, "timeout")
    await BookingJournal(story.store).take(booking)

    with pytest.raises(ConfigurationError, match="Another worker has the booking of payment p1"):
        await release(story, booking)


async def test_a_released_void_leaves_a_booked_payment(each_story: Story) -> None:
    """The next undo sends a void again that a person is certain will not be carried out."""
    story = each_story
    run, booking = await open_void(story, "timeout")
    requests = story.books.requests

    released = await release(story, booking)

    assert (State.VOID_REQUESTED, State.BOOKED) == (booking.state, released.state)
    assert {
        "by": "Ann",
        "why": "I asked them",
        "verified": True,
        "due": "0.00",
    } == released.details
    assert 2 == story.books.requests - requests, "it only reads"
    assert {State.VOIDED: 1} == await undo(story, run)


async def test_a_released_void_leaves_what_was_wrong_before(story: Story) -> None:
    """A payment that others booked too is still a duplicate after two voids that failed."""
    story.add("A-1", "60.00", total="200.00")
    run = await story.approve()
    story.books.faults = deque(["late"])
    await apply_bookings(story.store, run, target=story.books)
    line = (await the_booking(story)).line
    story.books.add_payment(line.invoice_id, line.amount, line.payment_date)
    story.books.commit_late()
    await apply_bookings(story.store, run, target=story.books, rest=0)
    diverged = await the_booking(story)
    for fault in ("refused", "timeout"):
        story.books.faults = deque([fault])
        await undo(story, run)

    released = await release(story, await the_booking(story))

    assert (State.DIVERGED, "possible_duplicate") == (diverged.state, diverged.reason)
    assert (State.DIVERGED, diverged.reason) == (released.state, released.reason)
    assert diverged.sentence == released.sentence


async def test_the_next_sync_judges_what_a_sync_found_before_the_void(story: Story) -> None:
    """So the divergence can still end with a later sync."""
    story.add("A-1", "60.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    story.change("p1", amount=Decimal("61.00"))
    await story.sync()
    await follow_bookings(story.store)
    story.books.faults = deque(["timeout"])
    await undo(story, run)

    released = await release(story, await the_booking(story))
    await follow_bookings(story.store)

    followed = await the_booking(story)
    assert State.BOOKED is released.state
    assert (State.DIVERGED, "source_changed") == (followed.state, followed.reason)


async def test_a_void_that_was_carried_out_is_not_released(story: Story) -> None:
    """The booking is voided."""
    _, booking = await open_void(story, "timeout")
    for payment_id in booking.payment_ids:
        story.books.change_payment(payment_id, voided_date=booking.line.payment_date)

    assert State.VOIDED is (await release(story, booking)).state


@pytest.mark.parametrize("change", ["edited_in_target", "vanished_in_target"])
async def test_a_payment_that_changed_during_its_void_has_diverged(
    story: Story, change: str
) -> None:
    """A person must decide about it."""
    _, booking = await open_void(story, "timeout")
    if change == "edited_in_target":
        story.books.change_payment(booking.payment_ids[0], amount=Decimal("59.00"))
    else:
        story.books.payments.clear()

    released = await release(story, booking)

    assert (State.DIVERGED, change) == (released.state, released.reason)
