"""What differs between two versions of a payment."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import CustomerRef, InvoiceRef
from paysdk.sync.changes import ChangeKind, classify_change, diff_fields, is_older

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import Payment

    Make = Callable[..., Payment]

DAY = date(2025, 2, 1)


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({}, {}, ()),
        ({"amount": Decimal("1.0")}, {"amount": Decimal("1.00")}, ()),
        ({}, {"amount": Decimal(2), "voided_date": DAY}, ("amount", "voided_date", "voided")),
        (
            {},
            {"invoice": InvoiceRef("9", "INV-0000", Decimal(1), Decimal(0))},
            ("invoice.id", "invoice.total", "invoice.balance"),
        ),
        ({}, {"customer": CustomerRef("1")}, ("customer",)),
        ({"customer": CustomerRef("1")}, {}, ("customer",)),
        (
            {"customer": CustomerRef("1", "a", "A")},
            {"customer": CustomerRef("1", "b", "B")},
            ("customer.number", "customer.name"),
        ),
        ({"raw": {"a": 1}}, {"raw": {"a": 2}}, ("raw",)),
        ({"raw": {"a": 1}}, {"raw": {"a": 2}, "source": "X"}, ("source",)),
        ({"raw": b'{"a":1,"b":1}'}, {"raw": b'{"b": 1.0, "a": 1}'}, ()),
    ],
)
def test_each_difference_has_a_name(
    make: Make, before: dict[str, Any], after: dict[str, Any], fields: tuple[str, ...]
) -> None:
    """The name is a field, a part of a field, or raw if paysdk has no field for it."""
    assert fields == diff_fields(make(1, **before), make(1, **after))


@pytest.mark.parametrize(
    ("before", "after", "had_vanished", "kind"),
    [
        (None, None, False, "changed"),
        (None, DAY, False, "voided"),
        (DAY, DAY, False, "changed"),
        (DAY, None, False, "changed"),
        (None, DAY, True, "returned"),
    ],
)
def test_kinds_of_change(
    make: Make, before: date | None, after: date | None, kind: ChangeKind, *, had_vanished: bool
) -> None:
    """A payment that had vanished has returned, whatever else changed."""
    assert kind == classify_change(
        make(1, voided_date=before), make(1, voided_date=after), had_vanished=had_vanished
    )


def test_payment_may_be_voided_without_a_day(make: Make) -> None:
    """A void without a day is a void, and a day that follows is a change."""
    paid, voided, dated = make(1), make(1, voided=True), make(1, voided_date=DAY)
    assert ("voided", ("voided",)) == (
        classify_change(paid, voided, had_vanished=False),
        diff_fields(paid, voided),
    )
    assert ("changed", ("voided_date",)) == (
        classify_change(voided, dated, had_vanished=False),
        diff_fields(voided, dated),
    )


@pytest.mark.parametrize(
    ("minute", "known", "older"),
    [(1, 2, True), (2, 2, False), (3, 2, False), (None, 2, False), (1, None, False)],
)
def test_the_older_version_was_modified_earlier(
    make: Make, minute: int | None, known: int | None, *, older: bool
) -> None:
    """Without both times of modification, neither version counts as older."""
    assert older == is_older(make(1, minute), make(1, known))
