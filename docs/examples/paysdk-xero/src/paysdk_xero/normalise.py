"""From Xero's shape to our meaning."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import paysdk.authoring as sdk

if TYPE_CHECKING:
    from paysdk_xero.schema import Contact, Page, XeroPayment

_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-]0000)?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_page(page: Page) -> sdk.RawPage:
    """Return the records, and the number of the next page.

    Without ``pagination`` the list ends with an empty page.
    """
    counted = page.pagination
    if counted is None:
        return sdk.RawPage(page.payments, sdk.MORE if page.payments else None, None)
    following = str(counted.page + 1) if counted.page < counted.page_count else None
    return sdk.RawPage(page.payments, following, counted.item_count)


def normalise(row: XeroPayment, record: bytes) -> sdk.Payment | None:
    """Make a payment of a record, or return ``None`` if it does not pay a sales invoice."""
    amount = sdk.exact_amount(row.amount, "$.Amount")
    if row.payment_type != "ACCRECPAYMENT":
        return None
    if row.invoice is None:
        raise sdk.FieldError("Invoice", "A payment of a sales invoice has no invoice.")
    return sdk.Payment(
        provider="xero",
        id=row.id,
        amount=amount,
        currency=row.invoice.currency_code,  # Amount is in that of the invoice
        payment_date=read_date(row.date, "Date").date(),
        invoice=sdk.InvoiceRef(id=row.invoice.invoice_id, number=row.invoice.invoice_number),
        customer=_customer(row.invoice.contact) if row.invoice.contact else None,
        voided=row.status == "DELETED",  # Xero does not say when
        modified_at=read_date(row.updated, "UpdatedDateUTC"),
        raw=record,
    )


def read_date(text: str, field: str) -> datetime:
    """Read ``/Date(1573755038314+0000)/``: milliseconds since 1970, in UTC."""
    found = _DATE.fullmatch(text)
    try:
        if found is not None:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        pass
    raise sdk.FieldError(field, f"Expected /Date(milliseconds+0000)/, got {text!r}")


def _customer(contact: Contact) -> sdk.CustomerRef:
    return sdk.CustomerRef(
        id=contact.contact_id, number=contact.contact_number or None, name=contact.name
    )
