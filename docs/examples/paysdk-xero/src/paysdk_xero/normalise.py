"""What each field of a ``Payment`` is at Xero: a class with a line for each field."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from paysdk.authoring import Amount, CustomerRef, FieldError, InvoiceRef, PaymentRecord, converted
from paysdk_xero.schema import Contact, Invoice

_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-]0000)?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_date(sent: object, _path: str) -> datetime:
    """Read ``/Date(1573755038314+0000)/``: milliseconds since 1970, in UTC."""
    found = _DATE.fullmatch(sent) if isinstance(sent, str) else None
    try:
        if found is not None:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        pass
    raise ValueError(f"Expected /Date(milliseconds+0000)/, got {sent!r}")


class XeroRecord(PaymentRecord, kw_only=True, rename="pascal"):
    """What Xero calls a payment. An undocumented type or status is refused: it may be money."""

    provider = "xero"
    id: Annotated[str, Meta(min_length=1)] = field(name="PaymentID")
    amount: Amount
    # The amount is in the currency of the invoice.
    currency = property(lambda self: _paid_invoice(self).currency_code)
    # Midnight of the day, in UTC.
    date: Annotated[Any, converted(read_date)]
    payment_date = property(lambda self: self.date.date())
    sent_invoice: Invoice | None = field(default=None, name="Invoice")
    invoice = property(lambda self: _invoice(_paid_invoice(self)))
    customer = property(lambda self: _customer(_paid_invoice(self).contact))
    external_id = None  # not sent
    source = None  # not sent
    voided_date = None  # Xero does not say when.
    status: Literal["AUTHORISED", "DELETED"]
    voided = property(lambda self: self.status == "DELETED")
    created_at = None  # not sent
    modified_at: Annotated[Any, converted(read_date)] = field(name="UpdatedDateUTC")

    # Only the first type pays a sales invoice.
    payment_type: Literal[
        "ACCRECPAYMENT",
        "ACCPAYPAYMENT",
        "ARCREDITPAYMENT",
        "APCREDITPAYMENT",
        "AROVERPAYMENTPAYMENT",
        "APOVERPAYMENTPAYMENT",
        "ARPREPAYMENTPAYMENT",
        "APPREPAYMENTPAYMENT",
    ]

    @property
    def is_payment(self) -> bool:
        return self.payment_type == "ACCRECPAYMENT"


def _paid_invoice(record: XeroRecord) -> Invoice:
    if record.sent_invoice is None:
        raise FieldError("Invoice", "A payment of a sales invoice has no invoice.")
    return record.sent_invoice


def _invoice(invoice: Invoice) -> InvoiceRef:
    return InvoiceRef(id=invoice.invoice_id, number=invoice.invoice_number)


def _customer(contact: Contact | None) -> CustomerRef | None:
    if contact is None:
        return None
    return CustomerRef(
        id=contact.contact_id, number=contact.contact_number or None, name=contact.name
    )
