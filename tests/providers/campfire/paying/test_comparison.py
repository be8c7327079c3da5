"""Comparing an item of an order with payments."""

from __future__ import annotations

from decimal import Decimal

import pytest

from paysdk.payment import InvoiceRef, Payment
from paysdk.providers.campfire.paying.comparison import has_kind_and_day, select_by_amount
from paysdk.providers.campfire.paying.order import ExpectedPayment

ITEM = ExpectedPayment("empty_transactions", Decimal("10.00"))


def payment(amount: str = "10.00", **raw: object) -> Payment:
    """A payment that shows these fields."""
    return Payment(
        provider="campfire", id="1", amount=Decimal(amount), invoice=InvoiceRef("7"), raw=raw
    )


@pytest.mark.parametrize(
    ("payment_type", "expected"),
    [
        ("manual_transaction", True),
        ("Manual Transaction", True),
        ("CASH", True),
        (None, True),
        ("credit memo", False),
    ],
)
def test_a_payment_type_that_no_document_has(payment_type: str | None, expected: bool) -> None:
    """An unknown type fits any kind, and a known one is recognised in any case."""
    assert expected is has_kind_and_day(ITEM, payment(payment_type=payment_type))


def test_many_payments_are_not_added_up() -> None:
    """Only the sums of twelve payments are tried, so a long list takes no more time."""
    pieces = [payment("1.00") for _ in range(30)]
    assert pieces == select_by_amount(pieces, Decimal("12.00"))
    assert [] == select_by_amount(pieces, Decimal("13.00"))
