"""What each field of a ``Payment`` is at Campfire: a class with a line for each field.

A field without ``name=`` has the same name in Campfire's JSON.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from msgspec import field

from paysdk.payment import InvoiceRef
from paysdk.providers.campfire.schema import Identifier, Moment, PageEnvelope, open_page
from paysdk.records.columns import Amount
from paysdk.records.fields import PaymentRecord, make_payment
from paysdk.records.reader import RecordReader

if TYPE_CHECKING:
    from paysdk.payment import Payment

__all__ = ["NAME", "READER", "CampfireRecord"]

NAME = "campfire"


class CampfireRecord(PaymentRecord, kw_only=True, gc=False):
    """One payment of List Invoice Payments.

    The documented sample lacks ``source``, which the later schema has.
    """

    provider = NAME
    id: Identifier
    amount: Amount
    currency: str | None = None
    payment_date: date | None = None
    # The invoice's fields are among the payment's own.
    invoice_id: Identifier
    invoice_number: str | None = None

    @property
    def invoice(self) -> InvoiceRef:
        return InvoiceRef(f"{self.invoice_id}", self.invoice_number)

    customer = None  # not sent
    external_id: str | None = None
    source: str | None = None
    voided_date: date | None = None

    @property
    def voided(self) -> bool:
        return self.voided_date is not None

    created_at: Moment | None = None
    modified_at: Moment | None = field(default=None, name="last_modified_at")


READER: RecordReader[PageEnvelope, CampfireRecord, Payment] = RecordReader(
    path="$.results", page=PageEnvelope, open_page=open_page, row=CampfireRecord, make=make_payment
)
