"""Xero's shape: the envelope of ``GET /Payments``, and the objects in a payment.

The names are those of ``Payment`` in Xero's OpenAPI description of the Accounting API.
"""

from __future__ import annotations

import msgspec

from paysdk.authoring import MORE, RawPage


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


class Pagination(msgspec.Struct, rename="camel"):
    """Which page this is of how many."""

    page: int
    page_count: int
    item_count: int | None = None


class Page(msgspec.Struct):
    """A page: its records in their own bytes."""

    payments: list[msgspec.Raw] = msgspec.field(name="Payments")
    pagination: Pagination | None = None


def open_page(page: Page) -> RawPage:
    """The page's records, and the number of the next page.

    Without ``pagination`` the list ends with an empty page.
    """
    counted = page.pagination
    if counted is None:
        return RawPage(page.payments, MORE if page.payments else None, None)
    following = str(counted.page + 1) if counted.page < counted.page_count else None
    return RawPage(page.payments, following, counted.item_count)
