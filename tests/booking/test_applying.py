"""Applying a plan, with every way in which an order can end."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DuplicatePaymentError,
    NotFoundError,
    RateLimitedError,
    ServerError,
)
from paysdk.booking import BookingJournal, BookingKey, PlanRefusedError, State, apply_bookings
from paysdk.sync import SQLPaymentStore
from paysdk.testing.booking import FakeBooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from paysdk.booking import ApplyReport, Booking

    from .conftest import Story


async def apply(story: Story, run: str, **options: Any) -> ApplyReport:
    """Apply a run, and look up unknown outcomes at once."""
    return await apply_bookings(story.store, run, target=story.books, **{"rest": 0, **options})


async def the_booking(story: Story, payment_id: str = "p1") -> Booking:
    """The booking of a payment."""
    found = await BookingJournal(story.store).read(BookingKey("notify", "default", payment_id))
    assert found is not None
    return found


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


async def test_a_split_payment_is_one_booking(story: Story) -> None:
    """The server may book a payment as several whose sum is the amount."""
    story.books.splits = True
    story.add("A-1", "100.00")
    run = await story.approve()

    assert {State.BOOKED: 1} == (await apply(story, run)).states
    assert 2 == len((await the_booking(story)).payment_ids)


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


@pytest.mark.parametrize(
    ("amount", "day", "reason"),
    [("40.00", date(2025, 1, 1), "above_due"), ("60.00", date(2026, 3, 4), "possible_duplicate")],
)
async def test_what_an_agent_booked_meanwhile_is_seen(
    story: Story, amount: str, day: date, reason: str
) -> None:
    """The check before sending refuses the line."""
    story.add("A-1", "60.00")
    invoice = story.books.add_invoice("A-2", Decimal("120.00"))
    story.pay("A-2", "60.00", total="120.00")
    run = await story.approve()
    first = next(iter(story.books.invoices))
    where = first if reason == "above_due" else invoice.id
    story.books.add_payment(where, Decimal(amount), day)

    report = await apply(story, run)

    assert {State.BOOKED: 1, State.REFUSED: 1} == report.states
    refused = "p1" if reason == "above_due" else "p2"
    assert reason == (await the_booking(story, refused)).reason


async def test_an_overpayment_is_found_at_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that books between the check and the order cannot be kept out."""
    story.add("A-1", "60.00")
    run = await story.approve()
    commit = FakeBooks._commit

    def late(books: FakeBooks, order: Any) -> list[str]:
        books.add_payment(order.invoice_id, Decimal("10.00"), date(2026, 3, 2))
        return commit(books, order)

    monkeypatch.setattr(FakeBooks, "_commit", late)

    assert {State.DIVERGED: 1} == (await apply(story, run)).states
    booking = await the_booking(story)
    assert ("overpaid", ("2",)) == (booking.reason, booking.payment_ids)
    assert "The target made a credit memo" in booking.sentence


async def test_a_payment_that_changed_at_the_source_is_not_booked(story: Story) -> None:
    """The line says what was approved, and the source now says something else."""
    for number in range(3):
        story.add(f"A-{number}", "60.00")
    story.add("A-4", "60.00", voided=False)
    run = await story.approve()
    story.change("p1", amount=Decimal("61.00"))
    story.change("p2", voided=True)
    del story.source.payments[2]
    await story.sync()

    report = await apply(story, run)

    assert {State.BOOKED: 1, State.REFUSED: 3} == report.states
    assert ["source_changed", "source_voided", "source_vanished"] == [
        (await the_booking(story, f"p{number}")).reason for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("status", ["voided", "paid", "uncollectible", "draft"])
async def test_an_invoice_that_was_closed_meanwhile_gets_no_payment(
    story: Story, status: str
) -> None:
    """The check before sending sees its status."""
    story.add("A-1", "60.00")
    run = await story.approve()
    (invoice_id,) = story.books.invoices
    story.books.invoices[invoice_id] = attrs.evolve(
        story.books.invoices[invoice_id], status=status, is_payable=False
    )

    assert {State.REFUSED: 1} == (await apply(story, run)).states
    booking = await the_booking(story)
    assert ("not_payable", True) == (booking.reason, status in booking.sentence)
    assert not story.books.payments


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


class Stalling(FakeBooks):
    """Books that stall at one request, while another worker takes the booking over."""

    take_over: Callable[[], Awaitable[object]]
    at: str

    async def find_payments(self, order: Any) -> Any:
        if self.at == "look":
            await self.take_over()
        return await super().find_payments(order)

    async def book(self, order: Any, before_sending: Any) -> Any:
        if self.at == "check":
            await self.take_over()
        booked = await super().book(order, before_sending)
        if self.at == "send":
            await self.take_over()
        return booked


@pytest.mark.parametrize(
    ("at", "state"),
    [("check", State.CLAIMED), ("send", State.SENT), ("look", State.UNKNOWN)],
)
async def test_a_worker_that_stalled_leaves_the_line_to_its_successor(
    story: Story, at: str, state: State
) -> None:
    """It records nothing, and it sends nothing after that."""
    story.add("A-1", "60.00")
    run = await story.approve()
    if at == "look":
        story.books.faults = deque(["timeout"])
        await apply(story, run)

    async def take_over() -> None:
        await asyncio.sleep(0.01)
        await BookingJournal(story.store).take(await the_booking(story))

    books = Stalling(invoices=story.books.invoices)
    books.take_over, books.at = take_over, at
    story.books = books

    report = await apply(story, run, lease=0.001)

    assert ({state: 1}, None) == (report.states, report.stopped)
    assert (at == "send") == len(books.payments)


async def test_an_order_that_a_person_voided_is_not_sent_again(story: Story) -> None:
    """The target has voided it under the same external id."""
    story.add("A-1", "60.00")
    run = await story.approve()
    invoice = next(iter(story.books.invoices))
    payment = story.books.add_payment(
        invoice, Decimal("60.00"), date(2026, 3, 2), "paysdk:notify:default:p1"
    )
    story.books.change_payment(payment.id, voided_date=date(2026, 3, 3))

    assert {State.REFUSED: 1} == (await apply(story, run)).states
    assert "The order was booked and voided." == (await the_booking(story)).sentence


async def test_an_overpayment_is_found_by_the_look_up(story: Story) -> None:
    """An agent booked while the outcome of the order was unknown."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque(["lost"])
    await apply(story, run)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal(10), date(2026, 3, 2))

    assert {State.DIVERGED: 1} == (await apply(story, run)).states
    assert "add up to 70.00, and its total is 60.00" in (await the_booking(story)).sentence


class Failing(FakeBooks):
    """Books whose orders fail with an error, before or after the last check."""

    error: BaseException
    sends = True

    async def book(self, order: Any, before_sending: Any) -> Any:
        if self.sends:
            await before_sending(await self.retrieve_invoice(order.invoice_id))
        raise self.error


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        (ServerError("down", status=503), State.APPROVED, State.UNKNOWN),
        (AuthenticationError("key", status=401), State.APPROVED, State.APPROVED),
        (RateLimitedError("slow", status=429), State.APPROVED, State.APPROVED),
        (ConnectionFailedError("cut"), State.APPROVED, State.UNKNOWN),
        (NotFoundError("gone", status=404), State.REFUSED, State.REFUSED),
        (ConfigurationError("wrong"), State.REFUSED, State.REFUSED),
        (DuplicatePaymentError("may be"), State.REFUSED, State.REFUSED),
        (
            DuplicatePaymentError("twice", payment_ids=("8", "9"), sent=True),
            State.DIVERGED,
            State.DIVERGED,
        ),
        (asyncio.CancelledError(), State.APPROVED, State.UNKNOWN),
        (ZeroDivisionError(), State.APPROVED, State.UNKNOWN),
    ],
    ids=repr,
)
@pytest.mark.parametrize("sends", [False, True])
async def test_an_error_says_whether_anything_may_be_booked(
    story: Story, error: BaseException, before: State, after: State, *, sends: bool
) -> None:
    """Only a line that certainly was not booked is approved again."""
    books = Failing()
    books.error, books.sends = error, sends
    story.books = books
    story.add("A-1", "60.00")
    run = await story.approve()

    # A PaysdkError is in the report.
    await asyncio.gather(apply(story, run), return_exceptions=True)

    assert (after if sends else before) is (await the_booking(story)).state


async def test_a_booked_payment_whose_record_was_lost_is_found(story: Story) -> None:
    """The external id is booked already, so nothing is sent."""
    story.add("A-1", "60.00")
    run = await story.approve()
    invoice = next(iter(story.books.invoices))
    story.books.add_payment(invoice, Decimal("60.00"), date(2026, 3, 2), "paysdk:notify:default:p1")

    assert {State.BOOKED: 1} == (await apply(story, run)).states
    assert ("found", ("1",)) == (
        (await the_booking(story)).reason,
        (await the_booking(story)).payment_ids,
    )
    assert 1 == len(story.books.payments)


class Terse(FakeBooks):
    """Books that respond to an order with ids only."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        return attrs.evolve(await super().book(order, before_sending), invoice=None)


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


async def test_the_external_id_finds_what_was_booked_with_another_store(
    story: Story, make_story: Callable[[SQLPaymentStore], Story], tmp_path: Path
) -> None:
    """Two operators without a shared store still book a payment once, one after the other."""
    story.add("A-1", "60.00")
    run = await story.approve()
    async with SQLPaymentStore(tmp_path / "others.db") as store:
        other = make_story(store)
        other.source, other.books = story.source, story.books
        second = await other.approve()
        await apply(story, run)

        assert {State.BOOKED: 1} == (await apply(other, second)).states
    assert 1 == len(story.books.payments)


async def test_a_plan_that_nobody_approved_is_not_applied(story: Story) -> None:
    """The same holds for a plan that the store does not know, or of another target."""
    story.add("A-1", "60.00")
    plan = await story.plan()

    with pytest.raises(PlanRefusedError, match="Nobody has approved the plan"):
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


async def test_a_newer_plan_takes_the_lines_of_an_older_one(story: Story) -> None:
    """The older approval is no longer valid for them."""
    story.add("A-1", "60.00")
    older = await story.approve()
    newer = await story.approve()

    assert {} == (await apply(story, older)).states
    assert {State.BOOKED: 1} == (await apply(story, newer)).states
