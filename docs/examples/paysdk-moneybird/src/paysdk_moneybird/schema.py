"""Moneybird's shape: what its sales invoices send, as far as it is read here.

The names are those of ``sales_invoice_response`` and ``payment_response`` in Moneybird's OpenAPI
description. An identifier there is a text or an integer.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, TypeAlias

import msgspec

Id: TypeAlias = (
    Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$")] | Annotated[int, msgspec.Meta(ge=1)]
)
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Contact(msgspec.Struct):
    """Who an invoice was sent to: a company or a person."""

    id: Id
    customer_id: str | None = None
    company_name: str | None = None
    firstname: str | None = None
    lastname: str | None = None


class InvoicePayment(msgspec.Struct):
    """A payment within its invoice."""

    id: Id
    price: Any
    payment_date: date
    created_at: Moment
    transaction_identifier: str | None = None
    manual_payment_action: str | None = None


class MoneybirdInvoice(msgspec.Struct):
    """A sales invoice with its payments. A draft has no number in ``invoice_id``."""

    id: Id
    currency: str
    total_price_incl_tax: Any
    total_unpaid: Any
    updated_at: Moment
    payments: list[InvoicePayment]
    invoice_id: str | None = None
    contact: Contact | None = None


class Version(msgspec.Struct):
    """One of the ids that ``synchronization`` lists."""

    id: Id
