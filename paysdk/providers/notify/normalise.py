"""From Notify's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from paysdk.exact import exact_amount, exact_number
from paysdk.providers.notify.schema import Customer, Link, Links, NotifyRecord, PageEnvelope
from paysdk.records.fields import make_customer_ref, make_invoice_ref, make_payment
from paysdk.records.liberal import (
    Mender,
    open_object,
    quote_constants,
    read_count,
    read_link,
    refuse_error,
)
from paysdk.records.page import RawPage, as_array

if TYPE_CHECKING:
    from decimal import Decimal

    from paysdk.payment import CustomerRef, InvoiceRef, Payment

__all__ = ["NAME", "NotifyReader"]

NAME = "notify"

_page = msgspec.json.Decoder(PageEnvelope)
_links = msgspec.json.Decoder(Links)
_link = msgspec.json.Decoder(Link)
_DAY = re.compile("[0-9]{2}-[0-9]{2}-[0-9]{4}")


class NotifyPaymentFields(
    NotifyRecord, gc=False, rename={"currency": "<currency>", "raw": "<raw>"}
):
    """A payment of List payments as what a ``Payment`` is taken from."""

    # These two are set for each row; as what no record calls so, since they would be decoded from
    # it. Notify sends no currency.
    currency: Any = None
    raw: Any = b""

    provider = NAME
    external_id = None
    source = None
    voided_date = None
    created_at = None
    modified_at = None

    @property
    def payment_date(self) -> date | None:
        """When it was paid."""
        return None if self.sent_date is None else _day(self.sent_date)

    @property
    def invoice(self) -> InvoiceRef:
        """The invoice, with its total and what is open of it now."""
        sent = self.sent_invoice
        return make_invoice_ref(sent.id, sent.number, sent.invoice_total, sent.invoice_balance)

    @property
    def customer(self) -> CustomerRef | None:
        """Who pays."""
        if (sent := self.sent_customer) is None or sent == _NOBODY:
            return None
        return make_customer_ref(sent.id, sent.number, sent.name)


_rows = msgspec.json.Decoder(list[NotifyPaymentFields], float_hook=exact_number)
_mender = Mender(NotifyPaymentFields)
_NOBODY = Customer()


@attrs.frozen
class NotifyReader:
    """Reads the pages of List payments.

    Notify sends no currency, so *currency* is what the provider object was configured with.
    """

    currency: str | None

    @property
    def path(self) -> str:
        return "$.payments"

    def split(self, body: bytes) -> RawPage:
        page = _page.decode(body)
        refuse_error(page.payments, error=page.error, errors=page.errors)
        links = open_object(page.links, _links.decode, "$.links")
        link = open_object(links.next, _link.decode, "$.links.next") if links else None
        href = read_link(link.href, "$.links.next.href") if link else None
        return RawPage(page.payments, href, read_count(page.count))

    def rows(self, records: list[bytes]) -> list[NotifyPaymentFields]:
        return self._rows(records, records)

    def read_liberally(self, record: bytes) -> list[NotifyPaymentFields]:
        return self._rows([quote_constants(record)], [_mender.mend(record)])

    def _rows(self, records: list[bytes], readable: list[bytes]) -> list[NotifyPaymentFields]:
        """The rows of *records*, read from *readable*, which say the same."""
        rows = _rows.decode(as_array(readable))
        for row, record in zip(rows, records, strict=True):
            row.currency = self.currency
            row.raw = record
            invoice = row.sent_invoice
            row.amount = _amount(row.amount, "$[0].amount")
            if invoice.invoice_total is not None:
                invoice.invoice_total = _amount(invoice.invoice_total, "$[0].invoice.invoiceTotal")
            if invoice.invoice_balance is not None:
                invoice.invoice_balance = _amount(
                    invoice.invoice_balance, "$[0].invoice.invoiceBalance"
                )
            if row.sent_date is not None:
                _day(row.sent_date)
        return rows

    def make(self, row: NotifyPaymentFields) -> Payment:
        return make_payment(row)


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
