"""What a booking's payments say after it was sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest

from paysdk import InvoiceRef, Payment
from paysdk.booking import BookingLine, TargetInvoice
from paysdk.booking.verifying import check_effect, check_overpaid

DAY = date(2026, 3, 2)
LINE = BookingLine(
    payment_id="p1",
    generation=1,
    number="A-1",
    amount=Decimal(50),
    currency="EUR",
    payment_date=DAY,
    external_id="paysdk:notify:default:p1",
    invoice_id="1",
    invoice_number="A-1",
    client_name=None,
    total=Decimal(100),
    balance=None,
    seen_due=Decimal(100),
    seen_status="open",
    due_after=Decimal(50),
    rule="",
)
BEFORE = TargetInvoice(
    id="1",
    number="A-1",
    entity="1",
    currency="EUR",
    status="open",
    is_payable=True,
    total=Decimal(100),
    due=Decimal(100),
    payments=(),
)


def paid(amount: str, **fields: Any) -> Payment:
    """A payment of the invoice, by default our own."""
    known: dict[str, Any] = {
        "provider": "books",
        "id": "7",
        "amount": Decimal(amount),
        "payment_date": DAY,
        "invoice": InvoiceRef("1", "A-1"),
        "external_id": LINE.external_id,
    }
    return Payment(**{**known, **fields})


OTHER = paid("20", id="8", external_id=None)


@pytest.mark.parametrize(
    ("due", "payments", "reason"),
    [
        ("50", [paid("50")], None),
        ("30", [paid("50"), OTHER], None),
        ("50", [paid("50"), attrs.evolve(OTHER, voided=True)], None),
        (None, [paid("50")], None),
        ("40", [paid("60")], "booked_twice"),
        ("60", [paid("40")], "edited_in_target"),
        ("100", [], "vanished_in_target"),
        ("60", [paid("50")], "overpaid"),
        ("40", [paid("50")], "due_differs"),
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


@pytest.mark.parametrize(("total", "reason"), [("70", None), ("69.99", "overpaid"), (None, None)])
def test_an_invoice_must_not_be_overpaid(total: str | None, reason: str | None) -> None:
    """The payments of others count too."""
    invoice = attrs.evolve(
        BEFORE,
        total=None if total is None else Decimal(total),
        payments=(paid("50"), OTHER),
    )
    problem = check_overpaid(invoice)

    assert reason == (problem and problem.reason)
