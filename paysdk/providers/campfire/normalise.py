"""From Campfire's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import msgspec

from paysdk.cutting import Run, runs
from paysdk.errors import ConfigurationError
from paysdk.payment import CustomerRef, InvoiceRef, InvoiceRefDraft, Payment, decode_exactly, exact_number, payment_of
from paysdk.providers.campfire.schema import (
    Attachment,
    Invoice,
    InvoiceLine,
    Moment,
    NestedPayment,
    PageEnvelope,
    PaidIds,
    PaymentRow,
    invoice_envelope,
)
from paysdk.reading import RawPage, as_array, exact_amount, in_utc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NAME", "InvoicePaymentsReader", "read_invoice", "read_paid"]

NAME = "campfire"

R = TypeVar("R", Invoice, InvoiceLine, Attachment)

_page = msgspec.json.Decoder(PageEnvelope)
_nested = msgspec.json.Decoder(list[NestedPayment], float_hook=exact_number)
_paid = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ids = msgspec.json.Decoder(PaidIds)


class InvoicePaymentRow(PaymentRow, gc=False, rename={"run": "<run>", "place": "<place>"}):
    """A payment of List Invoice Payments as what a ``Payment`` is taken from."""

    # Where its bytes are. These two are set for each row; as what no record calls so, since they would be decoded from it.
    run: Any = None
    place: Any = None

    provider = NAME
    customer = None

    @property
    def invoice(self) -> InvoiceRef:
        """The invoice, which stands beside the payment's own fields."""
        invoice: Any = InvoiceRefDraft()
        invoice.id = str(self.invoice_id)
        invoice.number = self.invoice_number
        invoice.total = None
        invoice.balance = None
        invoice.__class__ = InvoiceRef
        return invoice  # type: ignore[no-any-return]  # it has just become one

    @property
    def raw(self) -> bytes:
        """The record's own bytes."""
        raw: bytes = self.run.record(self.place)
        return raw


_rows = msgspec.json.Decoder(list[InvoicePaymentRow], float_hook=Decimal)


class InvoicePaymentsReader:
    """Reads the pages of List Invoice Payments."""

    path = "$.results"
    reads_runs = True
    payment = staticmethod(payment_of)

    def split(self, body: bytes) -> RawPage:
        page = _page.decode(body)
        return RawPage(page.results, page.next, page.count)

    def rows(self, records: list[bytes]) -> list[InvoicePaymentRow]:
        rows: list[InvoicePaymentRow] = []
        for run in runs(records):
            rows += self._rows(Run(as_array([run])))
        return rows

    def _rows(self, run: Run) -> list[InvoicePaymentRow]:
        try:
            rows = _rows.decode(run.array)
        except InvalidOperation:
            raise msgspec.ValidationError("Expected a number with an exponent that can be held - at `$[0].amount`") from None
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


@cache
def _invoice_decoder() -> Any:  # noqa: ANN401  # its type is made at run time
    return msgspec.json.Decoder(invoice_envelope(), float_hook=exact_number)


def read_invoice(body: bytes) -> Invoice:
    """An invoice with its payments, from Retrieve Invoice or from the older answer of Mark Invoice as Paid.

    Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    envelope = _invoice_decoder().decode(body)
    sent = decode_exactly(body)
    parts: dict[str, Any] = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    for name in ("lines", "attachments"):
        found = zip(parts[name] or (), sent.get(name) or (), strict=True)
        parts[name] = tuple(_settled(part, of, f"$.{name}[{index}]") for index, (part, of) in enumerate(found))
    parts["payment_journal_entries"] = parts["payment_journal_entries"] or ()
    parts["revenue_transactions"] = parts["revenue_transactions"] or ()
    parts["auto_sent_at"] = _date_or_time(parts["auto_sent_at"])
    parts["payments"] = tuple(_nested_payment(index, bytes(record), envelope) for index, record in enumerate(parts["payments"] or ()))
    return _settled(Invoice(**parts, raw=body), sent, "$")


def read_paid(body: bytes) -> tuple[tuple[str, ...] | None, Invoice | None]:
    """What Mark Invoice as Paid answered: the ids of the new payments or the whole invoice.

    The document has the invoice; the later schema ids only. ``payment_ids`` tells them apart.
    """
    if "payment_ids" in _paid.decode(body):
        return tuple(str(payment_id) for payment_id in _ids.decode(body).payment_ids), None
    return None, read_invoice(body)


def _nested_payment(index: int, record: bytes, invoice: Any) -> Payment:  # noqa: ANN401  # an InvoiceEnvelope, which no type checker knows
    try:
        row = _nested.decode(b"[" + record + b"]")[0]
        return Payment(
            provider=NAME,
            id=str(row.id),
            amount=exact_amount(row.amount, "$[0].amount"),
            currency=row.currency,
            payment_date=row.payment_date,
            invoice=InvoiceRef(str(invoice.id), invoice.invoice_number, invoice.total_amount, invoice.amount_due),
            customer=_client(invoice),
            external_id=row.external_id,
            source=row.source,
            voided_date=row.voided_date,
            created_at=row.created_at and in_utc(row.created_at, "$[0].created_at"),
            modified_at=row.last_modified_at and in_utc(row.last_modified_at, "$[0].last_modified_at"),
            raw=record,
        )
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(str(error).replace("$[0]", f"$.payments[{index}]")) from None
    except ConfigurationError:  # which is how a Payment says that it cannot be made
        raise msgspec.ValidationError(f"Expected a payment that is not nested so deeply - at `$.payments[{index}]`") from None


def _client(invoice: Any) -> CustomerRef | None:  # noqa: ANN401  # likewise
    # "client" is who pays; "customer" is the tenant's own organisation (the API's schema, AccountingInvoice).
    if invoice.client is None and invoice.client_name is None:
        return None
    return CustomerRef(id=None if invoice.client is None else str(invoice.client), name=invoice.client_name)


def _date_or_time(text: str | None) -> date | datetime | None:
    if text is None:
        return None
    try:
        return msgspec.convert(text, date if len(text) == len("2025-07-25") else Moment)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} - at `$.auto_sent_at`") from None


def _settled(record: R, sent: Mapping[str, object], path: str) -> R:
    """*record*, *sent* at *path*, with its times in UTC. Raises ``msgspec.ValidationError`` where an amount is no plain number."""
    moments: dict[str, Any] = {}
    for field in attrs.fields(type(record)):
        value = getattr(record, field.name)
        if isinstance(value, Decimal):
            exact_amount(sent[field.name], f"{path}.{field.name}")
        if isinstance(value, datetime) and value.tzinfo is not UTC:
            moments[field.name] = in_utc(value, f"{path}.{field.name}")
    return attrs.evolve(record, **moments) if moments else record
