"""Makes an ``Invoice`` and its payments of what Campfire sent."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.exact import decode_exactly, exact_amount, exact_number, in_utc
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.providers.campfire.invoices.schema import (
    Attachment,
    CreditMemoMade,
    Invoice,
    InvoiceLine,
    InvoiceSummary,
    NestedPayment,
    PaidIds,
    invoice_envelope,
    summary_record,
)
from paysdk.providers.campfire.normalise import NAME
from paysdk.providers.campfire.paying.order import CreditMemoRef
from paysdk.providers.campfire.schema import Moment, PageEnvelope, open_page
from paysdk.records.envelope import NULL, refuse_error
from paysdk.records.liberal import Mender, decode_liberally, mend_time
from paysdk.records.reader import RecordReader
from paysdk.records.times import is_finer, truncate_times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SUMMARY_READER", "Paid", "make_customer", "read_invoice", "read_paid", "read_payment"]

R = TypeVar("R", Invoice, InvoiceLine, Attachment)

_nested = msgspec.json.Decoder(list[NestedPayment], float_hook=exact_number)
_paid = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ids = msgspec.json.Decoder(PaidIds)
_memos = msgspec.json.Decoder(list[CreditMemoMade] | None)
_log = logging.getLogger("paysdk")

_nested_mender = Mender(NestedPayment)


@cache
def _invoice_decoder() -> Any:  # noqa: ANN401  # its type is made at run time
    return msgspec.json.Decoder(invoice_envelope(), float_hook=exact_number)


@cache
def _invoice_mender() -> Mender:
    return Mender(invoice_envelope())


def read_invoice(body: bytes) -> Invoice:
    """Read an invoice with its payments.

    It is the response of Retrieve Invoice, or the older one of Mark Invoice as Paid.

    Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    invoice, raw = decode_liberally(_read_invoice, _invoice_mender(), body)
    return invoice if raw is body else attrs.evolve(invoice, raw=raw)


def _read_invoice(body: bytes) -> Invoice:
    envelope = _envelope(body)
    sent = decode_exactly(body)
    parts: dict[str, Any] = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    for name in ("lines", "attachments"):
        found = zip(parts[name] or (), sent.get(name) or (), strict=True)
        parts[name] = tuple(
            _settle(part, of, f"$.{name}[{index}]") for index, (part, of) in enumerate(found)
        )
    parts["payment_journal_entries"] = parts["payment_journal_entries"] or ()
    parts["revenue_transactions"] = parts["revenue_transactions"] or ()
    parts["auto_sent_at"] = _date_or_time(parts["auto_sent_at"])
    parts["payments"] = tuple(
        _nested_payment(f"$.payments[{index}]", bytes(record), envelope)
        for index, record in enumerate(parts["payments"] or ())
    )
    return _settle(Invoice(**parts, raw=body), sent, "$")


def _envelope(
    body: bytes,
) -> Any:  # noqa: ANN401  # an InvoiceEnvelope, which no type checker knows
    envelope = _invoice_decoder().decode(body)
    if is_finer(body):
        payments = envelope.payments  # as they were sent, with their times
        envelope = _invoice_decoder().decode(_truncate_times()(body))
        envelope.payments = payments
    return envelope


@cache
def _truncate_times() -> Callable[[bytes], bytes]:
    return truncate_times({*_invoice_mender().fields_of_time, "auto_sent_at"})


@attrs.frozen
class Paid:
    """The response of Mark Invoice as Paid.

    It has ``payment_ids`` or the whole ``invoice``, and the credit memos that Campfire made.
    """

    payment_ids: tuple[str, ...] | None = None
    invoice: Invoice | None = None
    credit_memos: tuple[CreditMemoRef, ...] = ()


def read_paid(body: bytes) -> Paid:
    """The response of Mark Invoice as Paid.

    The document shows the whole invoice. The later schema has only ids, in ``payment_ids``.
    """
    sent = _paid.decode(body)
    memos = _credit_memos(sent.get("auto_created_credit_memos"))
    if "payment_ids" in sent:
        payment_ids = _ids.decode(body).payment_ids
        # Without an error, no ids mean a draft.
        refuse_error(payment_ids, error=sent.get("error", NULL), errors=sent.get("errors", NULL))
        return Paid(tuple(map(str, payment_ids)), None, memos)
    return Paid(None, read_invoice(body), memos)


def _credit_memos(sent: msgspec.Raw | None) -> tuple[CreditMemoRef, ...]:
    # They are only information. If they cannot be read, the payment was still made.
    try:
        made = _memos.decode(sent or b"null") or ()
    except msgspec.MsgspecError:
        _log.warning(
            "campfire: auto_created_credit_memos of a payment cannot be read: look at the "
            "client's credit memos"
        )
        return ()
    return tuple(CreditMemoRef(str(memo.id), memo.credit_memo_number) for memo in made)


def read_payment(body: bytes, invoice: Invoice) -> Payment:
    """Read a payment of *invoice*: the response of Void Invoice Payment.

    Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    return _nested_payment("$", body, invoice)


def _nested_payment(
    path: str,
    record: bytes,
    invoice: Any,  # noqa: ANN401  # an InvoiceEnvelope, which no type checker knows, or an Invoice
) -> Payment:
    try:
        row = _nested_row(record)
        return Payment(
            provider=NAME,
            id=str(row.id),
            amount=exact_amount(row.amount, "$[0].amount"),
            currency=row.currency,
            payment_date=row.payment_date,
            invoice=InvoiceRef(
                str(invoice.id), invoice.invoice_number, invoice.total_amount, invoice.amount_due
            ),
            customer=make_customer(invoice),
            external_id=row.external_id,
            source=row.source,
            voided_date=row.voided_date,
            voided=row.voided_date is not None,
            created_at=row.created_at and in_utc(row.created_at, "$[0].created_at"),
            modified_at=row.last_modified_at
            and in_utc(row.last_modified_at, "$[0].last_modified_at"),
            raw=record,
        )
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(str(error).replace("$[0]", path)) from None
    except ConfigurationError:  # Payment raises it for a record that is nested too deeply
        raise msgspec.ValidationError(
            f"Expected a payment that is not nested so deeply - at `{path}`"
        ) from None


def _nested_row(record: bytes) -> NestedPayment:
    try:
        return _decode_row(record)
    except msgspec.ValidationError:
        return _decode_row(_nested_mender.mend(record))


def _decode_row(record: bytes) -> NestedPayment:
    return _nested.decode(_nested_mender.truncate_times(b"[%b]" % record))[0]


def make_customer(invoice: Any) -> CustomerRef | None:  # noqa: ANN401  # any form of an invoice
    """Return the customer of an invoice, if it has one."""
    # "client" is who pays; "customer" is the tenant's own organisation (the API's schema,
    # AccountingInvoice).
    if invoice.client is None and invoice.client_name is None:
        return None
    return CustomerRef(
        id=None if invoice.client is None else str(invoice.client), name=invoice.client_name
    )


def _date_or_time(text: str | None) -> date | datetime | None:
    if not text:
        return None
    try:
        return msgspec.convert(mend_time(text), date if len(text) == len("2025-07-25") else Moment)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} - at `$.auto_sent_at`") from None


def _settle(record: R, sent: Mapping[str, object], path: str) -> R:
    """Return *record* with its times in UTC. *sent* is its JSON, at *path* in the response.

    Raises ``msgspec.ValidationError`` if an amount is not a plain number.
    """
    moments: dict[str, Any] = {}
    for field in attrs.fields(type(record)):
        value = getattr(record, field.name)
        if isinstance(value, Decimal):
            exact_amount(sent[field.name], f"{path}.{field.name}")
        if isinstance(value, datetime) and value.tzinfo is not UTC:
            moments[field.name] = in_utc(value, f"{path}.{field.name}")
    return attrs.evolve(record, **moments) if moments else record


_SUMMARY_FIELDS = [field.name for field in attrs.fields(InvoiceSummary) if field.name != "_raw"]


def _make_summary(
    row: Any,  # noqa: ANN401  # a summary_record, which no type checker knows
) -> InvoiceSummary:
    values: dict[str, Any] = {name: getattr(row, name) for name in _SUMMARY_FIELDS}
    return InvoiceSummary(**values, raw=row.raw)


SUMMARY_READER: RecordReader[PageEnvelope, Any, InvoiceSummary] = RecordReader(
    path="$.results",
    page=PageEnvelope,
    open_page=open_page,
    row=summary_record(),
    make=_make_summary,
)
