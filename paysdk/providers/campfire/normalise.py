"""From Campfire's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from paysdk.exact import exact_amount, in_utc
from paysdk.providers.campfire.schema import CampfireRecord, PageEnvelope
from paysdk.records.cutting import Run, runs
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


class CampfirePaymentFields(CampfireRecord, gc=False, rename={"run": "<run>", "place": "<place>"}):
    """A payment of List Invoice Payments as what a ``Payment`` is taken from."""

    # Where its bytes are. These two are set for each row; as what no record calls so, since they
    # would be decoded from it.
    run: Any = None
    place: Any = None

    provider = NAME
    customer = None

    @property
    def invoice(self) -> InvoiceRef:
        """The invoice, which stands beside the payment's own fields."""
        return make_invoice_ref(str(self.invoice_id), self.invoice_number)

    @property
    def raw(self) -> bytes:
        """The record's own bytes."""
        raw: bytes = self.run.record(self.place)
        return raw


_rows = msgspec.json.Decoder(list[CampfirePaymentFields], float_hook=Decimal)
_mender = Mender(CampfirePaymentFields)
# Looking for finer times takes a fifth of the time of reading. So in a large page only its ends are
# looked at: an API that sends such times sends them in nearly every record, and the last record is
# the one that a later listing begins from.
_FEW_PARTS = 2
_END = 1024


def _may_be_finer(parts: list[bytes]) -> bool:
    if len(parts) <= _FEW_PARTS:
        return any(map(is_finer, parts))
    return is_finer(parts[0][:_END]) or is_finer(parts[-1][-_END:])


class CampfireReader:
    """Reads the pages of List Invoice Payments."""

    path = "$.results"
    reads_runs = True
    # A payment is not modified before it is created.
    times = ("last_modified_at", "created_at")
    # Itself, and not a method that calls it: one call more for each payment is noticed.
    make: staticmethod[[CampfirePaymentFields], Payment] = staticmethod(make_payment)

    def split(self, body: bytes) -> RawPage:
        page = _page.decode(body)
        refuse_error(page.results, error=page.error, errors=page.errors)
        return RawPage(page.results, read_link(page.next, "$.next"), read_count(page.count))

    def rows(self, records: list[bytes]) -> list[CampfirePaymentFields]:
        rows: list[CampfirePaymentFields] = []
        parts = runs(records)
        finer = _may_be_finer(parts)
        for part in parts:
            array = as_array([part])
            rows += self._rows(array, _mender.truncate_times(array) if finer else array)
        return rows

    def read_liberally(self, record: bytes) -> list[CampfirePaymentFields]:
        mended = as_array([_mender.mend(record)])
        return self._rows(as_array([quote_constants(record)]), _mender.truncate_times(mended))

    def _rows(self, array: bytes, readable: bytes) -> list[CampfirePaymentFields]:
        """The rows of *array*, read from *readable*, which says the same."""
        try:
            rows = _rows.decode(readable)
        except InvalidOperation:
            raise msgspec.ValidationError(
                "Expected a number with an exponent that can be held - at `$[0].amount`"
            ) from None
        run = Run(array)
        for place, row in enumerate(rows):
            row.run = run
            row.place = place
            created, modified = row.created_at, row.modified_at
            if type(row.amount) is not Decimal:
                row.amount = exact_amount(row.amount, "$[0].amount")
            if created is not None and created.tzinfo is not UTC:
                row.created_at = in_utc(created, "$[0].created_at")
            if modified is not None and modified.tzinfo is not UTC:
                row.modified_at = in_utc(modified, "$[0].last_modified_at")
        return rows
