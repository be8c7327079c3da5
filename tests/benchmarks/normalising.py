"""1. From a page's bytes to its list of payments, the records kept, against `json.loads` of the same bytes into dicts of floats."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from rounds import Line, at_most, interleaved, report
from rows import campfire_page, campfire_row, notify_page, times

from paysdk.providers.campfire.normalise import CampfireReader
from paysdk.providers.notify.normalise import NotifyReader
from paysdk.records.page import Reader, batches, open_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.payment import Payment

ROUNDS = 25
# Small pages are read several times over, so that each turn takes some ten milliseconds.
RECORDS_A_TURN = 10_000


def payments(reader: Reader[Payment], body: bytes) -> list[Payment]:
    """What a listing does with a page, but for its turns for the event loop."""
    found: list[Payment] = []
    for records in batches(open_page(reader, body).records):
        found += map(reader.make, reader.rows(records))
    return found


def repeated(read: Callable[[bytes], object], body: bytes, times_over: int) -> None:
    """Read a page so many times."""
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
    """A page of Campfire's."""
    rows = [
        campfire_row(number, modified, later_fields=later_fields)
        for number, modified in enumerate(times(size, "even"))
    ]
    return campfire_page(rows, size, None).encode()


if __name__ == "__main__":
    compare(
        "Campfire, 10,000 a page, the document's 10 fields",
        CampfireReader(),
        campfire(10_000, later_fields=False),
        10_000,
    )
    compare(
        "Campfire, 10,000 a page, the later schema's 12 fields",
        CampfireReader(),
        campfire(10_000, later_fields=True),
        10_000,
    )
    compare("Notify, 250 a page", NotifyReader("EUR"), notify_page(0, 250).encode(), 250)
