"""Comparing what is due in both systems."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk import InvoiceRef
from paysdk.booking import Balance, apply_bookings, compare_balances

if TYPE_CHECKING:
    from .conftest import Story

DAY = date(2026, 3, 2)


async def test_each_invoice_of_the_source_is_compared(story: Story) -> None:
    """One that is missing, double or unclear is not called equal, and the others are left out."""
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    run = await story.approve(leave_out=["p2"])
    await apply_bookings(story.store, run, target=story.books)
    story.pay("A-3", "5.00", total="5.00")
    story.pay("A-4", "5.00", total="5.00")
    for _ in range(2):
        story.books.add_invoice("A-4", Decimal("5.00"))
    story.add("A-5", "1.00", total="5.00")
    story.pay("A-5", "2.00", total="5.00", invoice=InvoiceRef("n-A-5", "A-5", None, Decimal(2)))
    story.books.add_invoice("A-6", Decimal(1))
    story.pay("", "2.00", total="5.00", invoice=InvoiceRef("n", None))
    await story.sync()

    found = [each async for each in compare_balances(story.store, target=story.books)]

    zero = Decimal(0)
    assert [
        Balance(number="A-1", source=zero, target=zero, reason="equal", currency="EUR"),
        Balance(number="A-2", source=zero, target=Decimal(60), reason="differs", currency="EUR"),
        Balance(number="A-3", source=zero, target=None, reason="no_invoice", currency="EUR"),
        Balance(number="A-4", source=zero, target=None, reason="several_invoices", currency="EUR"),
        Balance(number="A-5", source=None, target=Decimal(5), reason="unclear", currency="EUR"),
    ] == found
    assert [True, False] == [each.is_equal for each in found[:2]]


async def test_an_invoice_that_was_paid_twice_is_not_called_equal(story: Story) -> None:
    """Nothing is due on it, because the target holds the rest as a credit.

    A customer who paid twice has two payments in both systems.
    """
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    story.pay("A-2", "60.00", total="60.00")
    story.pay("A-2", "60.00", total="60.00", voided=True)
    one, other = story.books.invoices
    for invoice in (one, one, other, other):
        story.books.add_payment(invoice, Decimal("60.00"), DAY)
    await story.sync()

    found = [each async for each in compare_balances(story.store, target=story.books)]

    assert ["overpaid", "equal"] == [each.reason for each in found]
    story.books.change_payment("1", voided_date=DAY)
    await story.sync()
    found = [each async for each in compare_balances(story.store, target=story.books)]
    assert ["equal", "equal"] == [each.reason for each in found]


async def test_an_invoice_that_was_voided_is_not_called_equal(story: Story) -> None:
    """Nothing is due on a voided invoice, and nothing on one that was paid."""
    story.pay("A-1", "60.00", total="60.00")
    story.books.add_invoice("A-1", Decimal(0), status="voided")
    await story.sync()

    found = [each async for each in compare_balances(story.store, target=story.books)]

    assert [("voided", Decimal(0), Decimal(0))] == [
        (each.reason, each.source, each.target) for each in found
    ]


async def test_the_numbers_are_taken_as_they_are_without_a_policy(story: Story) -> None:
    """No plan was made yet."""
    story.add("A-1", "60.00")
    await story.sync()

    found = [each async for each in compare_balances(story.store, target=story.books)]

    assert ["differs"] == [each.reason for each in found]


async def test_an_invoice_that_the_policy_is_not_for_is_not_called_equal(story: Story) -> None:
    """An equal figure of another company, or in another currency, says nothing."""
    for number in ("A-1", "A-2"):
        story.pay(number, "60.00", total="60.00", payment_date=date(2025, 3, 2))
    story.books.add_invoice("A-1", Decimal(0), entity="2")
    in_dollars = story.books.add_invoice("A-2", Decimal(0))
    story.books.invoices[in_dollars.id] = attrs.evolve(in_dollars, currency="USD")
    await story.plan()

    found = [each async for each in compare_balances(story.store, target=story.books)]

    zero = Decimal(0)
    assert [
        Balance(number="A-1", source=zero, target=zero, reason="other_entity", currency="EUR"),
        Balance(number="A-2", source=zero, target=zero, reason="other_currency", currency="USD"),
    ] == found


async def test_two_invoices_of_the_source_under_one_number_are_not_called_equal(
    story: Story,
) -> None:
    """The target's invoice may be either of them."""
    for invoice_id in ("n1", "n2"):
        ref = InvoiceRef(invoice_id, "A-1", Decimal(60), Decimal(0))
        story.pay("A-1", "60.00", total="60.00", invoice=ref)
    story.books.add_invoice("A-1", Decimal(0))
    await story.sync()

    found = [each async for each in compare_balances(story.store, target=story.books)]

    assert ["several_invoices"] == [each.reason for each in found]
