"""Making a plan."""

from __future__ import annotations

from collections import deque
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import ConfigurationError, ConnectionFailedError, InvoiceRef
from paysdk.booking import (
    BookingAccount,
    BookingCapabilities,
    BookingJournal,
    State,
    apply_bookings,
    plan_bookings,
    read_latest_plan,
    undo_bookings,
)
from paysdk.booking.planning import _Planner
from paysdk.sync import sync_payments
from tests.booking.conftest import Source
from tests.booking.steps import the_booking

if TYPE_CHECKING:
    from paysdk.booking import BookingPlan

    from .conftest import Story

DAY = date(2026, 3, 2)


def reasons(plan: BookingPlan) -> dict[str, str]:
    """Why each payment is for review."""
    return {line.payment_id: line.reason for line in plan.review}


async def test_only_a_payment_without_a_counterpart_is_proposed(story: Story) -> None:
    """Every other difference is for review with its reason, and nothing is booked."""
    story.add("A-1", "100.00")
    story.add("A-2", "100.00")
    story.add("A-3", "100.00")
    story.add("A-4", "100.00")
    ids = list(story.books.invoices)
    story.books.add_payment(ids[1], Decimal("100.00"), date(2026, 3, 2))
    story.books.add_payment(ids[2], Decimal("99.00"), date(2026, 3, 2))
    story.books.add_payment(ids[3], Decimal("100.00"), date(2025, 3, 2))
    story.books.add_invoice("A-5", Decimal(1))
    story.books.add_payment(list(story.books.invoices)[-1], Decimal(1), date(2026, 3, 2))
    requests = len(story.books.payments)

    plan = await story.plan()

    assert ["p1"] == [line.payment_id for line in plan.lines]
    assert {"p3": "only_pair", "p4": "out_of_window"} == reasons(plan)
    assert {"only_in_target": 2} == plan.left_out
    assert requests == len(story.books.payments)
    line = plan.lines[0]
    assert (Decimal("100.00"), Decimal("0.00"), "paysdk:notify:default:p1") == (
        line.seen_due,
        line.due_after,
        line.external_id,
    )


async def test_what_fails_a_check_is_for_review(story: Story) -> None:
    """The payments of one invoice are checked together."""
    story.add("A-1", "60.00", total="100.00")
    story.pay("A-1", "60.00", total="100.00")
    story.pay("A-2", "5.00", total="5.00")
    story.add("A-3", "10.00", payment_date=None)
    story.add("A-4", "10.00", payment_date=date(2025, 1, 1))
    story.pay("A-5", "5.00", total="5.00", invoice=InvoiceRef("n5", None))

    plan = await story.plan()

    assert ["p1"] == [line.payment_id for line in plan.lines]
    expected = {"p2": "above_due", "p3": "no_invoice", "p4": "no_date", "p6": "no_number"}
    assert expected == reasons(plan)
    assert {"before_since": 1} == plan.left_out


@pytest.mark.parametrize(
    ("number", "amount", "reason", "nearest"),
    [
        # A collection fee is in the payment, or in the source's invoice too.
        ("A-100", "112.50", "above_due", "invoice 1000"),
        # One payment for two invoices.
        ("A-100", "150.00", "above_due", "invoice 1000"),
        # The number is nearly right: case, zeros, prefix, and another one.
        ("a-100", "100.00", "no_invoice", "number A-100, invoice 1000"),
        ("A-00100", "100.00", "no_invoice", "number A-100, invoice 1000"),
        ("INV-A-100", "100.00", "no_invoice", "number A-100, invoice 1000"),
        ("A-101", "100.00", "no_invoice", None),
        # Two invoices have the number.
        ("A-200", "20.00", "several_invoices", "invoice 1001"),
        # A refund.
        ("A-100", "-5.00", "not_positive", None),
    ],
)
async def test_what_is_never_guessed_is_shown_with_what_fits_best(
    story: Story, number: str, amount: str, reason: str, nearest: str | None
) -> None:
    """The line for review has the reason, and nothing is proposed."""
    story.books.add_invoice("A-100", Decimal("100.00"))
    for _ in range(2):
        story.books.add_invoice("A-200", Decimal("20.00"))
    story.pay(number, amount, total="20.00" if number == "A-200" else "100.00")

    plan = await story.plan()

    assert ((), {"p1": reason}) == (plan.lines, reasons(plan))
    shown = plan.review[0].nearest
    assert (shown or "").find(nearest or "") >= 0
    assert (nearest is None) == (shown is None)


async def test_a_discount_or_a_write_off_is_shown_and_not_booked(story: Story) -> None:
    """The plan names the invoice on which the systems differ, and books the payment as it is."""
    story.add("A-1", "98.00", total="100.00")
    story.add("A-2", "60.00", total="100.00")
    story.pay("A-2", "40.00", total="100.00")
    story.add("A-3", "1.00", total="2.00", invoice=InvoiceRef("n", "A-3", Decimal("2.00"), None))

    plan = await story.plan()

    assert [Decimal(2), Decimal(40), Decimal(0), Decimal(1)] == [
        line.due_after for line in plan.lines
    ]
    assert [("A-1", Decimal(2), Decimal(0))] == [
        (line.number, line.due_after, line.balance) for line in plan.disagreements
    ]


async def test_a_preview_that_differs_is_for_review(story: Story) -> None:
    """A target without previews is not asked."""
    story.add("A-1", "60.00")
    story.books.discount = Decimal(1)

    assert {"p1": "term_discount"} == reasons(await story.plan())
    story.books.capabilities = BookingCapabilities(previews=False, voids=True)
    assert [None] == [line.due_after for line in (await story.plan()).lines]


async def test_the_policy_is_kept_in_the_store(story: Story) -> None:
    """Without one, the error suggests an account."""
    story.add("A-1", "60.00")
    await story.sync()

    with pytest.raises(ConfigurationError, match=r"There is no policy(?!.*clearing)"):
        await plan_bookings(story.store, target=story.books)
    story.books.clearing = BookingAccount(id=9, name="1090")
    with pytest.raises(ConfigurationError, match=r"suggests the clearing account 9 \(1090\)"):
        await plan_bookings(story.store, target=story.books)
    await story.plan()
    assert story.policy == (await plan_bookings(story.store, target=story.books)).policy


async def test_numbers_are_mapped_by_the_policy(story: Story) -> None:
    """A number without the prefix has no counterpart."""
    story.books.add_invoice("INV-7", Decimal(5))
    story.pay("N-7", "5.00", total="5.00")
    story.pay("7", "5.00", total="5.00")
    story.policy = attrs.evolve(story.policy, strip_prefix="N-", number_prefix="INV-")

    plan = await story.plan()

    assert [("N-7", "INV-7")] == [(line.number, line.invoice_number) for line in plan.lines]
    assert {"p2": "no_number"} == reasons(plan)


async def test_a_booking_that_exists_is_not_proposed_again(story: Story) -> None:
    """What needs a person is for review."""
    for number in range(4):
        story.add(f"A-{number}", "60.00")
    run = await story.approve()
    story.books.faults = deque([None, "timeout", "drafted", None])
    await apply_bookings(story.store, run, target=story.books)
    # As a plan sees it that is made before the next sync of the target.
    plan = await plan_bookings(story.store, target=story.books)

    assert () == plan.lines
    assert {"p2": "unknown", "p3": "drafted"} == reasons(plan)
    assert {"booked": 2} == plan.left_out


async def test_a_voided_booking_is_proposed_again_on_order_only(story: Story) -> None:
    """It gets a new generation."""
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    await undo_bookings(story.store, run, target=story.books, by="Ann", reason="wrong")

    early = await plan_bookings(story.store, target=story.books)
    plan = await story.plan()
    ordered = await story.plan(rebook=["p1"])

    assert {"p1": "voided", "p2": "voided"} == reasons(early)
    assert {"p1": "counterpart_voided", "p2": "counterpart_voided"} == reasons(plan)
    assert "To book it again, order that in a plan: --rebook p1" in plan.review[0].sentence
    assert [("p1", 2)] == [(line.payment_id, line.generation) for line in ordered.lines]


async def test_a_booked_payment_that_no_sync_has_seen_is_looked_up(story: Story) -> None:
    """If somebody has deleted it, it is for review, and a person may order to book it again."""
    for number in range(3):
        story.add(f"A-{number}", "60.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    journal = BookingJournal(story.store)
    held, gone, _ = await journal.read_run(run)
    del story.books.payments[gone.payment_ids[0]]
    del story.books.payments[held.payment_ids[0]]
    assert await journal.take(held)

    plan = await plan_bookings(story.store, target=story.books, by="Ann")

    assert {gone.key.payment_id: "diverged"} == reasons(plan)
    assert {"booked": 2} == plan.left_out
    found = await journal.read(gone.key)
    assert found is not None
    assert ("vanished_in_target", "Ann") == (found.reason, found.details["by"])
    again = await story.plan(rebook=[gone.key.payment_id])
    assert [2] == [line.generation for line in again.lines]


async def test_a_booked_payment_that_was_deleted_may_have_another_counterpart(story: Story) -> None:
    """A person has deleted it before a sync saw it, and booked the same money."""
    story.add("A-1", "60.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    booked = await the_booking(story)
    line = booked.line
    story.books.add_payment(line.invoice_id, line.amount, line.payment_date)
    del story.books.payments[booked.payment_ids[0]]

    plan = await story.plan()

    booking = await the_booking(story)
    assert ({}, ()) == (reasons(plan), plan.lines)
    assert (State.DIVERGED, "vanished_in_target") == (booking.state, booking.reason)


async def test_a_payment_is_booked_in_one_target_only(story: Story) -> None:
    """Another target is for review."""
    story.add("A-1", "60.00")
    await story.plan()
    story.books.name = "others"

    assert {"p1": "other_target"} == reasons(await story.plan())


async def test_a_line_that_is_being_booked_is_left_out(story: Story) -> None:
    """Another worker has it."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque(["timeout"])
    await apply_bookings(story.store, run, target=story.books)
    async with story.store._database.transaction(writes=True) as connection:
        await connection.exec_driver_sql("UPDATE paysdk_bookings SET state = 'sent'")

    plan = await story.plan()

    assert ((), (), {"in_progress": 1}) == (plan.lines, plan.review, plan.left_out)


async def test_an_outage_stores_no_plan(story: Story) -> None:
    """The error of the look-up is raised."""
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    story.books.reads_fail = True

    with pytest.raises(ConnectionFailedError):
        await story.plan()


async def test_many_invoices_are_looked_up_in_batches(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are in the order of the numbers."""
    monkeypatch.setattr("paysdk.booking.planning._BATCH", 2)
    for number in range(5):
        story.add(f"A-{number}", "6.00", total="12.00")
        story.pay(f"A-{number}", "6.00", total="12.00")

    plan = await story.plan()

    assert sorted(line.number for line in plan.lines) == [line.number for line in plan.lines]
    assert 10 == len(plan.lines)


async def test_a_plan_needs_complete_copies_of_two_accounts(story: Story) -> None:
    """Nothing is stored, because a payment that was not read would look as if it were missing."""
    story.add("A-1", "60.00")
    for provider in (story.source, Source("books", [])):
        with pytest.raises(ConfigurationError, match=f"no complete copy of {provider.name}"):
            await plan_bookings(story.store, target=story.books, policy=story.policy)
        await sync_payments(provider, story.store)

    with pytest.raises(ConfigurationError, match="are both books, account default"):
        await plan_bookings(story.store, source="books", target=story.books, policy=story.policy)
    with pytest.raises(ConfigurationError, match="no payment p7, p9 to book again"):
        await story.plan(rebook=["p9", "p1", "p7"])
    assert await read_latest_plan(story.store, target="books") is None


async def test_what_was_checked_is_counted(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command shows so how far it is."""
    monkeypatch.setattr("paysdk.booking.planning._BATCH", 2)
    for number in range(3):
        story.add(f"A-{number}", "6.00")
    counts: list[int] = []

    await story.plan(on_checked=counts.append)

    assert [2, 1] == counts


async def test_a_booking_that_no_longer_agrees_is_for_review(story: Story) -> None:
    """Its payment moved to another invoice at the source, and no status was asked for since."""
    story.add("A-1", "60.00")
    story.books.add_invoice("A-2", Decimal("60.00"))
    await apply_bookings(story.store, await story.approve(), target=story.books)
    moved = attrs.evolve(story.source.payments[0].invoice, number="A-2")
    story.change("p1", invoice=moved)

    plan = await story.plan()

    assert ({"p1": "diverged"}, ()) == (reasons(plan), plan.lines)
    assert {"only_in_target": 1} == plan.left_out


async def test_a_payment_whose_counterpart_others_voided_is_booked_again(story: Story) -> None:
    """A person orders it. It gets an external id of its own, although paysdk never booked it."""
    story.add("A-1", "60.00")
    by_hand = story.books.add_payment(next(iter(story.books.invoices)), Decimal(60), DAY)
    story.books.change_payment(by_hand.id, voided=True)
    assert {"p1": "counterpart_voided"} == reasons(await story.plan())

    (line,) = (await story.plan(rebook=["p1"])).lines

    assert (2, "paysdk:notify:default:p1:g2") == (line.generation, line.external_id)
    (line,) = (await story.plan(rebook=["p1"])).lines
    assert 2 == line.generation


async def test_a_payment_is_not_booked_again_beside_one_without_a_counterpart(story: Story) -> None:
    """An agent may have booked the same money since the void, on a day that is far away."""
    story.add("A-1", "60.00", total="120.00")
    by_hand = story.books.add_payment(next(iter(story.books.invoices)), Decimal(60), DAY)
    story.books.change_payment(by_hand.id, voided=True)
    late = date(2026, 4, 2)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal("60.00"), late)

    plan = await story.plan(rebook=["p1"])

    assert ({"p1": "possible_duplicate"}, ()) == (reasons(plan), plan.lines)
    assert "60.00 of 2026-04-02, books payment 2" == plan.review[0].nearest


async def test_payments_that_only_the_target_has_are_not_kept_in_memory(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be millions of them, and only those of a candidate's invoice are needed."""
    for number in range(4):
        story.books.add_invoice(f"A-{number}", Decimal(60))
    for invoice in story.books.invoices:
        story.books.add_payment(invoice, Decimal(60), DAY)
    story.add("A-5", "60.00")
    kept: list[int] = []
    check_groups = _Planner._check_groups

    async def count(planner: _Planner, groups: Any) -> None:
        kept.append(len(planner.others))
        await check_groups(planner, groups)

    monkeypatch.setattr(_Planner, "_check_groups", count)
    plan = await story.plan()

    assert ({"only_in_target": 4}, 1) == (plan.left_out, len(plan.lines))
    assert [0] == kept


async def test_a_payment_beside_unclear_ones_is_not_booked(story: Story) -> None:
    """One of them may be its counterpart, with another amount."""
    story.add("A-1", "20.00", total="100.00")
    story.pay("A-1", "19.00", total="100.00")
    for amount in ("5.00", "15.00", "20.00"):
        story.books.add_payment(next(iter(story.books.invoices)), Decimal(amount), date(2026, 3, 3))

    plan = await story.plan()

    assert {"p1": "split_unclear", "p2": "possible_duplicate"} == reasons(plan)
    assert () == plan.lines


@pytest.mark.parametrize(("left_out", "generation"), [(["p1"], 2), ([], 1)])
async def test_a_line_that_may_still_be_sent_keeps_its_external_id(
    story: Story, left_out: list[str], generation: int
) -> None:
    """Two external ids of one payment could both be booked."""
    story.add("A-1", "60.00")
    await story.approve(leave_out=left_out)
    by_hand = story.books.add_payment(next(iter(story.books.invoices)), Decimal(60), DAY)
    story.books.change_payment(by_hand.id, voided=True)

    (line,) = (await story.plan(rebook=["p1"])).lines

    assert generation == line.generation


async def test_two_invoices_of_the_source_under_one_number_are_for_review(story: Story) -> None:
    """The target has one of them. A vanished payment makes no difference."""
    story.books.add_invoice("A-1", Decimal(100))
    for invoice_id, number in (("n1", "A-1"), ("n2", "A-1"), ("n3", None)):
        ref = InvoiceRef(invoice_id, number, Decimal(100), Decimal(50))
        story.pay("A-1", "50.00", total="100.00", invoice=ref)

    plan = await story.plan()

    assert ((), {"p1": "several_invoices", "p2": "several_invoices", "p3": "no_number"}) == (
        plan.lines,
        reasons(plan),
    )
    del story.source.payments[0]
    assert ["p2"] == [line.payment_id for line in (await story.plan()).lines]


@pytest.mark.parametrize(
    ("payment_id", "day", "expected"),
    [
        ("p2", DAY, {"p2": "booked_for_another_account"}),
        # The account is in the store under two names.
        ("p1", DAY, {}),
        ("p2", date(2025, 3, 2), {}),
    ],
)
async def test_a_match_that_was_booked_for_another_account_is_for_review(
    story: Story, payment_id: str, day: date, expected: dict[str, str]
) -> None:
    """Both accounts have an invoice with this number, and only one of them is in the target."""
    story.add("A-1", "60.00", payment_date=day)
    story.books.add_payment("1000", Decimal("60.00"), day, "paysdk:notify:default:p1")
    other = attrs.evolve(story.source.payments[0], id=payment_id)
    await sync_payments(Source("notify", [other]), story.store, "acme", full=True)

    plan = await story.plan(source_account="acme")

    assert ((), expected) == (plan.lines, reasons(plan))
