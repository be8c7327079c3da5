"""Xero's shape: what ``GET /Payments`` sends, as far as it is read here.

The names are those of ``Payment`` in Xero's OpenAPI description of the Accounting API.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec


class Contact(msgspec.Struct, rename="pascal"):
    """Who an invoice was sent to."""

    contact_id: str | None = msgspec.field(default=None, name="ContactID")
    contact_number: str | None = None
    name: str | None = None


class Invoice(msgspec.Struct, rename="pascal"):
    """The invoice that was paid."""

    invoice_id: str = msgspec.field(name="InvoiceID")
    invoice_number: str | None = None
    currency_code: str | None = None
    contact: Contact | None = None


class XeroPayment(msgspec.Struct, rename="pascal"):
    """What Xero calls a payment. An undocumented type or status is refused: it may be money."""

    id: Annotated[str, msgspec.Meta(min_length=1)] = msgspec.field(name="PaymentID")
    amount: Any
    date: str
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
    status: Literal["AUTHORISED", "DELETED"]
    updated: str = msgspec.field(name="UpdatedDateUTC")
    invoice: Invoice | None = None


class Pagination(msgspec.Struct, rename="camel"):
    """Which page this is of how many."""

    page: int
    page_count: int
    item_count: int | None = None


class Page(msgspec.Struct):
    """A page: its records in their own bytes."""

    payments: list[msgspec.Raw] = msgspec.field(name="Payments")
    pagination: Pagination | None = None
