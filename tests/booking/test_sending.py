"""Sending one order, with every way in which it can end."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DuplicatePaymentError,
    InvoiceRef,
    NotFoundError,
    RateLimitedError,
    ServerError,
)
from paysdk.booking import BookingJournal, State, approve_plan, plan_bookings
from paysdk.booking.names import make_name
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing.booking import FakeBooks
from tests.booking.steps import apply, the_booking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from .conftest import Story

DAY = date(2026, 3, 2)


async def test_a_split_payment_is_one_booking(story: Story) -> None:
    """The server may book a payment as several whose sum is the amount."""
    story.books.splits = True
    story.add("A-1", "100.00")
    run = await story.approve()

    assert {State.BOOKED: 1} == (await apply(story, run)).states
    assert 2 == len((await the_booking(story)).payment_ids)


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


@pytest.mark.parametrize("synced", [True, False])
async def test_an_equal_payment_since_the_plan_may_have_any_day(
    each_story: Story, *, synced: bool
) -> None:
    """One that the plan knew, such as an instalment of another month, is something else."""
    story = each_story
    story.add("A-1", "60.00", total="300.00")
    first = next(iter(story.books.invoices))
    story.books.add_payment(first, Decimal("60.00"), date(2026, 1, 2))
    story.source.payments[0] = attrs.evolve(story.source.payments[0], payment_date=date(2026, 3, 2))
    story.pay("A-1", "60.00", total="300.00", payment_date=date(2026, 1, 2))
    run = await story.approve()
    by_hand = story.books.add_payment(first, Decimal("60.00"), date(2026, 11, 28))
    if synced:
        await story.sync()

    assert {State.REFUSED: 1} == (await apply(story, run)).states
    refused = await the_booking(story)
    assert ("possible_duplicate", True) == (refused.reason, "2026-11-28" in refused.sentence)
    story.books.change_payment(by_hand.id, voided=True)
    again = await story.approve()
    assert {State.BOOKED: 1} == (await apply(story, again)).states


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


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 11, 28)])
async def test_the_same_payment_of_an_agent_is_found_at_once(
    story: Story, monkeypatch: pytest.MonkeyPatch, day: date
) -> None:
    """An equal amount on either day stops the order, even if both would fit on the invoice."""
    story.add("A-1", "60.00", total="150.00")
    run = await story.approve()
    commit = FakeBooks._commit

    def late(books: FakeBooks, order: Any) -> list[str]:
        books.add_payment(order.invoice_id, order.amount, day)
        return commit(books, order)

    monkeypatch.setattr(FakeBooks, "_commit", late)

    assert {State.DIVERGED: 1} == (await apply(story, run)).states
    booking = await the_booking(story)
    assert ("possible_duplicate", ("2",)) == (booking.reason, booking.payment_ids)


async def test_an_order_without_an_outcome_still_takes_what_is_due(each_story: Story) -> None:
    """It may still be booked, so a second order must fit beside it."""
    story = each_story
    story.add("A-1", "40.00", total="100.00")
    story.pay("A-1", "60.00", total="100.00")
    recent = datetime.now(UTC).date()
    story.pay("A-1", "20.00", total="100.00", payment_date=recent)
    run = await story.approve()
    # Another store has booked the third payment.
    invoice = next(iter(story.books.invoices))
    story.books.add_payment(invoice, Decimal(20), recent, make_name("notify", "default", "p3"))
    story.books.faults = deque(["late"])

    report = await apply(story, run)
    plan = await plan_bookings(story.store, target=story.books)
    story.books.commit_late()

    assert {State.UNKNOWN: 1, State.REFUSED: 1} == report.states
    assert (
        "60.00, and 80.00 less 40.00 of other lines is due"
        in (await the_booking(story, "p2")).sentence
    )
    reasons = {line.payment_id: line.reason for line in plan.review}
    assert {"p1": "unknown", "p2": "above_due"} == reasons
    assert {State.BOOKED: 1, State.REFUSED: 1} == (await apply(story, run)).states


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


async def test_a_payment_that_came_during_the_plan_stops_a_line(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync stored it after the plan had compared the payments of its invoice."""
    story.add("A-1", "60.00", total="300.00")
    find_invoices = FakeBooks.find_invoices

    async def book_and_sync(books: FakeBooks, number: str) -> Any:
        books.add_payment(next(iter(books.invoices)), Decimal(60), date(2026, 1, 2))
        await story.sync()
        return await find_invoices(books, number)

    monkeypatch.setattr(FakeBooks, "find_invoices", book_and_sync)
    run = await story.approve()

    assert {State.REFUSED: 1} == (await apply(story, run)).states
    assert "possible_duplicate" == (await the_booking(story)).reason


async def test_a_new_payment_of_others_stops_a_line(each_story: Story) -> None:
    """It may be the sum of several of ours, or a part of one. The plan did not compare it."""
    story = each_story
    story.add("A-1", "60.00", total="300.00")
    story.pay("A-1", "40.00", total="300.00")
    run = await story.approve()
    by_agent = story.books.add_payment(next(iter(story.books.invoices)), Decimal(100), DAY)

    assert {State.REFUSED: 2} == (await apply(story, run)).states
    booking = await the_booking(story)
    assert "new_payments" == booking.reason
    assert "100 of 2026-03-02. Sync both accounts and make a new plan." in booking.sentence
    assert [by_agent] == [*story.books.payments.values()]
    story.books.change_payment(by_agent.id, voided=True)
    assert {State.BOOKED: 2} == (await apply(story, await story.approve())).states


async def test_an_order_does_not_follow_another_generation_of_it(each_story: Story) -> None:
    """A store that was restored from a backup does not know that a person ordered it again."""
    story = each_story
    story.add("A-1", "60.00", total="300.00")
    run = await story.approve()
    again = make_name("notify", "default", "p1", 2)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal("60.00"), DAY, again)

    assert {State.REFUSED: 1} == (await apply(story, run)).states
    booking = await the_booking(story)
    assert ("possible_duplicate", True) == (booking.reason, again in booking.sentence)


@pytest.mark.parametrize("change", ["vanished", "voided", "moved"])
async def test_a_payment_with_a_new_id_at_the_source_is_not_booked_again(
    each_story: Story, change: str
) -> None:
    """The source no longer has the payment that the equal one in the target is for."""
    story = each_story
    story.add("A-1", "60.00", total="300.00")
    await apply(story, await story.approve())
    if change == "moved":
        moved = attrs.evolve(story.source.payments[0].invoice, number="A-2")
        story.change("p1", invoice=moved)
    else:
        story.change("p1", voided=True)
    story.pay("A-1", "60.00", total="300.00")
    if change == "vanished":
        del story.source.payments[0]
    # The target is not synced again.
    await sync_payments(story.source, story.store, full=True, allow_vanish=True)
    plan = await plan_bookings(story.store, target=story.books, policy=story.policy)
    (line,) = plan.lines
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))

    assert {State.REFUSED: 1} == (await apply(story, plan.digest)).states
    assert "possible_duplicate" == (await the_booking(story, line.payment_id)).reason


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"currency": "USD"}, "The source now has the payment in USD instead of EUR."),
        (
            {"invoice": InvoiceRef("n-A-1", "A-1", Decimal(70), Decimal(10))},
            "The total of invoice A-1 in the source is now 70 instead of 60.00.",
        ),
        (
            {"invoice": InvoiceRef("n-A-1", "A-1", None, Decimal(10))},
            "The total of invoice A-1 in the source is now unknown instead of 60.00.",
        ),
    ],
)
async def test_what_showed_the_invoice_must_still_be_true(
    story: Story, fields: dict[str, Any], sentence: str
) -> None:
    """Equal totals in one currency showed which invoice it is."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.change("p1", **fields)
    await story.sync()

    assert {State.REFUSED: 1} == (await apply(story, run)).states
    booking = await the_booking(story)
    assert ("source_changed", sentence) == (booking.reason, booking.sentence)


@pytest.mark.parametrize("account", ["default", "second"])
async def test_an_open_order_for_the_same_money_stops_a_line(
    each_story: Story, account: str
) -> None:
    """The source gave the payment a new id, or another account of it has the payment, too.

    The open order may still be booked.
    """
    story = each_story
    story.add("A-1", "60.00", total="300.00")
    run = await story.approve()
    story.books.faults = deque(["late"])
    await apply(story, run)
    if account == "default":
        story.source.payments[0] = attrs.evolve(story.source.payments[0], id="p9")
    story.pay("A-1", "70.00", total="300.00")
    await sync_payments(story.source, story.store, account, full=True, allow_vanish=True)
    plan = await plan_bookings(
        story.store, target=story.books, policy=story.policy, source_account=account
    )
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(600))

    assert {State.BOOKED: 1, State.REFUSED: 1} == (await apply(story, plan.digest)).states
    (refused,) = await BookingJournal(story.store).read_run(plan.digest, {State.REFUSED})
    assert ("possible_duplicate", True) == (
        refused.reason,
        "An order of 60.00 for payment p1 of notify, account default" in refused.sentence,
    )
