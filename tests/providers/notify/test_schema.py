"""Notify's shape, compared with its document."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

import paysdk.providers.notify
from paysdk.providers.notify import schema
from paysdk.providers.notify.normalise import NotifyRecord, make_reader
from paysdk.providers.notify.schema import Customer, Invoice, PageEnvelope

SAMPLE: dict[str, Any] = json.loads(
    (Path(paysdk.providers.notify.__file__).parent / "samples" / "list_payments.json").read_bytes()
)
PAYMENT = SAMPLE["payments"][0]


@pytest.mark.parametrize(
    ("struct", "sent"),
    [(NotifyRecord, PAYMENT), (Invoice, PAYMENT["invoice"]), (Customer, PAYMENT["customer"])],
    ids=["payment", "invoice", "customer"],
)
def test_fields_are_those_of_the_document(
    struct: type[msgspec.Struct], sent: dict[str, object]
) -> None:
    """Each documented field but "resource" is read, under the API's own name."""
    names = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert set(sent) - {"resource"} == names - {"<currency>", "<raw>"}


@pytest.mark.parametrize(
    ("struct", "expected"),
    [
        (NotifyRecord, ["id", "amount", "sent_invoice"]),
        (Invoice, ["id"]),
        (Customer, []),
        (PageEnvelope, ["payments"]),
    ],
)
def test_only_what_a_record_is_nothing_without_is_required(
    struct: type[msgspec.Struct], expected: list[str]
) -> None:
    """Every other field may be missing."""
    assert expected == [field.name for field in msgspec.structs.fields(struct) if field.required]


def test_no_amount_is_a_float() -> None:
    """Amounts are Decimals from their digits."""
    kinds = [getattr(schema, name) for name in schema.__all__]
    assert "float" not in "".join(
        str(get_type_hints(kind)) for kind in kinds if isinstance(kind, type)
    )
    (row,) = make_reader(None).rows([msgspec.json.encode(PAYMENT)])
    assert Decimal("480.00") == row.sent_invoice.total


def test_rows_have_no_time_of_modification() -> None:
    """Notify sends no time of modification, so a payment that comes twice is a repeat."""
    (row,) = make_reader(None).rows([msgspec.json.encode(PAYMENT)])
    assert row.modified_at is None
