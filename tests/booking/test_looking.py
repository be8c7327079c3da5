"""Looking up what came of orders whose outcome is not recorded."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.booking import BookingJournal, State, plan_bookings
from paysdk.testing.booking import FakeBooks
from tests.booking.steps import apply, the_booking

if TYPE_CHECKING:
    from .conftest import Story


@pytest.mark.parametrize("fault", ["lost", "timeout"])
async def test_an_unknown_order_is_looked_up_and_not_sent_again(story: Story, fault: Any) -> None:
    """It is booked if the look-up finds it, and otherwise it stays unknown for a person."""
    story.books.faults = deque([fault])
    story.add("A-1", "100.00")
    run = await story.approve()

    first = await apply(story, run)
    sooner = await apply(story, run, rest=1000)
    later = await apply(story, run)
    last = await apply(story, run)

    assert {State.UNKNOWN: 1} == first.states == sooner.states
    expected = State.BOOKED if fault == "lost" else State.UNKNOWN
    assert {expected: 1} == later.states == last.states
    assert (fault == "lost") == len(story.books.payments)
    assert (fault == "timeout") == last.for_a_person


async def test_a_plan_that_ends_early_frees_the_booking_that_it_looked_up(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another look-up may fail and cancel it. The next status must not find the booking held."""
    story.add("A-1", "100.00")
    await apply(story, await story.approve())
    story.books.change_payment("1", voided=True)

    async def end(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(BookingJournal, "move", end)
        with pytest.raises(asyncio.CancelledError):
            await plan_bookings(story.store, target=story.books, policy=story.policy)

    assert await BookingJournal(story.store).take(await the_booking(story)) is not None


async def test_a_late_order_is_adopted(story: Story) -> None:
    """The look-up finds it when it is booked at last."""
    story.books.faults = deque(["late"])
    story.add("A-1", "100.00")
    run = await story.approve()
    await apply(story, run)
    await apply(story, run)
    story.books.commit_late()

    assert {State.BOOKED: 1} == (await apply(story, run)).states
    assert 1 == len(story.books.payments)


async def test_a_draft_waits_for_a_person(story: Story) -> None:
    """When the draft is approved in the target, the look-up finds it."""
    story.books.faults = deque(["drafted"])
    story.add("A-1", "100.00")
    run = await story.approve()

    assert {State.DRAFTED: 1} == (await apply(story, run)).states
    assert {State.DRAFTED: 1} == (await apply(story, run)).states
    story.books.commit_late()
    assert {State.BOOKED: 1} == (await apply(story, run)).states
    assert 1 == len(story.books.payments)


async def test_a_worker_that_died_before_sending_is_replaced(story: Story) -> None:
    """It had sent nothing, so the line is approved again, and booked."""
    story.add("A-1", "60.00")
    run = await story.approve()
    dead = BookingJournal(story.store, lease=0.001)
    await dead.take(await the_booking(story), State.CLAIMED)
    await asyncio.sleep(0.01)

    assert {State.BOOKED: 1} == (await apply(story, run)).states
    assert [State.CLAIMED, State.APPROVED, State.CLAIMED] == [
        each.after for each in (await dead.history((await the_booking(story)).key))[2:5]
    ]


async def test_a_worker_that_died_while_sending_leaves_an_unknown_order(story: Story) -> None:
    """Nobody knows what came of it, so nothing is sent."""
    story.add("A-1", "60.00")
    run = await story.approve()
    dead = BookingJournal(story.store, lease=0.001)
    claimed = await dead.take(await the_booking(story), State.CLAIMED)
    assert claimed is not None
    await dead.move(claimed, State.SENT, keep=True)
    await asyncio.sleep(0.01)

    assert {State.UNKNOWN: 1} == (await apply(story, run)).states
    assert not story.books.payments


async def test_an_overpayment_is_found_by_the_look_up(story: Story) -> None:
    """An agent booked while the outcome of the order was unknown."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque(["lost"])
    await apply(story, run)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal(10), date(2026, 3, 2))

    assert {State.DIVERGED: 1} == (await apply(story, run)).states
    assert "add up to 70.00, and its total is 60.00" in (await the_booking(story)).sentence


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 11, 28)])
async def test_the_same_payment_of_an_agent_is_found_by_the_look_up(
    story: Story, day: date
) -> None:
    """An agent booked the same while the outcome of the order was unknown."""
    story.add("A-1", "60.00", total="150.00")
    run = await story.approve()
    story.books.faults = deque(["lost"])
    await apply(story, run)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal(60), day)

    assert {State.DIVERGED: 1} == (await apply(story, run)).states
    assert "possible_duplicate" == (await the_booking(story)).reason


async def test_an_instalment_that_comes_while_a_draft_waits_is_something_else(
    story: Story,
) -> None:
    """A draft may wait for weeks."""
    story.books.faults = deque(["drafted"])
    story.add("A-1", "60.00", total="150.00")
    run = await story.approve()
    await apply(story, run)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal(60), date(2026, 4, 2))
    story.books.commit_late()

    assert {State.BOOKED: 1} == (await apply(story, run)).states


class Terse(FakeBooks):
    """Books that respond to an order with ids only."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        return attrs.evolve(await super().book(order, before_sending), invoice=None)


async def test_a_payment_that_was_there_before_the_order_is_verified_later(story: Story) -> None:
    """Nothing was sent, so no step says which equal payments there were."""
    story.books = Terse()
    story.add("A-1", "60.00", total="150.00")
    run = await story.approve()
    line = (await the_booking(story)).line
    story.books.add_payment(line.invoice_id, line.amount, line.payment_date, line.external_id)

    first = await apply(story, run)
    found = await the_booking(story)
    await apply(story, run)

    assert {State.BOOKED: 1} == first.states
    assert [False, True] == [each.details["verified"] for each in (found, await the_booking(story))]
    assert 1 == len(story.books.payments)


@pytest.mark.parametrize("vanishes", [False, True])
async def test_a_booking_that_could_not_be_verified_is_verified_later(
    story: Story, *, vanishes: bool
) -> None:
    """The next call looks at the payments."""
    story.books = Terse()
    story.add("A-1", "60.00")
    run = await story.approve()
    await apply(story, run)
    first = await the_booking(story)
    if vanishes:
        story.books.payments.clear()

    await apply(story, run)

    assert (State.BOOKED, False) == (first.state, first.details["verified"])
    assert (State.DIVERGED if vanishes else State.BOOKED) is (await the_booking(story)).state


@pytest.mark.parametrize(
    ("amount", "reason"), [("70.00", "booked_twice"), ("50.00", "edited_in_target")]
)
async def test_a_look_up_that_finds_another_sum_diverges(
    story: Story, amount: str, reason: str
) -> None:
    """It is under the right external id, so it counts as this booking."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque(["lost"])
    await apply(story, run)
    story.books.change_payment("1", amount=Decimal(amount))

    assert {State.DIVERGED: 1} == (await apply(story, run)).states
    assert reason == (await the_booking(story)).reason


async def test_an_invoice_that_is_gone_says_nothing_about_an_order(story: Story) -> None:
    """The payments are listed by their external id too."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque(["timeout"])
    await apply(story, run)
    story.books.invoices.clear()

    assert {State.UNKNOWN: 1} == (await apply(story, run)).states
