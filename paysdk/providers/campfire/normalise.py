"""From Campfire's shape to our meaning: what each field of a ``Payment`` is taken from, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import msgspec

from paysdk.payment import CustomerRef, InvoiceRef, InvoiceRefDraft, Payment, PaymentDraft
from paysdk.providers.campfire.schema import Invoice, InvoiceEnvelope, Moment, NestedPayment, PageEnvelope, PaidIds, PaymentRow
from paysdk.reading import RawPage, not_finite

__all__ = ["NAME", "InvoicePaymentsReader", "read_invoice", "read_paid"]

NAME = "campfire"

R = TypeVar("R")

_page = msgspec.json.Decoder(PageEnvelope)
_rows = msgspec.json.Decoder(list[PaymentRow])
_invoice = msgspec.json.Decoder(InvoiceEnvelope, float_hook=Decimal)
_nested = msgspec.json.Decoder(list[NestedPayment])
_paid = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ids = msgspec.json.Decoder(PaidIds)


class InvoicePaymentsReader:
    """Reads the pages of List Invoice Payments."""

    path = "$.results"

    def split(self, body: bytes) -> RawPage:
        page = _page.decode(body)
        return RawPage(page.results, page.next, page.count)

    def rows(self, records: list[bytes]) -> list[PaymentRow]:
        rows = _rows.decode(b"[" + b",".join(records) + b"]")
        for row in rows:
            if not row.amount.is_finite():
                raise not_finite("amount")
        return rows

    def payment(self, row: PaymentRow, record: bytes) -> Payment:
        created, modified = row.created_at, row.modified_at
        if created is not None and created.tzinfo is not UTC:
            created = created.astimezone(UTC)
        if modified is not None and modified.tzinfo is not UTC:
            modified = modified.astimezone(UTC)
        invoice = InvoiceRefDraft()
        invoice.id = str(row.invoice_id)
        invoice.number = row.invoice_number
        invoice.total = None
        invoice.balance = None
        payment: Any = PaymentDraft()
        payment.provider = NAME
        payment.id = str(row.id)
        payment.amount = row.amount
        payment.currency = row.currency
        payment.payment_date = row.payment_date
        payment.invoice = invoice
        payment.customer = None
        payment.external_id = row.external_id
        payment.source = row.source
        payment.voided_date = row.voided_date
        payment.created_at = created
        payment.modified_at = modified
        payment._raw = record
        invoice.__class__ = InvoiceRef
        payment.__class__ = Payment
        return payment


def read_invoice(body: bytes) -> Invoice:
    """An invoice with its payments, from Retrieve Invoice or from the older answer of Mark Invoice as Paid.

    Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    envelope = _invoice.decode(body)
    sent: dict[str, Any] = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    raw_payments = [bytes(record) for record in sent["payments"] or ()]
    return _settled(
        Invoice(
            **sent
            | {
                "lines": tuple(_settled(line, f"$.lines[{index}]") for index, line in enumerate(sent["lines"] or ())),
                "attachments": tuple(_settled(file, f"$.attachments[{index}]") for index, file in enumerate(sent["attachments"] or ())),
                "payment_journal_entries": sent["payment_journal_entries"] or (),
                "revenue_transactions": sent["revenue_transactions"] or (),
                "auto_sent_at": _date_or_time(sent["auto_sent_at"]),
                "payments": tuple(_nested_payment(index, record, envelope) for index, record in enumerate(raw_payments)),
                "raw": body,
            }
        ),
        "$",
    )


def read_paid(body: bytes) -> tuple[tuple[str, ...] | None, Invoice | None]:
    """What Mark Invoice as Paid answered: the ids of the new payments or the whole invoice.

    The document has the invoice; the later schema ids only. ``payment_ids`` tells them apart.
    """
    if "payment_ids" in _paid.decode(body):
        return tuple(str(payment_id) for payment_id in _ids.decode(body).payment_ids), None
    return None, read_invoice(body)


def _nested_payment(index: int, record: bytes, invoice: Any) -> Payment:
    try:
        row = _nested.decode(b"[" + record + b"]")[0]
        return Payment(
            provider=NAME,
            id=str(row.id),
            amount=_finite(row.amount),
            currency=row.currency,
            payment_date=row.payment_date,
            invoice=InvoiceRef(str(invoice.id), invoice.invoice_number, invoice.total_amount, invoice.amount_due),
            customer=_client(invoice),
            external_id=row.external_id,
            source=row.source,
            voided_date=row.voided_date,
            created_at=_in_utc(row.created_at),
            modified_at=_in_utc(row.last_modified_at),
            raw=record,
        )
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(str(error).replace("$[0]", f"$.payments[{index}]")) from None


def _finite(amount: Decimal) -> Decimal:
    if not amount.is_finite():
        raise not_finite("amount")
    return amount


def _client(invoice: Any) -> CustomerRef | None:
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


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC)


def _settled(record: R, path: str) -> R:
    """*record* with its times in UTC. Raises ``msgspec.ValidationError`` where one of its amounts is no number."""
    moments: dict[str, datetime] = {}
    for field in attrs.fields(type(record)):  # type: ignore[misc]  # R is an attrs class
        value = getattr(record, field.name)
        if isinstance(value, Decimal) and not value.is_finite():
            raise msgspec.ValidationError(f"Expected a finite number - at `{path}.{field.name}`")
        if isinstance(value, datetime) and value.tzinfo is not UTC:
            moments[field.name] = value.astimezone(UTC)
    return attrs.evolve(record, **moments) if moments else record  # type: ignore[misc]  # R is an attrs class
