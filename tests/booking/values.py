"""A line of a plan, its invoice, its booking, and payments of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from paysdk import InvoiceRef, Payment
from paysdk.booking import Booking, BookingKey, BookingLine, State, TargetInvoice

__all__ = ["BOOKING", "DAY", "INVOICE", "LINE", "paid"]

DAY = date(2026, 3, 2)
INVOICE = TargetInvoice(
    id="1",
    number="A-1",
    entity="1",
    currency="EUR",
    status="open",
    is_payable=True,
    total=Decimal(100),
    due=Decimal(60),
)
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
    seen_due=Decimal(60),
    seen_status="open",
    due_after=Decimal(10),
    rule="",
)
BOOKING = Booking(
    key=BookingKey("notify", "default", "p1"),
    target="books",
    target_account="default",
    run="r",
    state=State.CLAIMED,
    step=3,
    fence=1,
    line=LINE,
    payment_ids=(),
    details={},
    since=datetime(2026, 3, 2, tzinfo=UTC),
)


def paid(**fields: Any) -> Payment:
    """A payment of the line at the source, or with these fields."""
    known: dict[str, Any] = {
        "provider": "notify",
        "id": "p1",
        "amount": Decimal(50),
        "payment_date": DAY,
        "invoice": InvoiceRef("n1", "A-1", Decimal(100), Decimal(50)),
    }
    return Payment(**{**known, **fields})
