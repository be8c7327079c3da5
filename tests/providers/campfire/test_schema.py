"""The shape of Campfire's payments, held against its documents."""

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
    """A payment of the document's page is one, and each of its fields has its place."""
    (sent,) = json.loads((SAMPLES / "list_invoice_payments.json").read_bytes())["results"]
    assert 123 == msgspec.convert(sent, CampfireRecord).id
    assert set(sent) <= {field.encode_name for field in msgspec.structs.fields(CampfireRecord)}


def test_only_what_a_payment_is_nothing_without_is_required() -> None:
    """The documents require more, and the samples contradict them."""
    assert ["id", "amount", "invoice_id"] == [
        field.name for field in msgspec.structs.fields(CampfireRecord) if field.required
    ]


def test_no_amount_is_a_float() -> None:
    """No field is typed as a float."""
    assert "float" not in str(get_type_hints(CampfireRecord).values())


def test_times_need_an_offset() -> None:
    """A time without an offset would be a guess."""
    assert isinstance(msgspec.convert("2025-05-02T16:24:50+0000", schema.Moment), datetime)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("2025-05-02T16:24:50", schema.Moment)
