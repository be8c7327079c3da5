"""The reader of every provider, made from the types of a page and of a record."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from paysdk.records.fields import RawRecord
from paysdk.records.page import RawPage
from paysdk.records.reader import RecordReader


class Record(RawRecord, kw_only=True):
    """A record with an untyped field, a setting and two times."""

    id: int
    note: Any = None
    currency: str | None = msgspec.field(default=None, name="<currency>")
    created_at: datetime | None = msgspec.field(default=None, name="made")
    modified_at: datetime | None = msgspec.field(default=None, name="at")


def make_reader() -> RecordReader[list[msgspec.Raw], Record, tuple[int, str | None]]:
    """A reader of these records."""
    return RecordReader(
        path="$",
        page=list[msgspec.Raw],
        open_page=lambda page: RawPage(page, None, None),
        row=Record,
        make=lambda row: (row.id, row.currency),
        settings={"currency": "EUR"},
    )


def test_number_that_no_decimal_holds_is_text() -> None:
    """A number with such an exponent in an untyped field does not make the record malformed."""
    (row,) = make_reader().rows([b'{"id": 1, "note": [1e99999999999999999999, 1.50]}'])
    assert ["1e99999999999999999999", Decimal("1.50")] == row.note


def test_settings_are_on_each_record() -> None:
    """A record gets the settings of its reader, whatever was sent."""
    reader = make_reader()
    rows = reader.rows([b'{"id": 1, "currency": "USD"}', b'{"id": 2}'])
    assert [(1, "EUR"), (2, "EUR")] == list(map(reader.make, rows))


def test_times_are_the_names_of_the_times_in_json() -> None:
    """The time of a malformed record is taken from these fields, the best one first."""
    assert ("at", "made") == make_reader().times


def test_id_is_the_name_of_the_id_in_json() -> None:
    """The id of a malformed record is taken from this field."""
    assert "id" == make_reader().id_name
