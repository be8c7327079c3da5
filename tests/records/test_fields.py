"""The record that a payment looks its fields up in."""

from __future__ import annotations

import attrs

from paysdk.payment import Payment
from paysdk.records.fields import PaymentRecord
from tests.payments import REQUIRED


def test_record_has_defaults_for_what_is_not_sent() -> None:
    """A record has each field that a payment does not require, with the payment's default."""
    fields = attrs.fields(Payment)
    optional = [field.name for field in fields if field.default is not attrs.NOTHING and field.eq]
    assert [getattr(REQUIRED, name) for name in optional] == [
        getattr(PaymentRecord(), name) for name in optional
    ]
