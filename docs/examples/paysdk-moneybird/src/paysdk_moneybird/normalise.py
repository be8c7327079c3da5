"""What each field of a ``Payment`` is at Moneybird, where an invoice has its payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import paysdk.authoring as sdk

if TYPE_CHECKING:
    from paysdk_moneybird.schema import Contact, InvoicePayment, MoneybirdInvoice


def normalise(row: MoneybirdInvoice, record: bytes) -> sdk.InvoicePayments:
    """Make the payments of an invoice, which has them all. An unpaid invoice has none."""
    total = sdk.exact_amount(row.total_price_incl_tax, "$.total_price_incl_tax")
    balance = sdk.exact_amount(row.total_unpaid, "$.total_unpaid")
    invoice = sdk.InvoiceRef(str(row.id), row.invoice_id, total, balance)

    def payment(paid: InvoicePayment, path: str) -> sdk.Payment:
        return sdk.Payment(
            provider="moneybird",
            id=str(paid.id),
            amount=sdk.exact_amount(paid.price, f"{path}.price"),
            currency=row.currency,  # price_base is in that of the administration
            payment_date=paid.payment_date,
            invoice=invoice,
            customer=_customer(row.contact) if row.contact else None,
            external_id=paid.transaction_identifier,
            source=paid.manual_payment_action,
            voided_date=None,  # a payment that is deleted leaves its invoice
            voided=False,
            created_at=sdk.in_utc(paid.created_at, f"{path}.created_at"),
            modified_at=sdk.in_utc(row.updated_at, "$.updated_at"),  # what updated_after compares
            raw=record,
        )

    payments = [payment(paid, f"$.payments[{place}]") for place, paid in enumerate(row.payments)]
    return sdk.InvoicePayments(invoice.id, payments)


def _customer(contact: Contact) -> sdk.CustomerRef:
    name = contact.company_name or " ".join(filter(None, (contact.firstname, contact.lastname)))
    return sdk.CustomerRef(str(contact.id), contact.customer_id, name or None)
