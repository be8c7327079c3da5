"""One listing of a provider: its requests, its pages, its counts, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from paysdk.errors import BadRequestError
from paysdk.events import Event, PageRead, RequestSent
from paysdk.pagination import FollowLinks, LinkHeader, encode_query
from paysdk.provider import ListingReport
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.records.page import RawPage
from tests.acme import READER, SINCE, page, serve, three_pages
from tests.listing.sandboxes import campfire, ids

if TYPE_CHECKING:
    from paysdk.listing.endpoint import FetchPage
    from paysdk.transport.requester import Requester


async def test_filter_that_is_a_header() -> None:
    """It is sent with each page of its listing, also after resuming, and never in a URL."""
    events: list[Event] = []
    async with serve(three_pages, on_event=events.append) as (acme, requests):
        pages = acme.list_payments(modified_since=SINCE).pages()
        first = await anext(pages)
        assert await acme.list_payments().collect()
        assert 2 == len(await acme.list_payments(resume=str(first.checkpoint)).collect())
        assert 2 == len([each async for each in pages])
    stamp = f"{SINCE:%c}"
    by_page: dict[str | None, int] = {}
    for each in requests:
        value = each.headers.get("If-Modified-Since")
        by_page[value] = by_page.get(value, 0) + 1
        assert "Modified" not in each.path_qs
    assert {stamp: 5, None: 3} == by_page
    assert not any("Modified" in each.url for each in events if isinstance(each, RequestSent))


async def test_status_that_means_nothing_was_found() -> None:
    """A 304 is an empty listing if the API says so."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=304)

    async with serve(handler) as (acme, _):
        listing = acme.list_payments(modified_since=SINCE)
        assert [] == await listing.collect()
        assert (1, True) == (listing.report.pages, listing.report.complete)
        assert None is (await acme.request("GET", "/payments")).json()


async def test_report_of_an_empty_response() -> None:
    """A status that means that nothing was found is a page without payments and without a count."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=304, headers={"Link": '<?page=2>; rel="next"'})

    async with serve(handler) as (acme, requests):
        links = LinkHeader("", {"page"})
        listing = acme._listing("/payments", links, READER, filters={}, resume=None)
        assert None is await listing.first()
    assert (1, ListingReport(pages=1, requests=1, complete=True)) == (len(requests), listing.report)


async def test_link_in_a_header() -> None:
    """If the pagination names a header, the link to the next page comes from that header."""

    async def handler(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("page", "1"))
        response = page(number, "?page=9")
        if number < 3:
            response.headers["Link"] = f'<?page={number + 1}>; rel="next"'
        return response

    async with serve(handler) as (acme, _):
        links = LinkHeader("", {"page"})
        listing = acme._listing("/payments", links, READER, filters={}, resume=None)
        assert ["1", "2", "3"] == ids(await listing.collect())


async def test_each_page_is_counted_and_reported() -> None:
    """Each page is an event with its number, its payments, and the count of the provider."""
    events: list[Event] = []
    async with (
        CampfireSandbox(payments=5) as sandbox,
        campfire(sandbox, on_event=events.append) as provider,
    ):
        listing = provider.list_payments(page_size=2)
        pages = [each async for each in listing.pages()]
    assert [
        PageRead("campfire", 1, 2, 5),
        PageRead("campfire", 2, 2, 5),
        PageRead("campfire", 3, 1, 5),
    ] == [each for each in events if isinstance(each, PageRead)]
    assert [True, True, False] == [each.checkpoint is not None for each in pages]
    assert [(5, ())] * 3 == [(each.reported_count, each.left_out) for each in pages]
    counts = ListingReport(
        pages=3, payments=5, requests=3, reported_first=5, reported_last=5, complete=True
    )
    assert counts == listing.report


async def test_nothing_is_requested_before_it_is_needed() -> None:
    """``first`` and a limit request one page at a time, whatever the concurrency is."""
    async with CampfireSandbox(payments=9) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=2, pagination="offset", concurrency=4)
        assert await listing.first() is not None
        assert 1 == len(sandbox.requests)
        assert 4 == len(await listing.collect(limit=4))
        assert 3 == len(sandbox.requests)


async def test_page_fetcher_gets_a_query_without_headers() -> None:
    """A filter that is a header is sent by the requester, and is not in the query of a page."""
    queries: list[str] = []

    async def fetch(requester: Requester, query: str) -> RawPage:
        queries.append(query)
        return RawPage((await requester.get("/ids", decode=READER.split)).records, None, None)

    def one_pass() -> FetchPage:
        queries.append("a new pass")
        return fetch

    filters = {"If-Modified-Since": f"{SINCE:%c}", "kind": "paid"}
    links = FollowLinks(encode_query(filters.items()), ["page"], None, filters=list(filters))
    async with serve(three_pages) as (acme, requests):
        listing = acme._listing(
            "/payments", links, READER, filters=filters, resume=None, page_fetcher=one_pass
        )
        assert [["1"]] * 2 == [ids(await listing.collect()) for _ in range(2)]
    assert ["a new pass", "kind=paid"] * 2 == queries
    assert [filters["If-Modified-Since"]] * 2 == [
        each.headers["If-Modified-Since"] for each in requests
    ]


async def test_error_says_which_page_failed() -> None:
    """An error has the URL of its page, and a checkpoint once there is something to resume."""
    broken = {"1", "2"}

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.query.get("page", "1") in broken:
            return web.Response(status=400)
        return await three_pages(request)

    async with serve(handler) as (acme, _):
        with pytest.raises(BadRequestError) as first:
            await acme.list_payments().first()
        broken.remove("1")
        with pytest.raises(BadRequestError) as second:
            _ = [each async for each in acme.list_payments()]
        resume = second.value.checkpoint
        with pytest.raises(BadRequestError) as again:
            await acme.list_payments(resume=resume).first()
        broken.clear()
        assert ["2", "3"] == ids(await acme.list_payments(resume=resume).collect())
    url = f"{acme.base_url}/payments"
    assert [(url, None), (f"{url}?page=2", resume), (f"{url}?page=2", resume)] == [
        (each.value.url, each.value.checkpoint) for each in (first, second, again)
    ]
    assert ["acme", "acme", "acme"] == [each.value.provider for each in (first, second, again)]


async def test_endpoint_without_a_fetcher() -> None:
    """An endpoint without a fetcher is the same in each pass."""
    async with serve(three_pages) as (acme, _):
        endpoint = acme.list_payments()._endpoint  # type: ignore[attr-defined]  # a PagedListing
        assert endpoint is endpoint.for_one_pass()
