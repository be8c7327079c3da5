"""The shape of Campfire's invoices: what its documents say that it sends.

Sources: "Retrieve Invoice" and "Mark Invoice as Paid" on docs.campfire.ai, and the API's own schema
of July 2026. They are not in ``campfire/schema.py``, because they have a hundred fields and most
programs only list payments. That module says why few fields are required.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any

import attrs
import msgspec

from paysdk.exact import decode_exactly
from paysdk.payment import Payment
from paysdk.providers.campfire.schema import Identifier, Moment
from paysdk.records.columns import Amount
from paysdk.records.fields import RawRecord

__all__ = [
    "Attachment",
    "CreditMemoMade",
    "Invoice",
    "InvoiceLine",
    "InvoiceSummary",
    "NestedPayment",
    "PaidIds",
    "invoice_envelope",
    "summary_record",
]


class NestedPayment(msgspec.Struct):
    """One of an invoice's ``payments``.

    The invoice's id is called ``invoice`` here, and the sample lacks it.
    """

    id: Identifier
    amount: Any
    currency: str | None = None
    payment_date: date | None = None
    external_id: str | None = None
    source: str | None = None
    voided_date: date | None = None
    created_at: Moment | None = None
    last_modified_at: Moment | None = None


class PaidIds(msgspec.Struct):
    """The later response of Mark Invoice as Paid, which has ids instead of the invoice."""

    payment_ids: list[Identifier]


class CreditMemoMade(msgspec.Struct):
    """A credit memo that the API created for an overpayment (``auto_created_credit_memos``)."""

    id: Identifier
    credit_memo_number: str | None = None


@attrs.frozen(kw_only=True)
class Attachment:
    """A file attached to an invoice, as sent. ``url`` may be signed and expire."""

    id: int
    customer: int | None = None
    created_at: Moment | None = None
    created_by: int | None = None
    created_by_name: str | None = None
    created_by_email: str | None = None
    last_modified_at: Moment | None = None
    name: str | None = None
    url: str | None = None
    s3_content_type: str | None = None
    s3_content_length: int | None = None
    s3_path: str | None = None
    object_id: int | None = None
    app: str | None = None
    model: str | None = None
    is_deleted: bool | None = None
    deleted_at: Moment | None = None


@attrs.frozen(kw_only=True)
class InvoiceLine:
    """One line of an invoice, as sent.

    Amounts are in major units of ``currency``; ``customer`` is the tenant's own organisation.
    """

    id: int
    product_name: str | None = None
    stripe_product_id: str | None = None
    product_is_taxable: bool | None = None
    anrok_item_id: str | None = None
    service_date: date | None = None
    description: str | None = None
    quantity: Decimal | None = None
    rate: Decimal | None = None
    currency: str | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    tax_description: str | None = None
    discount: Decimal | None = None
    discount_percentage: Decimal | None = None
    discount_amount: Decimal | None = None
    created_at: Moment | None = None
    last_modified_at: Moment | None = None
    customer: int | None = None
    product: int | None = None


@attrs.frozen(kw_only=True)
class Invoice:
    """An invoice: every field that Retrieve Invoice and Mark Invoice as Paid document.

    The names are the API's own. Amounts are in major units of ``currency``. The ``client``
    (``client_name``) pays, and ``customer`` is the tenant's own organisation. ``status`` and
    ``payment_status`` use different words, and the API may add more. Times are aware, in UTC.
    ``raw`` is the whole record with exact numbers, even the fields that paysdk does not know. A
    field has the type ``object`` if it is documented as "any", or if the samples contradict its
    documented type.
    """

    id: int
    lines: tuple[InvoiceLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    payment_journal_entries: tuple[int | None, ...] = ()
    journal_entry_intercompany: object = None
    client_name: str | None = None
    client_email: str | None = None
    client_invoice_message: str | None = None
    client_use_stripe_auto_bill: bool | None = None
    status: str | None = None
    past_due_days: int | None = None
    entity_name: str | None = None
    entity_currency: str | None = None
    entity_invoice_message: str | None = None
    total_amount: Decimal | None = None
    amount_paid: Decimal | None = None
    amount_due: Decimal | None = None
    contract_name: str | None = None
    attachments: tuple[Attachment, ...] = ()
    invoice_number: str | None = None
    stripe_connection_name: str | None = None
    stripe_connection_entity: int | None = None
    stripe_connection_billing_portal_enabled: bool | None = None
    avalara_connection_name: str | None = None
    avalara_connection_company: str | None = None
    tax_rate_name: str | None = None
    tax_rate_value: Decimal | None = None
    revenue_transactions: tuple[int | None, ...] = ()
    item_date: date | None = None
    voided_journal_entry_order: str | int | None = None
    last_modified_at: Moment | None = None
    is_deleted: bool | None = None
    deleted_at: Moment | None = None
    search_vector: str | None = None
    search_text: str | None = None
    auto_send_invoice: bool | None = None
    auto_send_invoice_at: date | None = None
    auto_sent_at: datetime | date | None = None
    reminder_sent_dates: object = None
    billing_address: str | None = None
    shipping_address: str | None = None
    terms: str | None = None
    ref_number: str | None = None
    purchase_order_number: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    shipping_date: date | None = None
    paid_date: date | None = None
    uncollectible_date: date | None = None
    sent_date: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    location_of_sale: str | None = None
    message_on_invoice: str | None = None
    payment_status: str | None = None
    warning_message: str | None = None
    created_at: Moment | None = None
    currency: str | None = None
    exchange_rate: Decimal | None = None
    exchange_rate_book: Decimal | None = None
    last_sent_at: Moment | None = None
    integration_id: str | None = None
    integration_context: object = None
    vat_number: str | None = None
    discount: Decimal | None = None
    use_stripe_auto_bill: bool | None = None
    stripe_payment_link_id: str | None = None
    stripe_payment_intent_id: str | None = None
    stripe_invoice_id: str | None = None
    stripe_pdf_url: str | None = None
    stripe_payment_link: str | None = None
    source: str | None = None
    source_id: str | None = None
    voided_date: date | None = None
    customer: int | None = None
    entity: int | None = None
    client: int | None = None
    bad_debt_journal_entry: int | None = None
    journal_entry: int | None = None
    voided_journal_entry: int | None = None
    entity_transfer_journal_entry: int | None = None
    contract: int | None = None
    avalara_connection: int | None = None
    sphere_connection: int | None = None
    anrok_connection: int | None = None
    tax_rate: int | None = None
    stripe_connection: int | None = None
    source_file: int | None = None
    _raw: bytes = attrs.field(default=b"{}", alias="raw", eq=False, repr=False)

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a record is any JSON value
        """The whole record that the provider sent, with exact numbers."""
        return decode_exactly(self._raw)


@attrs.frozen(kw_only=True)
class InvoiceSummary:
    """An invoice as ``list_invoices`` yields it, without its lines and payments.

    The names are the API's own. Amounts are in major units of ``currency``. Times are aware, in
    UTC. The client pays, and the entity is the part of the organisation that is paid. ``status``
    and ``payment_status`` use different words, and the API may add more.
    """

    id: int
    invoice_number: str | None = None
    status: str | None = None
    payment_status: str | None = None
    currency: str | None = None
    total_amount: Decimal | None = None
    amount_paid: Decimal | None = None
    amount_due: Decimal | None = None
    client: int | None = None
    client_name: str | None = None
    entity: int | None = None
    entity_name: str | None = None
    entity_currency: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    paid_date: date | None = None
    voided_date: date | None = None
    is_deleted: bool | None = None
    created_at: Moment | None = None
    last_modified_at: Moment | None = None
    _raw: bytes = attrs.field(default=b"{}", alias="raw", eq=False, repr=False)

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a record is any JSON value
        """The whole record that the provider sent, with exact numbers."""
        return decode_exactly(self._raw)


# Fields of an Invoice that are decoded from another form. In one document ``auto_sent_at`` is a
# date, and in the other a time.
_ON_THE_WIRE: dict[str, Any] = {
    "payments": list[msgspec.Raw] | None,
    "lines": tuple[InvoiceLine, ...] | None,
    "attachments": tuple[Attachment, ...] | None,
    "payment_journal_entries": tuple[int | None, ...] | None,
    "revenue_transactions": tuple[int | None, ...] | None,
    "auto_sent_at": str | None,
}


def _on_the_wire(field: attrs.Attribute[Any]) -> tuple[str, Any] | tuple[str, Any, Any]:
    kind = _ON_THE_WIRE.get(field.name, field.type)
    return (field.name, kind) if field.default is attrs.NOTHING else (field.name, kind, None)


# It is made when the first invoice is read. A hundred fields take a while, and many programs only
# list payments.
@cache
def invoice_envelope() -> Any:  # noqa: ANN401  # a class that no type checker knows
    """The struct that an invoice is decoded into: the fields of ``Invoice`` in their wire form."""
    fields = attrs.fields(attrs.resolve_types(Invoice, include_extras=True))
    return msgspec.defstruct(
        "InvoiceEnvelope", [_on_the_wire(field) for field in fields if field.name != "_raw"]
    )


@cache
def summary_record() -> Any:  # noqa: ANN401  # likewise
    """The struct that a record of the list is decoded into: the fields of ``InvoiceSummary``."""
    fields = attrs.fields(attrs.resolve_types(InvoiceSummary, include_extras=True))
    return msgspec.defstruct(
        "InvoiceRecord",
        [
            (name, Amount | None, None) if kind == Decimal | None else (name, kind, *default)
            for name, kind, *default in (_on_the_wire(each) for each in fields[:-1])  # all but _raw
        ],
        bases=(RawRecord,),
        namespace={"modified_at": property(attrgetter("last_modified_at"))},
        kw_only=True,
        gc=False,
    )
