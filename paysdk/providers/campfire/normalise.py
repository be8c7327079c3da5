"""From Campfire's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from paysdk.exact import exact_amount, in_utc
from paysdk.providers.campfire.schema import CampfireRecord, PageEnvelope
from paysdk.records.fields import make_invoice_ref, make_payment
from paysdk.records.liberal import (
    Mender,
    is_finer,
    quote_constants,
    read_count,
    read_link,
    refuse_error,
)
from paysdk.records.page import RawPage, as_array

if TYPE_CHECKING:
    from paysdk.payment import InvoiceRef, Payment

__all__ = ["NAME", "CampfirePaymentFields", "CampfireReader"]

NAME = "campfire"

_page = msgspec.json.Decoder(PageEnvelope)


class CampfirePaymentFields(CampfireRecord, gc=False, rename={"raw": "<raw>"}):
    """A payment of List Invoice Payments as what a ``Payment`` is taken from."""

    # The record's own bytes, filled in after decoding. The name in JSON is one that no record
    # contains, so that the decoder does not fill it.
    raw: bytes = b""

    provider = NAME
    customer = None

    @property
    def invoice(self) -> InvoiceRef:
        """The invoice, which stands beside the payment's own fields."""
        return make_invoice_ref(str(self.invoice_id), self.invoice_number)


_rows = msgspec.json.Decoder(list[CampfirePaymentFields], float_hook=Decimal)
_mender = Mender(CampfirePaymentFields)


# Looking for finer times takes a fifth of the time of decoding. So only the ends of a large batch are
# looked at: an API that sends such times sends them in nearly every record, and a later listing
# begins from the last record.
_WHOLE_BYTES = 16_384
_END_BYTES = 1024


def _truncate_times(array: bytes) -> bytes:
    if len(array) <= _WHOLE_BYTES or is_finer(array[:_END_BYTES]) or is_finer(array[-_END_BYTES:]):
        return _mender.truncate_times(array)
    return array


class CampfireReader:
    """Reads the pages of List Invoice Payments."""

    path = "$.results"
    # A payment is not modified before it is created.
    times: tuple[str, ...] = ("last_modified_at", "created_at")
    # Itself, and not a method that calls it: one call more for each payment is noticed.
    make: staticmethod[[CampfirePaymentFields], Payment] = staticmethod(make_payment)

    def split(self, body: bytes) -> RawPage:
        page = _page.decode(body)
        refuse_error(page.results, error=page.error, errors=page.errors)
        return RawPage(page.results, read_link(page.next, "$.next"), read_count(page.count))

    def rows(self, records: list[bytes]) -> list[CampfirePaymentFields]:
        return self._rows(records, as_array(records))

    def read_liberally(self, record: bytes) -> list[CampfirePaymentFields]:
        return self._rows([quote_constants(record)], as_array([_mender.mend(record)]))

    def _rows(self, records: list[bytes], array: bytes) -> list[CampfirePaymentFields]:
        """The rows of *records*, decoded from *array*, which says the same."""
        try:
            rows = _rows.decode(_truncate_times(array))
        except InvalidOperation:
            raise msgspec.ValidationError(
                "Expected a number with an exponent that can be held - at `$[0].amount`"
            ) from None
        for row, record in zip(rows, records, strict=True):
            row.raw = record
            created, modified = row.created_at, row.modified_at
            if type(row.amount) is not Decimal:
                row.amount = exact_amount(row.amount, "$[0].amount")
            if created is not None and created.tzinfo is not UTC:
                row.created_at = in_utc(created, "$[0].created_at")
            if modified is not None and modified.tzinfo is not UTC:
                row.modified_at = in_utc(modified, "$[0].last_modified_at")
        return rows
