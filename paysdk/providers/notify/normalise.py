"""What each field of a ``Payment`` is at Notify: a class with a line for each field.

A field without ``name=`` has the same name in Notify's JSON. The fields of a payment's invoice and
of its customer are in ``schema.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import field

from paysdk.payment import CustomerRef, InvoiceRef
from paysdk.providers.notify.schema import (
    Customer,
    Day,
    Identifier,
    Invoice,
    PageEnvelope,
    open_page,
)
from paysdk.records.columns import Amount
from paysdk.records.fields import PaymentRecord, make_payment
from paysdk.records.reader import RecordReader

if TYPE_CHECKING:
    from paysdk.payment import Payment

__all__ = ["NAME", "NotifyRecord", "make_reader"]

NAME = "notify"
_NO_CUSTOMER = Customer()


class NotifyRecord(PaymentRecord, kw_only=True, gc=False):
    """One payment of List payments. It has neither a status nor a timestamp."""

    provider = NAME
    id: Identifier
    amount: Amount
    # Not sent. The reader sets the configured currency. No record has a field of this odd name.
    currency: str | None = field(default=None, name="<currency>")
    payment_date: Day | None = field(default=None, name="date")
    sent_invoice: Invoice = field(name="invoice")

    @property
    def invoice(self) -> InvoiceRef:
        sent = self.sent_invoice
        return InvoiceRef(sent.id, sent.number, sent.total, sent.balance)

    sent_customer: Customer | None = field(default=None, name="customer")

    @property
    def customer(self) -> CustomerRef | None:
        if (sent := self.sent_customer) is None or sent == _NO_CUSTOMER:
            return None
        return CustomerRef(sent.id, sent.number, sent.name)

    external_id = None  # not sent
    source = None  # not sent
    voided_date = None  # not sent
    voided = False  # Notify does not void payments.
    created_at = None  # not sent
    modified_at = None  # not sent


def make_reader(currency: str | None) -> RecordReader[PageEnvelope, NotifyRecord, Payment]:
    """A reader that puts *currency* on each payment."""
    return RecordReader(
        path="$.payments",
        page=PageEnvelope,
        open_page=open_page,
        row=NotifyRecord,
        make=make_payment,
        settings={"currency": currency},
    )
