"""What can be counted of the benchmarks: modules, requests, turns of the event loop, objects."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

import pytest

from paysdk.payment import InvoiceRef, Payment
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.records.reader import RecordReader
from paysdk.transport.messages import RawResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.providers.campfire.normalise import CampfireRecord
    from paysdk.records.page import RawPage
    from paysdk.transport.messages import Request

pytestmark = pytest.mark.slow


def newly_loaded(code: str) -> set[str]:
    """The modules that *code* loads in a new interpreter."""
    command = [
        sys.executable,
        "-P",
        "-c",
        f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*sys.modules.keys() - before)",
    ]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def records_alive() -> int:
    """The number of payments and references to invoices in memory."""
    return sum(isinstance(thing, Payment | InvoiceRef) for thing in gc.get_objects())


def test_importing_loads_two_modules_beside_the_standard_library() -> None:
    """`import paysdk` loads itself and the module for lazy exports, and no dependency."""
    assert {"paysdk", "paysdk.distribution", "paysdk.lazy"} == {
        name
        for name in newly_loaded("import paysdk")
        if name.partition(".")[0] not in sys.stdlib_module_names
    }


@pytest.mark.parametrize(("name", "other"), [("Campfire", "notify"), ("Notify", "campfire")])
def test_first_provider_loads_only_its_own(name: str, other: str) -> None:
    """Making a provider loads no module of another provider, or for paying, tests or programs."""
    loaded = newly_loaded(f"from paysdk import {name}Provider\n{name}Provider('sandbox-key')")

    idle = {
        f"paysdk.providers.{other}",
        "paysdk.providers.campfire.invoices.schema",
        "paysdk.pagination.by_parameter",
        "paysdk.providers.campfire.paying.items",
        "paysdk.providers.campfire.paying.order",
        "paysdk.testing",
        "paysdk.converter",
        "paysdk.cli",
        "cattrs",
        "aiohttp.web",
        "rich",
        "typer",
    }
    assert set() == loaded & idle
    assert {"paysdk.transport.http", "aiohttp"} <= loaded


@pytest.mark.parametrize(
    ("pagination", "concurrency", "beyond_the_pages"),
    [
        ("cursor", 1, 0),
        ("offset", 1, 0),
        # The pages that were predicted before the last page said that it is the last.
        ("offset", 8, 7),
        # The count, seven bounds, a last page that is not full in each of eight windows, and the
        # second look at the end of the list.
        ("cursor", 8, 1 + 7 + 8 + 1),
    ],
)
async def test_requests_made(
    pagination: Literal["cursor", "offset"], concurrency: int, beyond_the_pages: int
) -> None:
    """A listing makes one request for each page, and a few more with concurrency."""
    async with (
        CampfireSandbox(payments=600) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        listing = campfire.list_payments(
            page_size=20, pagination=pagination, concurrency=concurrency
        )
        assert 600 == len(await listing.collect())

    assert len(sandbox.requests) <= listing.report.requests <= 30 + beyond_the_pages
    assert 30 <= len(sandbox.requests)


async def test_records_are_read_by_the_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop runs after each slice of a page that is decoded or made into payments."""
    turn = 0
    decoded: dict[int, int] = {}
    made: dict[int, int] = {}

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    read = RecordReader.rows

    def rows(
        self: RecordReader[Any, CampfireRecord, Payment], records: list[bytes]
    ) -> list[CampfireRecord]:
        found = read(self, records)
        decoded[turn] = decoded.get(turn, 0) + len(found)
        return found

    monkeypatch.setattr(RecordReader, "rows", rows)
    counting = asyncio.create_task(count())
    async with (
        CampfireSandbox(payments=3000) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        async for _ in campfire.list_payments(page_size=3000):
            made[turn] = made.get(turn, 0) + 1
    counting.cancel()

    assert (3000, 3000) == (sum(decoded.values()), sum(made.values()))
    assert max(decoded.values()) <= 500
    assert max(made.values()) <= 500


async def test_payments_are_made_one_at_a_time() -> None:
    """A listing that is read payment by payment never holds a page of payments."""
    before = records_alive()
    async with (
        CampfireSandbox(payments=500) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        alive = [
            records_alive() - before
            async for payment in campfire.list_payments(page_size=100)
            if int(payment.id) % 50 == 0
        ]

    assert alive
    assert max(alive) <= 4, alive


class RenderedPages:
    """A transport with this number of pages of ten payments, each rendered for its request."""

    def __init__(self, pages: int) -> None:
        self._pages = pages

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[RawResponse], RawPage],
        *_: object,
        **_settings: object,
    ) -> RawPage:
        """Return the response to *request*."""
        number = int(dict(parse_qsl(request.query)).get("cursor", "0"))
        rows = b",".join(
            b'{"id":%d,"invoice_id":1,"amount":1.25,"currency":"USD"}' % (number * 10 + row)
            for row in range(10)
        )
        link = b'"?cursor=%d"' % (number + 1) if number + 1 < self._pages else b"null"
        return read(RawResponse(200, {}, b'{"results":[' + rows + b'],"next":' + link + b"}"))


async def test_memory_does_not_grow_with_the_listing() -> None:
    """A listing keeps a few bytes for each page that it has read, and no payments."""
    campfire = CampfireProvider("sandbox-key", base_url="http://127.0.0.1:1")
    campfire._client._retrying = RenderedPages(700)  # type: ignore[assignment]  # no network
    kept: list[int] = []
    tracemalloc.start()
    async for payment in campfire.list_payments(page_size=10):
        # Python's own caches of URLs are full after three hundred pages.
        if payment.id in {"3005", "6005"}:
            gc.collect()
            kept.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    assert 2 == len(kept)
    assert kept[1] - kept[0] < 300 * 20
