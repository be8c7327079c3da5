"""Records that cannot be read: they end a listing, or are set aside."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from paysdk import NotifyProvider
from paysdk.errors import MalformedResponseError
from paysdk.events import Event, ResponseReceived
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import Request, Response
from tests.listing.sandboxes import LIST, Scripted, Server, campfire, ids, notify, truth

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_malformed_record_ends_the_listing() -> None:
    """The error has the path and the bytes of the record, and the pages before were returned."""
    rows: list[dict[str, object]] = [{} for _ in range(5)]
    rows[3]["amount"] = "much"
    async with CampfireSandbox(rows=rows) as sandbox, campfire(sandbox) as provider:
        listing, given = provider.list_payments(page_size=2), list[str]()
        with pytest.raises(MalformedResponseError) as raised:
            async for payment in listing:
                given.append(payment.id)
        place = [row["amount"] for row in sandbox.payments].index("much")
        assert truth(sandbox)[: place - place % 2] == given
        assert f"$.results[{place % 2}].amount" == raised.value.path
        assert truth(sandbox)[place] in raised.value.raw.decode()
        assert raised.value.url is not None
        assert raised.value.url.startswith(f"{sandbox.url}{LIST}?cursor=")
        assert raised.value.checkpoint is not None
        assert 3 >= len(sandbox.requests)


@pytest.mark.parametrize(
    "record",
    [
        b"{}",
        b"null",
        b"7",
        b'"x"',
        b"[]",
        b'{"id": null}',
        b'{"id": 1, "invoice_id": 1, "amount": "NaN"}',
    ],
)
async def test_malformed_record_is_set_aside(record: bytes) -> None:
    """``on_malformed`` is called once for each malformed record, and the rest is listed."""
    aside: list[MalformedResponseError] = []
    pages: dict[str, Any] = {
        "cursor=": ([1, msgspec.Raw(record), 2], "?cursor=b"),
        "cursor=b": ([msgspec.Raw(record)], None),
    }
    async with (
        Scripted(pages=pages) as server,
        campfire(server, on_malformed=aside.append) as provider,
    ):
        listing = provider.list_payments()
        assert ["1", "2"] == ids(await listing.collect())
        assert [f"{server.url}{LIST}?cursor=", f"{server.url}{LIST}?cursor=b"] == [
            error.url for error in aside
        ]
    assert [record, record] == [error.raw for error in aside]
    assert ["$.results[1]", "$.results[0]"] == [error.path[:12] for error in aside]
    assert (2, 2, True) == (
        listing.report.malformed,
        listing.report.payments,
        listing.report.complete,
    )


async def test_report_has_the_oldest_time_of_malformed_records() -> None:
    """The time is that of a record that was set aside, a second early."""
    record = b'{"id": 1, "amount": "?", "last_modified_at": "2026-01-05T10:00:01Z"}'
    pages: dict[str, Any] = {"cursor=": ([msgspec.Raw(record)], None)}
    async with (
        Scripted(pages=pages) as server,
        campfire(server, on_malformed=lambda _error: None) as provider,
    ):
        listing = provider.list_payments()
        assert [] == await listing.collect()
    assert datetime(2026, 1, 5, 10, tzinfo=UTC) == listing.report.oldest_malformed


async def test_on_malformed_may_raise() -> None:
    """An exception of ``on_malformed`` ends the listing."""

    def refuse(error: MalformedResponseError) -> None:
        raise LookupError(error.path)

    pages: dict[str, Any] = {"cursor=": ([msgspec.Raw(b"{}")], None)}
    async with Scripted(pages=pages) as server, campfire(server, on_malformed=refuse) as provider:
        with pytest.raises(LookupError, match=r"\$\.results\[0\]"):
            await provider.list_payments().collect()


async def test_malformed_record_in_an_overlap_is_set_aside_once() -> None:
    """A malformed record that is on two pages is set aside once, and no payment is lost."""
    aside: list[MalformedResponseError] = []
    async with (
        NotifySandbox(payments=6, links="last-of-page") as sandbox,
        notify(sandbox, on_malformed=aside.append) as provider,
    ):
        spoilt = truth(sandbox)[2]
        sandbox.change_payment(spoilt, amount="much")
        found = ids(await provider.list_payments(page_size=2).collect())
        assert [payment_id for payment_id in truth(sandbox) if payment_id != spoilt] == found
    assert 1 == len(aside)


async def test_page_full_of_malformed_records_hides_nothing() -> None:
    """If all new records of a page are malformed, a larger page finds those after them."""
    aside: list[MalformedResponseError] = []
    async with (
        NotifySandbox(payments=9, links="first-of-page") as sandbox,
        notify(sandbox, on_malformed=aside.append) as provider,
    ):
        spoilt = truth(sandbox)[1:5]
        for payment_id in spoilt:
            sandbox.change_payment(payment_id, amount="1_000")
        assert [each for each in truth(sandbox) if each not in spoilt] == ids(
            await provider.list_payments(page_size=2).collect()
        )
    assert {"$.payments"} == {error.path.partition("[")[0] for error in aside}


def notify_pages(
    pages: list[list[dict[str, Any]]], links: list[object]
) -> Callable[[Request], Response]:
    """Return these pages of Notify one after the other, each with its link."""
    numbers = iter(range(len(pages)))

    def reply(_: Request) -> Response:
        number = next(numbers)
        link = links[number]
        return Response(
            200,
            json.dumps(
                {"payments": pages[number], "links": {"next": {"href": link} if link else None}}
            ).encode(),
        )

    return reply


def listed(payment_id: str, **fields: object) -> dict[str, Any]:
    """A record of Notify."""
    return {"id": payment_id, "amount": "1.00", "invoice": {"id": "i"}, **fields}


@pytest.mark.parametrize(
    ("pages", "links", "expected"),
    [
        # No overlap: the link has the first id of the next page.
        (
            [[listed("a"), {}, {}], [listed("b"), {}, {}], [listed("c"), {}, {}]],
            ["?from=b", "?from=c", None],
            6,
        ),
        # The empty objects are at the end of each page, and are not repeated.
        ([[listed("a"), {}, {}], [listed("a"), listed("b"), {}, {}]], ["?from=a", None], 4),
        # The empty objects are in the overlap, so they are repeated.
        ([[listed("a"), {}, {}], [listed("a"), {}, {}, listed("b")]], ["?from=a", None], 2),
        ([[listed("a"), {}, {}], [listed("a"), {}, {}, {}, listed("b")]], ["?from=a", None], 3),
        # The first record of the next page is itself malformed.
        (
            [[listed("a"), listed("x", amount="1,5")], [listed("x", amount="1,5"), listed("b")]],
            ["?from=x", None],
            1,
        ),
        (
            [[listed("a"), listed("x", amount="1,5")], [listed("y", amount="1,5"), listed("b")]],
            ["?from=y", None],
            2,
        ),
    ],
)
async def test_only_malformed_records_of_the_overlap_are_repeats(
    pages: list[list[dict[str, Any]]], links: list[object], expected: int
) -> None:
    """Equal malformed records are reported each time, except in the overlap of two pages."""
    aside: list[MalformedResponseError] = []
    async with (
        Server(reply=notify_pages(pages, links)) as server,
        NotifyProvider("sandbox-key", base_url=server.url, on_malformed=aside.append) as provider,
    ):
        listing = provider.list_payments(page_size=3)
        given = [payment.id async for payment in listing]
    assert (
        sorted({row["id"] for page in pages for row in page if row.get("amount") == "1.00"})
        == given
    )
    assert (expected, expected) == (len(aside), listing.report.malformed)


async def test_other_tasks_run_while_records_are_read_one_by_one() -> None:
    """The event loop runs after each fifty records of a page that has a malformed one."""
    turns = 0
    at_response = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def note_turns(event: Event) -> None:
        nonlocal at_response
        if isinstance(event, ResponseReceived):
            at_response = turns

    aside: list[MalformedResponseError] = []
    pages: dict[str, Any] = {"cursor=": ([*range(1, 501), msgspec.Raw(b"{}")], None)}
    async with (
        Scripted(pages=pages) as server,
        campfire(server, on_malformed=aside.append, on_event=note_turns) as provider,
    ):
        counting = asyncio.create_task(count_turns())
        payments = await provider.list_payments().collect()
        counting.cancel()
    assert (500, 1) == (len(payments), len(aside))
    assert turns - at_response >= 10
