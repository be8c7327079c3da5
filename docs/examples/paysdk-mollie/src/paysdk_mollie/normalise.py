"""From Mollie's shape to our meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.exact import exact_amount, in_utc
from paysdk.records.page import RawPage

if TYPE_CHECKING:
    from paysdk_mollie.schema import MollieRecord, Page


def open_page(page: Page) -> RawPage:
    """A page's records, and the link to the next page."""
    link = page.links.get("next")
    return RawPage(page.embedded["payments"], link.href if link else None, page.count)


def normalise(row: MollieRecord, record: bytes, *, invoice_key: str) -> Payment | None:
    """The payment that a record is, or ``None`` where no money came: not yet, or never."""
    amount = exact_amount(row.amount.value, "$.amount.value")  # whether it is paid or not
    if row.status != "paid":
        return None
    return Payment(
        provider="mollie",
        id=row.id,
        amount=amount,
        currency=row.amount.currency,
        payment_date=in_utc(row.paid_at, "$.paidAt").date() if row.paid_at else None,
        invoice=_invoice(row.metadata, invoice_key),
        customer=CustomerRef(id=row.customer_id) if row.customer_id else None,
        source=row.method,
        created_at=in_utc(row.created_at, "$.createdAt"),
        raw=record,
    )


def _invoice(metadata: object, key: str) -> InvoiceRef:
    number = cast("dict[str, object]", metadata).get(key) if isinstance(metadata, dict) else None
    if not isinstance(number, str | int) or isinstance(number, bool):
        return InvoiceRef(id="")  # Mollie was told of none
    return InvoiceRef(id=str(number), number=str(number))
