"""What a booking's payments say after it was sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import InvoiceRef, Payment
from paysdk.booking.verifying import check_doubled, check_effect, check_overpaid
from tests.booking.values import INVOICE, LINE, paid

if TYPE_CHECKING:
    from paysdk.booking import BookingPolicy

BEFORE = attrs.evolve(INVOICE, due=Decimal(100), payments=())


def booked(amount: str, **fields: Any) -> Payment:
    """A payment of the invoice in the target, by default our own."""
    ours: dict[str, Any] = {"provider": "books", "id": "7", "external_id": LINE.external_id}
    return paid(amount=Decimal(amount), invoice=InvoiceRef("1", "A-1"), **{**ours, **fields})


OTHER = booked("20", id="8", external_id=None)


@pytest.mark.parametrize(
    ("due", "payments", "reason"),
    [
        ("50", [booked("50")], None),
        ("30", [booked("50"), OTHER], None),
        ("50", [booked("50"), attrs.evolve(OTHER, voided=True)], None),
        (None, [booked("50")], None),
        ("50", [booked("50", currency="eur")], None),
        ("50", [booked("50", currency="USD")], "edited_in_target"),
        ("40", [booked("60")], "booked_twice"),
        ("60", [booked("40")], "edited_in_target"),
        ("100", [], "vanished_in_target"),
        ("60", [booked("50")], "overpaid"),
        ("40", [booked("50")], "due_differs"),
    ],
)
def test_the_balance_must_fall_by_exactly_the_amount(
    due: str | None, payments: list[Payment], reason: str | None
) -> None:
    """Payments of others are counted, and a due that the target does not say proves nothing."""
    after = attrs.evolve(
        BEFORE, due=None if due is None else Decimal(due), payments=tuple(payments)
    )
    problem = check_effect(LINE, ["7"], BEFORE, after)

    assert reason == (problem and problem.reason)


@pytest.mark.parametrize(
    ("other", "before", "found"),
    [
        ({}, [], True),
        ({}, None, True),
        ({"voided": True}, [], False),
        ({"amount": Decimal(51)}, [], False),
        # One that was there is no news: the check before sending has judged it.
        ({}, [OTHER.id], False),
        # One that came meanwhile may have any day.
        ({"payment_date": date(2026, 11, 28)}, [], True),
        ({"payment_date": date(2026, 11, 28)}, None, False),
    ],
)
def test_nobody_else_may_book_the_same_meanwhile(
    policy: BookingPolicy, other: dict[str, Any], before: list[str] | None, *, found: bool
) -> None:
    """Our own payment may have lost its external id on the way."""
    own = booked("50", external_id=None)
    doubled = attrs.evolve(OTHER, **{"amount": Decimal(50), **other})
    after = attrs.evolve(BEFORE, payments=(own, doubled))

    assert found == (check_doubled(LINE, ["7"], before, after, policy) is not None)


@pytest.mark.parametrize(
    ("amounts", "before", "found"),
    [
        (["20", "30"], [], True),
        (["20", "30", "1"], [], True),
        (["20", "31"], [], False),
        (["20", "30"], ["o0"], False),
        # Without the payments that were there before, nothing is known of the rest.
        (["20", "30"], None, False),
    ],
    ids=str,
)
def test_nobody_else_may_book_the_same_in_parts(
    policy: BookingPolicy, amounts: list[str], before: list[str] | None, *, found: bool
) -> None:
    """An agent may split what it found in the bank feed."""
    others = [
        booked(amount, id=f"o{number}", external_id=None) for number, amount in enumerate(amounts)
    ]
    after = attrs.evolve(BEFORE, payments=(booked("50"), *others))

    problem = check_doubled(LINE, ["7"], before, after, policy)

    assert found == (problem is not None)
    assert not found or "o0 (20), o1 (30)" in str(problem)


def test_one_live_payment_is_named_as_one() -> None:
    """Several add up."""
    after = attrs.evolve(BEFORE, payments=(booked("40"),))

    problem = check_effect(LINE, ["7"], None, after)

    assert problem is not None
    assert "The live payment 7 is 40 instead of 50." == problem.sentence


@pytest.mark.parametrize(("total", "reason"), [("70", None), ("69.99", "overpaid"), (None, None)])
def test_an_invoice_must_not_be_overpaid(total: str | None, reason: str | None) -> None:
    """The payments of others count too."""
    invoice = attrs.evolve(
        BEFORE,
        total=None if total is None else Decimal(total),
        payments=(booked("50"), OTHER),
    )
    problem = check_overpaid(invoice)

    assert reason == (problem and problem.reason)
