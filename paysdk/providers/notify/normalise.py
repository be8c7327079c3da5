"""From Notify's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

import attrs
import msgspec

from paysdk.payment import CustomerRef, CustomerRefDraft, InvoiceRef, InvoiceRefDraft, Payment, PaymentDraft
from paysdk.providers.notify.schema import Customer, PageEnvelope, PaymentRow
from paysdk.reading import RawPage, as_array, not_finite

__all__ = ["NAME", "PaymentsReader"]

NAME = "notify"

_page = msgspec.json.Decoder(PageEnvelope)
_rows = msgspec.json.Decoder(list[PaymentRow])
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
            total, balance = row.invoice.invoice_total, row.invoice.invoice_balance
            if not row.amount.is_finite():
                raise not_finite("amount")
            if total is not None and not total.is_finite():
                raise not_finite("invoice.invoiceTotal")
            if balance is not None and not balance.is_finite():
                raise not_finite("invoice.invoiceBalance")
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
