"""Tests of the marks of payments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.follow.marks import mark_content, mark_id, mark_version

PAYMENT = Payment(
    provider="acme",
    id="7",
    amount=Decimal("10.50"),
    currency="EUR",
    payment_date=date(2026, 1, 31),
    invoice=InvoiceRef("1", "INV-1", Decimal(100), Decimal("89.50")),
    customer=CustomerRef("2", "C-2", "Zoë \ud800"),
    external_id="x",
    source="STRIPE",
    created_at=datetime(2026, 1, 31, tzinfo=UTC),
    raw=b'{"a": [1, 2.50, null, true], "b": {"c": "d\\ud800"}}',
)

SAME: list[dict[str, Any]] = [
    {"amount": Decimal("10.5")},
    {"invoice": InvoiceRef("1", "INV-1", Decimal("1E+2"), Decimal("89.5000"))},
    {"raw": b'{"b": {"c": "d\\ud800"}, "a": [1.0, 25e-1, null, true]}'},
]
OTHER: list[dict[str, Any]] = [
    {"amount": Decimal("-10.50")},
    {"amount": Decimal(105)},
    {"amount": Decimal(0)},
    {"currency": None},
    {"payment_date": None},
    {"invoice": InvoiceRef("1", "INV-1", Decimal(100), Decimal("89.51"))},
    {"customer": None},
    {"customer": CustomerRef("2", "C-2", "Zoe")},
    {"external_id": ""},
    {"voided": True},
    {"created_at": datetime(2026, 1, 31, 1, tzinfo=UTC)},
    {"raw": b'{"a": [1, 2.50, null, true], "b": {"c": "e"}}'},
    {"raw": b'{"a": ["1", 2.50, null, true], "b": {"c": "d\\ud800"}}'},
    {"raw": b'{"a": [1, 2.50, null, 1], "b": {"c": "d\\ud800"}}'},
]


@pytest.mark.parametrize("fields", SAME, ids=str)
def test_same_content(fields: dict[str, Any]) -> None:
    """Another form of the same content has the same mark, and is another version."""
    other = attrs.evolve(PAYMENT, **{"raw": PAYMENT._raw, **fields})

    assert mark_content(PAYMENT) == mark_content(other)


@pytest.mark.parametrize("fields", OTHER, ids=str)
def test_other_content(fields: dict[str, Any]) -> None:
    """Each field, and the record as it was sent, has a part in the mark."""
    other = attrs.evolve(PAYMENT, **{"raw": PAYMENT._raw, **fields})

    assert mark_content(PAYMENT) != mark_content(other)
    assert mark_version(PAYMENT) != mark_version(other)


def test_zeros_are_equal() -> None:
    """Zero has one mark, whatever its sign and its digits."""
    zeros = [attrs.evolve(PAYMENT, amount=Decimal(text)) for text in ("0", "-0.00", "0E+9")]

    assert 1 == len({mark_content(each) for each in zeros})


def test_last_bit_is_the_void() -> None:
    """The last bit of the mark is set if the payment is voided."""
    assert [0, 1] == [
        mark_content(attrs.evolve(PAYMENT, voided=voided)) & 1 for voided in (False, True)
    ]


def test_mark_of_an_id() -> None:
    """The mark of an id is the same in each process, for any text."""
    payment = attrs.evolve(PAYMENT, id="\ud800")

    assert 16667848380713045890 == mark_id(PAYMENT)
    assert mark_id(payment) != mark_id(PAYMENT)
