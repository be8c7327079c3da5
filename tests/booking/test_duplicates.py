"""Payments and orders that may be for the same money as a booking."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest

from paysdk.booking import BookingKey
from paysdk.booking.duplicates import check_open, check_similar
from tests.booking.values import BOOKING, DAY, LINE, paid


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, True),
        ({"payment_date": None}, True),
        ({"payment_date": date(2026, 4, 1)}, False),
        ({"amount": Decimal(51)}, False),
        ({"voided": True}, False),
        ({"external_id": "paysdk:notify:default:p2"}, False),
        ({"external_id": "paysdk:notify:second:p2"}, True),
        ({"external_id": "paysdk:notify:default:p1"}, False),
        # Another booking of the same payment is the same money.
        ({"external_id": "paysdk:notify:default:p1:g2", "amount": Decimal(1)}, True),
        ({"external_id": "paysdk:notify:default:p1:g2", "voided": True}, False),
    ],
    ids=str,
)
def test_an_equal_payment_near_it_may_be_the_same(fields: dict[str, Any], *, found: bool) -> None:
    """One that paysdk booked for another payment of the same account is something else."""
    problem = check_similar("paysdk:notify:default:p1", Decimal(50), DAY, [paid(**fields)], days=7)

    assert found == (problem is not None)


@pytest.mark.parametrize(("name", "found"), [("paysdk:notify:second:p2", True), (None, False)])
def test_a_payment_that_the_target_has_split_is_one(name: str | None, *, found: bool) -> None:
    """Its parts have one external id."""
    parts = [paid(id=part, amount=Decimal(25), external_id=name) for part in "12"]

    problem = check_similar("paysdk:notify:default:p1", Decimal(50), DAY, parts, days=7)

    assert found == (problem is not None)


def test_a_payment_of_the_account_that_the_source_lacks_may_be_the_same() -> None:
    """The source may have given the payment a new id."""
    other = paid(external_id="paysdk:notify:default:p2")

    for ours, found in ((None, False), ({"paysdk:notify:default:p2"}, False), (set(), True)):
        problem = check_similar(
            "paysdk:notify:default:p1", Decimal(50), DAY, [other], days=7, ours=ours
        )
        assert found == (problem is not None)


@pytest.mark.parametrize(
    ("key", "line", "found"),
    [
        (("notify", "default", "p1", 2), {"amount": Decimal(1), "invoice_id": "9"}, True),
        (("notify", "default", "p2"), {}, True),
        (("notify", "default", "p3"), {}, False),
        (("notify", "second", "p3"), {}, True),
        (("notify", "default", "p2"), {"amount": Decimal(51)}, False),
        (("notify", "default", "p2"), {"invoice_id": "9"}, False),
    ],
)
def test_an_order_without_a_known_outcome_may_be_the_same(
    key: tuple[Any, ...], line: dict[str, Any], *, found: bool
) -> None:
    """An equal one of a payment that the source still has is something else."""
    other = attrs.evolve(BOOKING, key=BookingKey(*key), line=attrs.evolve(LINE, **line))

    assert found == (check_open(BOOKING, [other], {"p3"}) is not None)
