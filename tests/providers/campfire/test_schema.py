"""The shape of Campfire's payments, compared with its documents."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

import paysdk.providers.campfire
from paysdk.providers.campfire import schema
from paysdk.providers.campfire.normalise import CampfireRecord

SAMPLES = Path(paysdk.providers.campfire.__file__).parent / "samples"


def test_row_takes_what_the_document_sends() -> None:
    """The record in the document's page can be read, and each of its fields has a place."""
    (sent,) = json.loads((SAMPLES / "list_invoice_payments.json").read_bytes())["results"]
    assert 123 == msgspec.convert(sent, CampfireRecord).id
    assert set(sent) <= {field.encode_name for field in msgspec.structs.fields(CampfireRecord)}


def test_only_what_a_payment_is_nothing_without_is_required() -> None:
    """Only a few fields are required, because samples lack some that the documents require."""
    assert ["id", "amount", "invoice_id"] == [
        field.name for field in msgspec.structs.fields(CampfireRecord) if field.required
    ]


def test_no_amount_is_a_float() -> None:
    """No field is typed as a float."""
    assert "float" not in str(get_type_hints(CampfireRecord).values())


def test_times_need_an_offset() -> None:
    """A time without an offset is refused, because its zone would be a guess."""
    assert isinstance(msgspec.convert("2025-05-02T16:24:50+0000", schema.Moment), datetime)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("2025-05-02T16:24:50", schema.Moment)
