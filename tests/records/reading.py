"""Pages of both providers, and how the tests of this folder read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import paysdk.providers
from paysdk.errors import MalformedResponseError
from paysdk.providers.campfire.normalise import READER as CAMPFIRE
from paysdk.providers.notify.normalise import make_reader
from paysdk.records.malformed import decode_one_by_one
from paysdk.records.page import open_page, try_decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.payment import Payment
    from paysdk.records.page import Reader

__all__ = [
    "CAMPFIRE",
    "CAMPFIRE_ROW",
    "NOTIFY",
    "NOTIFY_ROW",
    "READERS",
    "SAMPLES",
    "fault_of",
    "good",
    "page_of",
    "payments_in",
    "with_field",
]


NOTIFY = make_reader(None)


READERS = pytest.mark.parametrize("reader", [CAMPFIRE, NOTIFY], ids=["campfire", "notify"])


PROVIDERS = Path(paysdk.providers.__file__).parent


SAMPLES = {path.stem: path.read_bytes() for path in sorted(PROVIDERS.glob("*/samples/*.json"))}


CAMPFIRE_ROW: dict[str, Any] = {
    "id": 1,
    "invoice_id": 2,
    "invoice_number": "INV-2",
    "amount": 1,
    "currency": "EUR",
    "payment_date": "2026-01-02",
    "external_id": "btxn_1",
    "source": "MANUAL",
    "voided_date": None,
    "created_at": "2026-01-02T03:04:05Z",
    "last_modified_at": "2026-01-02T03:04:05+0000",
}


NOTIFY_ROW: dict[str, Any] = {
    "id": "p1",
    "date": "02-01-2021",
    "amount": "100.00",
    "invoice": {
        "id": "i1",
        "number": "10001",
        "invoiceTotal": "480.00",
        "invoiceBalance": "380.00",
    },
    "customer": {"id": "c1", "number": "10001", "name": "Creditparters B.V."},
}


def page_of(reader: Reader[Payment], *records: object) -> bytes:
    """Make a page with these records. Bytes go into it unchanged."""
    parts = [
        record if isinstance(record, bytes) else json.dumps(record).encode() for record in records
    ]
    return b'{"%s":[%s]}' % (reader.path.removeprefix("$.").encode(), b",".join(parts))


def good(reader: Reader[Payment]) -> dict[str, Any]:
    """Return a record that *reader* can read."""
    return CAMPFIRE_ROW if reader is CAMPFIRE else NOTIFY_ROW


def payments_in(
    reader: Reader[Payment],
    body: bytes,
    set_aside: Callable[[MalformedResponseError], None] | None = None,
) -> list[Payment]:
    """Return all payments of a page."""
    page = open_page(reader, body)
    rows = try_decode(reader, list(map(bytes, page.records)))
    if rows is None:
        rows = [row for row in decode_one_by_one(reader, page, set_aside) if row is not None]
    return [reader.make(row) for row in rows]


def fault_of(reader: Reader[Payment], body: bytes) -> MalformedResponseError:
    """Return the error that reading a page raises."""
    with pytest.raises(MalformedResponseError) as caught:
        payments_in(reader, body)
    return caught.value


def with_field(record: dict[str, Any], path: str, value: object) -> bytes:
    """Return *record* with *value* at *path*, such as invoice.id. Bytes go into it unchanged."""
    outer, _, inner = path.partition(".")
    mark = "@mark@"
    changed = record | {outer: (record[outer] | {inner: mark}) if inner else mark}
    return (
        json.dumps(changed)
        .encode()
        .replace(
            f'"{mark}"'.encode(), value if isinstance(value, bytes) else json.dumps(value).encode()
        )
    )
