"""The record that a payment looks its fields up in, and the fast constructors."""

from __future__ import annotations

from decimal import Decimal

import attrs

from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.records.fields import PaymentRecord, make_customer_ref, make_invoice_ref
from tests.payments import REQUIRED


def test_fast_constructors_make_what_the_constructors_make() -> None:
    """A reference that a provider makes equals the one that a user makes."""
    total, balance = Decimal("480.00"), Decimal("379.90")
    assert InvoiceRef("7", "INV-7", total, balance) == make_invoice_ref(
        "7", "INV-7", total, balance
    )
    assert InvoiceRef("7") == make_invoice_ref("7")
    assert CustomerRef("3", "10003", "B.V.") == make_customer_ref("3", "10003", "B.V.")
    assert CustomerRef() == make_customer_ref()


def test_record_has_defaults_for_what_is_not_sent() -> None:
    """A record has each field that a payment does not require, with the payment's default."""
    fields = attrs.fields(Payment)
    optional = [field.name for field in fields if field.default is not attrs.NOTHING and field.eq]
    assert [getattr(REQUIRED, name) for name in optional] == [
        getattr(PaymentRecord(), name) for name in optional
    ]
