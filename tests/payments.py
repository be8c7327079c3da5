"""Payments for the tests of the record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.records.fields import make_payment

__all__ = ["REQUIRED", "WHOLE", "payment", "read"]


WHOLE: dict[str, Any] = {
    "provider": "campfire",
    "id": "123",
    "amount": Decimal("100.10"),
    "currency": "EUR",
    "payment_date": date(2026, 1, 2),
    "invoice": InvoiceRef("7", "INV-7", Decimal("480.00"), Decimal("379.90")),
    "customer": CustomerRef("3", "10003", "Creditparters B.V."),
    "external_id": "btxn_1",
    "source": "STRIPE",
    "voided_date": date(2026, 1, 3),
    "voided": True,
    "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "modified_at": datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC),
    "raw": b'{"id":123,"amount":100.10}',
}


REQUIRED = Payment(provider="other", id="1", amount=Decimal(1), invoice=InvoiceRef("2"))


def payment(**fields: Any) -> Payment:  # noqa: ANN401  # anything may be given
    """Make a payment with every field set."""
    return Payment(**WHOLE | fields)


def read(fields: dict[str, Any]) -> Payment:
    """Make a payment as the providers make it."""
    return make_payment(SimpleNamespace(**fields))
