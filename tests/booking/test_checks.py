"""The checks before a payment is booked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.booking import PaymentEffect
from paysdk.booking.checks import (
    check_amount,
    check_invoice,
    check_invoices,
    check_payment,
    check_preview,
    find_wait,
    recheck,
)
from tests.booking.values import DAY, INVOICE, LINE, paid

if TYPE_CHECKING:
    from paysdk.booking import BookingPolicy


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 12, 31), "before_since"),
        (date(2026, 3, 3), "too_recent"),
        (DAY, None),
        (None, None),
    ],
    ids=str,
)
def test_a_payment_waits_until_it_has_settled(
    policy: BookingPolicy, day: date | None, expected: str | None
) -> None:
    """Payments from before the first day are left alone."""
    assert expected == find_wait(paid(payment_date=day), policy, date(2026, 3, 5))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"currency": "eur"}, None),
        ({"payment_date": None}, "no_date"),
        ({"amount": Decimal(-1)}, "not_positive"),
        ({"currency": "USD"}, "other_currency"),
        ({"amount": Decimal("5000.01")}, "above_limit"),
        ({"amount": Decimal("1E+2000")}, "above_limit"),
        ({"amount": Decimal("0.01")}, None),
        ({"amount": Decimal("0.0100")}, None),
        ({"amount": Decimal("0.001")}, "too_fine"),
    ],
    ids=str,
)
def test_what_the_source_says_is_checked(
    policy: BookingPolicy, fields: dict[str, Any], reason: str | None
) -> None:
    """A refund is no payment, and the policy has a limit."""
    problem = check_payment(paid(**fields), policy)

    assert reason == (problem and problem.reason)


def test_exactly_one_invoice_must_have_the_number() -> None:
    """Several are shown, and none is chosen."""
    other = attrs.evolve(INVOICE, id="2", total=None, due=None, client_name="Bob")
    none, several = check_invoices("A-1", []), check_invoices("A-1", [INVOICE, other])

    assert none is not None
    assert several is not None
    assert check_invoices("A-1", [INVOICE]) is None
    assert ("no_invoice", "several_invoices") == (none.reason, several.reason)
    assert "invoice 2, entity 1, Bob, status open, total unknown, due unknown" in str(
        several.nearest
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"entity": "2"}, "other_entity"),
        ({"entity": None}, "other_entity"),
        ({"currency": "USD"}, "other_currency"),
        ({"currency": None}, "other_currency"),
        ({"is_payable": False}, "not_payable"),
        ({"total": Decimal("100.01")}, "totals_differ"),
        ({"total": None}, "totals_differ"),
    ],
    ids=str,
)
def test_the_invoice_must_be_the_same_in_both_systems(
    policy: BookingPolicy, fields: dict[str, Any], reason: str | None
) -> None:
    """Equal totals show that it is the same invoice."""
    problem = check_invoice(attrs.evolve(INVOICE, **fields), Decimal(100), policy)

    assert reason == (problem and problem.reason)


@pytest.mark.parametrize(
    ("total", "expected"),
    [(Decimal("112.50"), "which is +12.50"), (Decimal(95), "which is -5")],
)
def test_totals_that_differ_are_shown_with_the_difference(
    policy: BookingPolicy, total: Decimal, expected: str
) -> None:
    """A collection fee makes the source's total larger."""
    problem = check_invoice(INVOICE, total, policy)

    assert problem is not None
    assert f"total is 100 in the target and {total} in the source" in problem.sentence
    assert expected in problem.sentence
    assert "invoice 1, entity 1" in str(problem.nearest)


@pytest.mark.parametrize(
    ("amount", "planned", "due", "reason"),
    [
        ("60", "0", "60", None),
        ("60.01", "0", "60", "above_due"),
        ("50", "20", "60", "above_due"),
        ("50", "0", None, "due_unknown"),
    ],
)
def test_an_amount_must_be_within_what_is_due(
    amount: str, planned: str, due: str | None, reason: str | None
) -> None:
    """Other payments of the plan count too."""
    invoice = attrs.evolve(INVOICE, due=None if due is None else Decimal(due))
    problem = check_amount(Decimal(amount), invoice, Decimal(planned))

    assert reason == (problem and problem.reason)


@pytest.mark.parametrize(
    ("after", "discount", "reason"),
    [
        ("10", "0", None),
        ("9", "1", "term_discount"),
        ("9", "0", "preview_differs"),
    ],
)
def test_the_preview_must_agree(after: str, discount: str, reason: str | None) -> None:
    """An early-payment discount shows there."""
    effect = PaymentEffect(due_after=Decimal(after), discount=Decimal(discount))
    problem = check_preview(Decimal(50), Decimal(60), effect)

    assert reason == (problem and problem.reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"number": "A-2"}, "other_number"),
        ({"entity": "2"}, "other_entity"),
        ({"due": Decimal(49)}, "above_due"),
        ({"payments": (paid(),)}, "possible_duplicate"),
    ],
    ids=str,
)
def test_a_line_is_checked_once_more_before_its_order_is_sent(
    policy: BookingPolicy, fields: dict[str, Any], reason: str | None
) -> None:
    """The invoice may have changed since the plan was made."""
    problem = recheck(LINE, attrs.evolve(INVOICE, **fields), policy)

    assert reason == (problem and problem.reason)
