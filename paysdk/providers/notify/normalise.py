"""From Notify's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from paysdk.payment import CustomerRef, CustomerRefDraft, InvoiceRef, InvoiceRefDraft, Payment, PaymentDraft, exact_number
from paysdk.providers.notify.schema import Customer, PageEnvelope, PaymentRow
from paysdk.reading import RawPage, as_array, exact_amount

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["NAME", "PaymentsReader"]

NAME = "notify"

_page = msgspec.json.Decoder(PageEnvelope)
_rows = msgspec.json.Decoder(list[PaymentRow], float_hook=exact_number)
_DAY = re.compile("[0-9]{2}-[0-9]{2}-[0-9]{4}")


@attrs.frozen
class PaymentsReader:
    """Reads the pages of List payments. Notify sends no currency, so *currency* is what the provider object was configured with."""

    currency: str | None

    @property
    def path(self) -> str:
        return "$.payments"

    def split(self, body: bytes) -> RawPage:
        page = _page.decode(body)
        link = page.links.next if page.links else None
        return RawPage(page.payments, link.href if link else None, page.count)

    def rows(self, records: list[bytes]) -> list[PaymentRow]:
        rows = _rows.decode(as_array(records))
        for row in rows:
            invoice = row.invoice
            row.amount = _amount(row.amount, "$[0].amount")
            if invoice.invoice_total is not None:
                invoice.invoice_total = _amount(invoice.invoice_total, "$[0].invoice.invoiceTotal")
            if invoice.invoice_balance is not None:
                invoice.invoice_balance = _amount(invoice.invoice_balance, "$[0].invoice.invoiceBalance")
            if row.date is not None:
                _day(row.date)
        return rows

    def payment(self, row: PaymentRow, record: bytes) -> Payment:
        invoice: Any = InvoiceRefDraft()
        invoice.id = row.invoice.id
        invoice.number = row.invoice.number
        invoice.total = row.invoice.invoice_total
        invoice.balance = row.invoice.invoice_balance
        payment: Any = PaymentDraft()
        payment.provider = NAME
        payment.id = row.id
        payment.amount = row.amount
        payment.currency = self.currency
        payment.payment_date = None if row.date is None else _day(row.date)
        payment.invoice = invoice
        payment.customer = None if row.customer is None else _customer(row.customer)
        payment.external_id = None
        payment.source = None
        payment.voided_date = None
        payment.created_at = None
        payment.modified_at = None
        payment._raw = record  # noqa: SLF001  # the draft's own field
        invoice.__class__ = InvoiceRef
        payment.__class__ = Payment
        return payment  # type: ignore[no-any-return]  # it has just become one


def _customer(sent: Customer) -> CustomerRef:
    customer: Any = CustomerRefDraft()
    customer.id = sent.id
    customer.number = sent.number
    customer.name = sent.name
    customer.__class__ = CustomerRef
    return customer  # type: ignore[no-any-return]  # it has just become one


def _amount(sent: object, path: str) -> Decimal:
    return _amount_of_text(sent, path) if type(sent) is str else exact_amount(sent, path)


# By its text, whose digits stay as they are; equal numbers may have different ones.
@lru_cache(maxsize=8192)
def _amount_of_text(text: str, path: str) -> Decimal:
    return exact_amount(text, path)


@lru_cache(maxsize=4096)  # a page has few different days
def _day(text: str) -> date:
    """DD-MM-YYYY: "02-01-2021" is 2 January."""
    if not _DAY.fullmatch(text):
        raise _no_day(text)
    try:
        return date(int(text[6:]), int(text[3:5]), int(text[:2]))
    except ValueError:
        raise _no_day(text) from None


def _no_day(text: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(f"Expected a date as DD-MM-YYYY, got {text!r} - at `$[0].date`")
