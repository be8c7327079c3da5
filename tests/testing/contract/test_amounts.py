"""Amounts are found in what was sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from paysdk import InvoiceRef, Payment
from paysdk.testing.contract.amounts import Amounts


def sent(amount: str, raw: object, number: int = 0) -> Payment:
    """Make a payment with this *raw*."""
    return Payment(
        provider="x",
        id=str(number),
        amount=Decimal(amount),
        invoice=InvoiceRef(id="invoice"),
        raw=raw,
    )


@pytest.mark.parametrize(
    ("amount", "raw", "expected"),
    [
        ("10.50", {"amount": "10.50"}, [(("amount",), 0)]),
        ("10.50", {"amount": {"value": Decimal("10.50")}, "id": 7}, [(("amount", "value"), 0)]),
        ("10.50", {"cents": 1050, "other": ["1050"]}, [(("cents",), 2)]),
        ("10", {"yen": 10, "paid": True, "note": "NaN"}, [(("yen",), 0)]),
        ("0.00", {"amount": 0}, [(("amount",), 0)]),
        ("10.50", {"amount": "11.50"}, []),
    ],
)
def test_finds_amounts(amount: str, raw: object, expected: list[Any]) -> None:
    """An amount is found as a number, as text, or in minor units, at any path."""
    payment = sent(amount, raw)
    assert expected == [
        (place.path, place.minor_digits) for place in Amounts([payment]).places(payment)
    ]


def test_tells_amounts_from_what_is_equal_by_chance() -> None:
    """Other fields that equal the amount by chance are not taken for it."""
    payments = [
        sent("1", {"id": 1, "fee": 0, "minor": 100}, number=1),
        sent("2", {"id": 2, "fee": 5, "minor": 200}, number=2),
        sent("0", {"id": 3, "fee": 0, "minor": 0}, number=3),
        sent("400", {"id": 4, "fee": 7, "minor": 400}, number=4),
    ]
    amounts = Amounts(payments)
    assert [[(("minor",), digits, True)] for digits in (2, 2, 0, 0)] == [
        [(place.path, place.minor_digits, place.whole) for place in amounts.places(payment)]
        for payment in payments
    ]


def test_finds_an_amount_that_is_sent_twice() -> None:
    """A total beside its only line is found in most payments, and both are changed."""
    payments = [
        sent(
            "1.5",
            {"total": Decimal("1.5"), "fee": Decimal("0.5"), "lines": [{"sum": Decimal("1.5")}]},
            1,
        ),
        sent(
            "2.5",
            {"total": Decimal("2.5"), "fee": Decimal("2.5"), "lines": [{"sum": Decimal("2.5")}]},
            2,
        ),
        sent("0", {"total": Decimal(0), "fee": Decimal(1), "lines": []}, 3),
    ]
    amounts = Amounts(payments)
    both = [("total",), ("lines", 0, "sum")]
    assert [both, both, [("total",)]] == [
        [place.path for place in amounts.places(payment)] for payment in payments
    ]
    assert "lines[].sum, total" == amounts.describe_places()
