"""1. From the bytes of a page to its payments, against `json.loads` of the same bytes."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from rounds import Line, Verdict, at_most, interleaved, report
from rows import campfire_page, campfire_row, notify_page, times

from paysdk import InvoiceRef
from paysdk.providers.campfire.normalise import READER
from paysdk.providers.notify.normalise import make_reader
from paysdk.records.columns import Amount
from paysdk.records.fields import PaymentRecord
from paysdk.records.page import RawPage, Reader, batches, open_page
from paysdk.records.table_reader import TableReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import Payment

ROUNDS = 25
# Small pages are read several times over, so that each turn takes some ten milliseconds.
RECORDS_A_TURN = 10_000
# A record of a provider that is made with `TableReader` may take so many microseconds.
SCHEMA_MICROSECONDS = 3.0


def payments(reader: Reader[Payment], body: bytes) -> list[Payment]:
    """Read a page as a listing does, but without pauses for the event loop."""
    found: list[Payment] = []
    for records in batches(open_page(reader, body).records):
        found += map(reader.make, reader.rows(records))
    return found


def repeated(read: Callable[[bytes], object], body: bytes, times_over: int) -> None:
    """Read a page this many times."""
    for _ in range(times_over):
        read(body)


def compare(what: str, reader: Reader[Payment], body: bytes, size: int) -> None:
    """Measure one kind of page."""
    if len(payments(reader, body)) != size:
        raise AssertionError(f"{what}: not every record was read")
    over = RECORDS_A_TURN // size
    seconds = interleaved(
        {
            "ours": partial(repeated, partial(payments, reader), body, over),
            "theirs": partial(repeated, json.loads, body, over),
        },
        ROUNDS,
    )
    each = {name: taken / RECORDS_A_TURN * 1e6 for name, taken in seconds.items()}
    against = f"`json.loads` to dicts of floats: {each['theirs']:.2f} µs"
    report(
        Line(
            part=1,
            what=what,
            ours=f"{each['ours']:.2f} µs a payment",
            against=against,
            verdict=at_most(each["ours"] / each["theirs"], 1.5),
        )
    )


def campfire(size: int, *, later_fields: bool) -> bytes:
    """Make a page of Campfire's."""
    rows = [
        campfire_row(number, modified, later_fields=later_fields)
        for number, modified in enumerate(times(size, "even"))
    ]
    return campfire_page(rows, size, None).encode()


class Record(PaymentRecord, kw_only=True):
    """A record of a third party's API."""

    provider = "acme"
    id: str
    amount: Amount
    currency: str
    number: str = msgspec.field(name="invoice")

    @property
    def invoice(self) -> InvoiceRef:
        """The invoice."""
        return InvoiceRef(id=self.number, number=self.number)

    created_at: datetime = msgspec.field(name="created")


class Page(msgspec.Struct):
    """A page of a third party's API."""

    payments: list[msgspec.Raw]


def schema_page(size: int) -> bytes:
    """Make a page of a third party's API."""
    return msgspec.json.encode(
        {
            "payments": [
                {
                    "id": f"ch_{number:010d}",
                    "amount": f"{number % 9000 + 10}.{number * 7 % 100:02d}",
                    "currency": "EUR",
                    "created": f"2026-01-{number % 28 + 1:02d}T12:00:00+01:00",
                    "invoice": f"INV-{number // 2:07d}",
                    "description": "Thank you for your order",
                }
                for number in range(size)
            ]
        }
    )


def measure_schema(size: int) -> None:
    """Measure a third party's provider, with payments that are read like any others."""
    reader = TableReader(
        path="$.payments",
        page=Page,
        open_page=lambda page: RawPage(page.payments, None, None),
        row=Record,
    )
    body = schema_page(size)
    if len(payments(reader, body)) != size:
        raise AssertionError("not every record was read")
    read = partial(repeated, partial(payments, reader), body, RECORDS_A_TURN // size)
    each = interleaved({"ours": read}, ROUNDS)["ours"] / RECORDS_A_TURN * 1e6
    report(
        Line(
            part=1,
            what=f"A third party's provider through `TableReader`, {size} a page",
            ours=f"{each:.2f} µs a payment",
            against="",
            verdict=Verdict("", f"at most {SCHEMA_MICROSECONDS:g} µs", each <= SCHEMA_MICROSECONDS),
        )
    )


if __name__ == "__main__":
    compare(
        "Campfire, 10,000 a page, the document's 10 fields",
        READER,
        campfire(10_000, later_fields=False),
        10_000,
    )
    compare(
        "Campfire, 10,000 a page, the later schema's 12 fields",
        READER,
        campfire(10_000, later_fields=True),
        10_000,
    )
    compare("Notify, 250 a page", make_reader("EUR"), notify_page(0, 250).encode(), 250)
    measure_schema(250)
