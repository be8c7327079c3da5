"""Comparing an item of an order with payments."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import pytest

from paysdk.payment import InvoiceRef, Payment
from paysdk.providers.campfire.paying.comparison import (
    add_up,
    has_kind_and_day,
    is_surplus,
    select_by_amount,
)
from paysdk.providers.campfire.paying.order import ExpectedPayment, PayOrder

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


@pytest.mark.parametrize("precision", [2, 28])
def test_sums_keep_all_digits(precision: int) -> None:
    """Sums are exact, whatever precision the program of the user has set for decimals."""
    large = "1" + "0" * 30 + ".01"
    found = [payment("900.04"), payment("133.33")]
    longer = [payment(large), payment("0.01")]
    order = PayOrder(
        b"", tuple(ExpectedPayment("empty_transactions", each.amount) for each in found)
    )
    with localcontext(Context(prec=precision)):
        assert Decimal("1033.37") == order.total == add_up(found)
        assert "1" + "0" * 30 + ".02" == str(add_up(longer))
        assert found == select_by_amount(found, Decimal("1033.37"))
        assert [] == select_by_amount(found, Decimal(1000))
        assert is_surplus([payment("900.04")] * 2, [Decimal("900.04")])
        assert not is_surplus(found, [Decimal("1033.37")])
