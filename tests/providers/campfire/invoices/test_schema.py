"""The shape of Campfire's invoices, compared with its documents."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import attrs
import msgspec
import pytest

import paysdk.providers.campfire
from paysdk.providers.campfire.invoices import schema as invoice_schema
from paysdk.providers.campfire.invoices.schema import (
    Attachment,
    Invoice,
    InvoiceLine,
    PaidIds,
    invoice_envelope,
)

SAMPLES = Path(paysdk.providers.campfire.__file__).parent / "samples"
# The sample of Mark Invoice as Paid has every field that either document names.
WHOLE: dict[str, Any] = json.loads((SAMPLES / "mark_invoice_paid.json").read_bytes())


@pytest.mark.parametrize(
    ("record", "sent"),
    [(Invoice, WHOLE), (InvoiceLine, WHOLE["lines"][0]), (Attachment, WHOLE["attachments"][0])],
    ids=["invoice", "line", "attachment"],
)
def test_fields_are_those_of_the_document(
    record: type[attrs.AttrsInstance], sent: dict[str, object]
) -> None:
    """Each record has every documented field, under the API's own name, and no other."""
    assert set(sent) == {field.name for field in attrs.fields(record)} - {"_raw"}


@pytest.mark.parametrize("record", [Invoice, InvoiceLine, Attachment])
def test_only_the_id_is_required(record: type[Any]) -> None:
    """Only the id is required, because the document's own sample lacks other fields."""
    assert ["id"] == [
        field.name for field in attrs.fields(record) if field.default is attrs.NOTHING
    ]
    assert 1 == record(id=1).id


def test_no_amount_is_a_float() -> None:
    """Money and rates are Decimals, and no field of a record is a float."""
    for name in invoice_schema.__all__:
        kind = getattr(invoice_schema, name)
        if isinstance(kind, type):
            assert "float" not in str(get_type_hints(kind).values())
    amounts = [
        field.name
        for field in attrs.fields(attrs.resolve_types(Invoice))
        if field.type == Decimal | None
    ]
    assert [
        "total_amount",
        "amount_paid",
        "amount_due",
        "tax_rate_value",
        "exchange_rate",
        "exchange_rate_book",
        "discount",
    ] == amounts


def test_records_for_users_are_frozen() -> None:
    """An invoice, its lines and its attachments cannot be changed."""
    for record in (Invoice(id=1), InvoiceLine(id=1), Attachment(id=1)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            record.id = 2  # type: ignore[misc]  # what is refused


def test_raw_of_an_invoice_is_not_compared_and_not_printed() -> None:
    """Invoices are compared by their fields, and print without what was sent."""
    invoice = Invoice(id=1, raw=b'{"id":1,"secret":2.50}')
    assert Invoice(id=1) == invoice
    assert "secret" not in repr(invoice)
    assert {"id": 1, "secret": Decimal("2.50")} == invoice.raw
    assert {} == Invoice(id=1).raw


def test_envelope_takes_what_the_document_sends() -> None:
    """The types for both responses decode the documents' samples."""
    assert WHOLE["id"] == msgspec.json.decode(json.dumps(WHOLE), type=invoice_envelope()).id
    assert [22221, 22222] == msgspec.json.decode(
        (SAMPLES / "mark_invoice_paid_ids.json").read_bytes(), type=PaidIds
    ).payment_ids
