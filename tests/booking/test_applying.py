"""Applying a plan: its lines, its workers, and what stops it."""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.booking import BookingJournal, PlanRefusedError, State
from paysdk.sync import StoreError
from tests.booking.steps import apply, the_booking

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.booking import Booking

    from .conftest import Story


async def test_each_line_is_booked_once(each_story: Story) -> None:
    """The balance falls by the amount, and a second call books nothing more."""
    story = each_story
    story.add("A-1", "100.00")
    story.add("A-2", "60.00", total="100.00")
    story.pay("A-2", "40.00", total="100.00")
    run = await story.approve()
    seen: list[Booking] = []

    report = await apply(story, run, on_booking=seen.append)
    again = await apply(story, run)

    assert ({State.BOOKED: 3}, 0, 0) == (report.states, report.left, report.for_a_person)
    assert again == report
    assert [State.BOOKED] * 3 == [each.state for each in seen]
    assert {
        ("paysdk:notify:default:p1", Decimal("100.00")),
        ("paysdk:notify:default:p2", Decimal("60.00")),
        ("paysdk:notify:default:p3", Decimal("40.00")),
    } == {(each.external_id, each.amount) for each in story.books.payments.values()}


async def test_several_workers_book_each_line_once(each_story: Story) -> None:
    """They share the lines among them."""
    story = each_story
    for number in range(6):
        story.add(f"A-{number}", "100.00")
    run = await story.approve()

    await asyncio.gather(*(apply(story, run) for _ in range(3)))

    assert {State.BOOKED: 6} == (await apply(story, run)).states
    assert 6 == len(story.books.payments)


async def test_failures_in_a_row_stop_the_run(story: Story) -> None:
    """The rest stays approved, and a later call continues."""
    for number in range(5):
        story.add(f"A-{number}", "100.00")
    run = await story.approve()
    story.books.faults = deque(["down", "refused", None, "down", "down"])

    report = await apply(story, run, stop_after=2)

    assert "2 lines in a row failed, so the run stopped. The order was refused." == report.stopped
    assert {State.APPROVED: 4, State.REFUSED: 1} == report.states
    story.books.faults.clear()
    assert {State.BOOKED: 4, State.REFUSED: 1} == (await apply(story, run)).states


async def test_an_outage_during_the_look_up_stops_the_run(story: Story) -> None:
    """Nothing is sent while an earlier order cannot be looked up."""
    story.add("A-1", "100.00")
    run = await story.approve()
    story.books.faults = deque(["timeout"])
    await apply(story, run)
    story.books.reads_fail = True

    report = await apply(story, run)

    assert "The books cannot be reached." == report.stopped
    assert {State.UNKNOWN: 1} == report.states
    story.books.reads_fail = False
    assert report.states == (await apply(story, run)).states


async def test_a_line_that_another_worker_has_is_left_alone(story: Story) -> None:
    """The same holds for an order whose outcome that worker looks up."""
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    run = await story.approve()
    await BookingJournal(story.store).take(await the_booking(story, "p2"))
    story.books.faults = deque(["timeout"])
    first = await apply(story, run)
    await BookingJournal(story.store).take(await the_booking(story, "p1"))

    second = await apply(story, run)

    assert {State.APPROVED: 1, State.UNKNOWN: 1} == first.states == second.states
    assert not story.books.payments


async def test_a_plan_that_nobody_approved_is_not_applied(story: Story) -> None:
    """The same holds for a plan that the store does not know, or of another target."""
    story.add("A-1", "60.00")
    plan = await story.plan()

    with pytest.raises(PlanRefusedError, match="is not approved"):
        await apply(story, plan.digest)
    with pytest.raises(PlanRefusedError, match="The store has no plan 012345"):
        await apply(story, "0123456789abcdef")
    story.books.name = "others"
    with pytest.raises(PlanRefusedError, match="is for books, not for others"):
        await apply(story, plan.digest)
    assert not story.books.payments


async def test_an_old_plan_is_not_applied(story: Story, hours_later: Callable[[int], None]) -> None:
    """What was sent before is still looked up."""
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    run = await story.approve()
    story.books.faults = deque(["lost", "down"])
    await apply(story, run)
    hours_later(25)

    with pytest.raises(PlanRefusedError, match="a plan is valid for 24 hours"):
        await apply(story, run)

    assert State.BOOKED is (await the_booking(story, "p1")).state
    assert State.APPROVED is (await the_booking(story, "p2")).state


async def test_a_database_that_fails_stops_the_run(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report says so, and the next call continues."""
    for number in range(3):
        story.add(f"A-{number}", "60.00")
    run = await story.approve()
    move = BookingJournal.move

    async def fail(
        journal: BookingJournal, booking: Booking, to: State, *more: Any, **rest: Any
    ) -> Any:
        if to is State.BOOKED and booking.key.payment_id == "p2":
            raise StoreError("The disk is full.")
        return await move(journal, booking, to, *more, **rest)

    monkeypatch.setattr(BookingJournal, "move", fail)
    report = await apply(story, run)
    monkeypatch.setattr(BookingJournal, "move", move)

    assert {State.APPROVED: 1, State.BOOKED: 1, State.SENT: 1} == report.states
    assert "The run stopped, because the database failed. The disk is full." == report.stopped
    async with story.store._database.transaction(writes=True) as connection:
        await connection.exec_driver_sql("UPDATE paysdk_bookings SET leased_until = 0")
    assert {State.BOOKED: 3} == (await apply(story, run)).states
    assert 3 == len(story.books.payments)
