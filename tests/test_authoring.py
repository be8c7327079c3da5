"""A provider for an API with habits of its own is written from the names for authors alone."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, Unpack

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from paysdk.authoring import (
    MORE,
    ApiKey,
    Capabilities,
    Checkpoint,
    ConfigurationError,
    ErrorDetails,
    FollowLinks,
    InvoiceRef,
    Listing,
    MalformedResponseError,
    PagedListing,
    PageNumber,
    Payment,
    RawPage,
    RawResponse,
    Requester,
    RestProvider,
    RestSettings,
    SchemaReader,
    encode_query,
    parameters_of,
    wrap_key,
)
from paysdk.errors import BadRequestError, ConnectionFailedError, RateLimitedError
from paysdk.events import Event, RequestSent, ResponseReceived
from paysdk.transport.policy import RetryPolicy

SINCE = datetime(2026, 1, 31, 12, tzinfo=UTC)
QUICK = RetryPolicy(attempts=3, wait_initial=0.001)


class Record(msgspec.Struct):
    """A payment of the API."""

    id: int
    amount: str


class Records(msgspec.Struct):
    """A page of the API."""

    data: list[msgspec.Raw]
    next: str | None = None


def normalise(record: Record, _raw: bytes) -> Payment:
    """Return the payment in a record."""
    if record.id == 0:
        raise TypeError("an id is 0")
    return Payment(
        provider="acme",
        id=str(record.id),
        amount=Decimal(record.amount),
        invoice=InvoiceRef(id=str(record.id)),
    )


READER = SchemaReader(
    path="$.data",
    page=Records,
    open_page=lambda page: RawPage(page.data, page.next, None),
    row=Record,
    normalise=normalise,
)


decode_records = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ByIds:
    """Fetches two records at a time, by a list of ids that it requests once."""

    def __init__(self) -> None:
        self._ids: list[int] | None = None

    async def __call__(self, requester: Requester, query: str) -> RawPage:
        """Return the page of a query."""
        if self._ids is None:
            self._ids = (await requester.get("/ids")).json()
        first = 2 * int(parameters_of(query).get("page", "1")) - 2
        chosen = self._ids[first : first + 2]
        body = {"ids": chosen}
        records = await requester.post("/payments", json=body, decode=decode_records)
        more = MORE if self._ids[first + 2 :] else None
        return RawPage(records, more, None)


class Acme(RestProvider):
    """A provider that has every habit of its own."""

    name: str = "acme"
    capabilities: Capabilities = Capabilities(
        filters=frozenset({"modified_since"}),
        max_page_size=100,
        reports_voids=False,
        lists_incrementally=True,
    )
    default_base_url: ClassVar[str] = "https://api.acme.example"
    authorization_scheme: ClassVar[str] = "Bearer"
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/vnd.acme+json"}
    header_parameters: ClassVar[frozenset[str]] = frozenset({"If-Modified-Since"})
    reset_headers: ClassVar[tuple[str, ...]] = ("X-Acme-Reset",)
    empty_statuses: ClassVar[frozenset[int]] = frozenset({304})

    def __init__(
        self, api_key: ApiKey, *, division: str = "d1", **settings: Unpack[RestSettings]
    ) -> None:
        key = wrap_key(api_key)
        del api_key
        super().__init__(key, headers={"Acme-Division": division}, tenant=division, **settings)

    def explain_error(self, response: RawResponse) -> ErrorDetails | None:
        """Return what the header of an error says."""
        said = response.headers.get("x-acme-error")
        return None if said is None else ErrorDetails(detail=said, fields={"amount": (said,)})

    def list_payments(
        self,
        *,
        modified_since: datetime | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> Listing:
        """Return the payments."""
        filters = {} if modified_since is None else {"If-Modified-Since": f"{modified_since:%c}"}
        size = {} if page_size is None else {"limit": str(page_size)}
        first = encode_query([*size.items(), *filters.items()])
        pages = FollowLinks(first, ["page"], page_size, filters=list(filters))
        return self._listing("/payments", pages, READER, filters=filters, resume=resume)

    async def count(self) -> int:
        """Return how many payments there are."""
        count: int = (await self._get("/count", {"of": "payments"})).json()
        return count

    def list_all(self, *, resume: Checkpoint | str | None = None) -> Listing:
        """Return the payments of two endpoints."""
        return self._join(self._part("/old"), self._part("/new"), resume=resume)

    def list_one(self, *, old: bool = False, resume: Checkpoint | str | None = None) -> Listing:
        """Return the payments of one of two endpoints."""
        if resume is not None:
            return self._resume(resume, self._part("/old"), self._part("/new"))
        return self._part("/old" if old else "/new")

    def _part(self, path: str) -> PagedListing[Payment]:
        pages = FollowLinks("", ["page"], None)
        return self._listing(path, pages, READER, filters={}, resume=None)

    def list_by_ids(self, *, resume: Checkpoint | str | None = None) -> Listing:
        """Return the payments, two at a time by their ids."""
        return self._listing(
            "/payments",
            PageNumber("", "page"),
            READER,
            filters={},
            resume=resume,
            page_fetcher=ByIds,
        )


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serve(
    handler: Handler,
    *,
    division: str = "d1",
    session: aiohttp.ClientSession | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> AsyncIterator[tuple[Acme, list[web.Request]]]:
    """Serve with a handler, and return a provider and the requests so far."""
    requests: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        requests.append(request)
        return await handler(request)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(application) as server:
        url = str(server.make_url("")).rstrip("/")
        async with Acme(
            "letmein-please",
            division=division,
            base_url=url,
            retry=QUICK,
            session=session,
            on_event=on_event,
        ) as acme:
            yield acme, requests


def page(first: int, following: str | None = None) -> web.Response:
    """Return a page of one payment."""
    return web.json_response({"data": [{"id": first, "amount": "1.50"}], "next": following})


async def three_pages(request: web.Request) -> web.StreamResponse:
    """Serve three pages whose links do not repeat any filter."""
    number = int(request.query.get("page", "1"))
    return page(number, f"/payments?page={number + 1}" if number < 3 else None)


async def test_headers_go_out_with_each_request() -> None:
    """Later pages, retries, redirects, second requests and writes have the provider's headers."""
    replies = iter([web.Response(status=503), web.Response(status=302, headers={"Location": "/b"})])

    async def handler(request: web.Request) -> web.StreamResponse:
        reply = next(replies, None)
        if reply is not None:
            return reply
        return await three_pages(request)

    async with serve(handler) as (acme, requests):
        assert 3 == len(await acme.list_payments().collect())
        await acme.request("GET", "/other")
        await acme.request("POST", "/other", json={})
    sent = [(each.headers["Acme-Division"], each.headers["Accept"]) for each in requests]
    assert [("d1", "application/vnd.acme+json")] * 7 == sent
    assert all(each.headers["User-Agent"].startswith("paysdk/") for each in requests)


async def test_usual_headers_go_out_over_a_given_session() -> None:
    """A session of your own says that JSON is wanted, unless it says something itself."""
    async with (
        aiohttp.ClientSession(headers={"User-Agent": "books/7"}) as session,
        serve(three_pages, session=session) as (acme, requests),
    ):
        await acme.list_payments().first()
    assert ("books/7", "application/vnd.acme+json") == (
        requests[0].headers["User-Agent"],
        requests[0].headers["Accept"],
    )


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_authorization_is_no_header_of_a_provider(name: str) -> None:
    """The key is given as api_key only."""

    class Leaky(Acme):
        headers: ClassVar[Mapping[str, str]] = {name: "Bearer x"}

    with pytest.raises(ConfigurationError, match="must not have Authorization"):
        Leaky("letmein")


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


async def test_checkpoint_of_another_tenant() -> None:
    """A checkpoint belongs to the tenant that it was made for."""
    async with serve(three_pages) as (acme, _), serve(three_pages, division="d2") as (other, _):
        first = await anext(acme.list_payments().pages())
        with pytest.raises(ConfigurationError, match="belongs to 'acme#d1', not to 'acme#d2'"):
            other.list_payments(resume=first.checkpoint)


@pytest.mark.parametrize("scheme", [None, "", "Be\r\narer", "B\xe9", "Bearer token"])
def test_scheme_is_a_name(scheme: str) -> None:
    """A scheme that HTTP cannot send is refused when the provider is made."""

    class Odd(Acme):
        authorization_scheme: ClassVar[str] = scheme

    with pytest.raises(ConfigurationError, match="authorization_scheme must be a name"):
        Odd("letmein")


def test_settings_of_a_provider_without_a_constructor() -> None:
    """It has the settings of every provider, and none that only constructors pass on."""

    class Plain(RestProvider):
        name: str = "plain"

    assert {"headers", "tenant"}.isdisjoint(inspect.signature(Plain).parameters)
    assert "timeout" in inspect.signature(Plain).parameters


def test_origin_says_which_tenant() -> None:
    """The origin is the base URL and the tenant."""
    acme = Acme("letmein", division="d7")
    assert ("https://api.acme.example", "https://api.acme.example#d7") == (
        acme.base_url,
        acme.origin,
    )


@pytest.mark.parametrize("division", ["", " d", "d\n", 7])
def test_tenant_is_a_text(division: str) -> None:
    """A tenant that is no text of one line is refused."""

    class Bare(Acme):
        def __init__(self, tenant: str) -> None:
            RestProvider.__init__(self, "letmein", tenant=tenant)

    with pytest.raises(ConfigurationError, match="tenant must be a text of one line"):
        Bare(division)


async def test_status_that_means_nothing_was_found() -> None:
    """A 304 is an empty listing if the API says so."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=304)

    async with serve(handler) as (acme, _):
        listing = acme.list_payments(modified_since=SINCE)
        assert [] == await listing.collect()
        assert (1, True) == (listing.report.pages, listing.report.complete)
        assert None is (await acme.request("GET", "/payments")).json()


async def test_errors_in_the_words_of_the_api() -> None:
    """A provider explains its own errors, and an error has the headers of its response."""

    async def handler(request: web.Request) -> web.StreamResponse:
        said = {"X-Acme-Error": "too much"} if request.path == "/pay" else {}
        return web.json_response(
            {"message": "Bad", "request_id": "r1"},
            status=400,
            headers={**said, "Set-Cookie": "a=b"},
        )

    async with serve(handler) as (acme, _):
        with pytest.raises(BadRequestError, match="400 too much") as own:
            await acme.request("POST", "/pay", json={})
        with pytest.raises(BadRequestError, match="400 Bad") as usual:
            await acme.request("GET", "/other")
    assert {"amount": ("too much",)} == own.value.fields
    assert ("r1", {}) == (usual.value.request_id, usual.value.fields)
    assert "too much" == own.value.headers["x-acme-error"]
    assert "set-cookie" not in own.value.headers


async def test_reset_header_of_its_own() -> None:
    """A 429 without Retry-After names its wait in the header of the API."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"X-Acme-Reset": "90"})

    async with serve(handler) as (acme, requests):
        with pytest.raises(RateLimitedError) as raised:
            await acme.list_payments().first()
    assert (90.0, 1) == (raised.value.retry_after, len(requests))


async def test_events_have_the_headers_about_limits() -> None:
    """A limiter of your own can go by what each response says about the rate limit."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"data": []},
            headers={"X-MinLimit-Remaining": "59", "X-Limit-Key": "letmein-please", "X-Other": "x"},
        )

    events: list[Event] = []
    async with serve(handler, on_event=events.append) as (acme, _):
        await acme.list_payments().first()
    assert [{"x-minlimit-remaining": "59", "x-limit-key": "***"}] == [
        each.headers for each in events if isinstance(each, ResponseReceived)
    ]


async def test_request_that_is_not_modelled() -> None:
    """Numbers are exact both ways, and a GET is retried."""
    replies = iter([web.Response(status=503)])

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.method == "GET" and (reply := next(replies, None)) is not None:
            return reply
        text = (await request.text()) or '{"total": 0.10, "n": 10}'
        return web.Response(text=text, headers={"X-Kind": "things"})

    async with serve(handler) as (acme, requests):
        got = await acme.request("GET", "/things", query={"q": "a b"})
        posted = await acme.request("POST", "/things", json={"amount": Decimal("10.50")})
        sent = await acme.request("PUT", "/things", form={"amount": Decimal("10.50")})
    assert (200, "things", {"total": Decimal("0.10"), "n": 10}) == (
        got.status,
        got.headers["x-kind"],
        got.json(),
    )
    assert (b'{"amount":10.50}', b"amount=10.50") == (posted.body, sent.body)
    assert ["/things?q=a+b", "/things?q=a+b", "/things", "/things"] == [
        each.path_qs for each in requests
    ]
    assert ["application/json", "application/x-www-form-urlencoded"] == [
        each.headers["Content-Type"] for each in requests[2:]
    ]


async def test_second_request_of_a_provider() -> None:
    """A provider can send another GET request of its own."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response(7 if request.query["of"] == "payments" else 0)

    async with serve(handler) as (acme, _):
        assert 7 == await acme.count()


async def test_write_is_sent_once() -> None:
    """A write whose response is lost is not sent again."""

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        await asyncio.Event().wait()
        return web.Response()

    async with serve(handler) as (acme, requests):
        with pytest.raises(ConnectionFailedError):
            await acme.request("POST", "/things", json={})
    assert 1 == len(requests)


@pytest.mark.parametrize("path", ["things", "//evil.example/x", "/../x", "https://evil.example/"])
async def test_request_stays_within_the_api(path: str) -> None:
    """A path that leads elsewhere is refused before anything is sent."""
    async with serve(three_pages) as (acme, requests):
        with pytest.raises(ConfigurationError, match="path must"):
            await acme.request("GET", path)
    assert [] == requests


async def test_page_of_several_requests() -> None:
    """A page may take a list of ids and a POST; both count, are retried, and can be resumed."""
    replies = iter([web.Response(status=502)])

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/ids":
            return web.json_response([1, 2, 3, 4, 5])
        if (reply := next(replies, None)) is not None:
            return reply
        ids = (await request.json())["ids"]
        return web.json_response([{"id": each, "amount": "1.50"} for each in ids])

    async with serve(handler) as (acme, requests):
        listing = acme.list_by_ids()
        pages = [each async for each in listing.pages()]
        rest = await acme.list_by_ids(resume=pages[0].checkpoint).collect()
    assert [["1", "2"], ["3", "4"], ["5"]] == [
        [each.id for each in page.payments] for page in pages
    ]
    assert ["3", "4", "5"] == [each.id for each in rest]
    assert (5, 1) == (listing.report.requests, listing.report.retries)
    assert {"d1"} == {each.headers["Acme-Division"] for each in requests}


@pytest.mark.parametrize(
    ("body", "requests_made", "path"), [("<html>", 4, "$"), ('{"data": 1}', 2, "$")]
)
async def test_page_of_several_requests_that_is_malformed(
    body: str, requests_made: int, path: str
) -> None:
    """A body that is not JSON is retried, and JSON of another shape is malformed at once."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response([1]) if request.path == "/ids" else web.Response(text=body)

    async with serve(handler) as (acme, requests):
        with pytest.raises(MalformedResponseError) as raised:
            await acme.list_by_ids().collect()
    assert (requests_made, path) == (len(requests), raised.value.path)


async def two_lists(request: web.Request) -> web.StreamResponse:
    """Serve two pages at each of two endpoints."""
    number = int(request.query.get("page", "1"))
    first = number + (10 if request.path == "/new" else 0)
    return page(first, "?page=2" if number == 1 else None)


async def test_two_listings_under_one_checkpoint() -> None:
    """They follow each other, and any page's checkpoint leads on from there."""
    async with serve(two_lists) as (acme, _):
        listing = acme.list_all()
        pages = [each async for each in listing.pages()]
        rest = [
            [each.id for each in await acme.list_all(resume=page.checkpoint).collect()]
            for page in pages
            if page.checkpoint is not None
        ]
        all_of_them = [each.id async for each in acme.list_all()]
        few = await acme.list_all().collect(limit=3)
        first = await acme.list_all().first()
    assert ["1", "2", "11", "12"] == all_of_them
    assert [["2", "11", "12"], ["11", "12"], ["12"]] == rest
    assert None is pages[-1].checkpoint
    assert (4, 4, 4, True) == (
        listing.report.pages,
        listing.report.payments,
        listing.report.requests,
        listing.report.complete,
    )
    assert (["1", "2", "11"], "1") == ([each.id for each in few], first and first.id)
    assert "<listing of acme payments> then <listing of acme payments>" == repr(listing)


@pytest.mark.parametrize(("fails", "goes_on"), [("/old", []), ("/new", ["11", "12"])])
async def test_error_in_a_joined_listing(fails: str, goes_on: list[str]) -> None:
    """An error at the start of the second listing leads on there; collecting begins again."""
    broken = True

    async def handler(request: web.Request) -> web.StreamResponse:
        if broken and request.path == fails:
            return web.Response(status=400)
        return await two_lists(request)

    async with serve(handler) as (acme, _):
        with pytest.raises(BadRequestError) as raised:
            _ = [each async for each in acme.list_all()]
        with pytest.raises(BadRequestError) as by_page:
            _ = [each async for each in acme.list_all().pages()]
        with pytest.raises(BadRequestError) as collected:
            await acme.list_all().collect()
        broken = False
        checkpoint = raised.value.checkpoint
        assert checkpoint == by_page.value.checkpoint
        resumed = acme.list_all(resume=checkpoint) if checkpoint else None
        assert goes_on == ([each.id async for each in resumed] if resumed else [])
        broken = True
        if resumed:
            with pytest.raises(BadRequestError) as again:
                await acme.list_all(resume=checkpoint).collect()
            assert checkpoint == again.value.checkpoint
    assert None is collected.value.checkpoint


async def test_exception_of_a_function_is_about_its_record() -> None:
    """The error of a listing has the path and the cause, and the listing can be resumed."""
    pages: list[list[object]] = [[{"id": 1, "amount": "1"}], [{"id": 0, "amount": "1"}]]

    async def handler(request: web.Request) -> web.StreamResponse:
        place = int(request.query.get("page", "0"))
        return web.json_response({"data": pages[place], "next": None if place else "?page=1"})

    async with serve(handler) as (acme, _):
        with pytest.raises(MalformedResponseError, match="TypeError: an id is 0") as raised:
            async for _page in acme.list_payments().pages():
                pass
        pages[1] = [{"id": 2, "amount": "1"}]
        rest = await acme.list_payments(resume=raised.value.checkpoint).collect()
    assert ("$.data[0]", b'{"id": 0, "amount": "1"}') == (raised.value.path, raised.value.raw)
    assert isinstance(raised.value.__cause__, TypeError)
    assert raised.value.__cause__.__traceback__ is None
    assert ["2"] == [payment.id for payment in rest]


async def test_nothing_in_joined_listings() -> None:
    """No payment is the first of two empty listings, and a limit is checked."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []})

    async with serve(handler) as (acme, requests):
        assert None is await acme.list_all().first()
        assert [] == await acme.list_all().collect(limit=0)
        with pytest.raises(ConfigurationError, match="limit must be a whole number from 0"):
            await acme.list_all().collect(limit=-1)
    assert ["/old", "/new"] == [each.path for each in requests]


async def test_checkpoint_says_which_listing_it_is() -> None:
    """A provider with two ways of listing resumes the one that a checkpoint belongs to."""
    async with serve(two_lists) as (acme, _):
        old = await anext(acme.list_one(old=True).pages())
        new = await anext(acme.list_one().pages())
        other = await anext(acme.list_payments().pages())
        ids = [
            each.id
            for page in (old, new)
            for each in await acme.list_one(resume=page.checkpoint).collect()
        ]
        with pytest.raises(ConfigurationError, match="belongs to a listing of /payments"):
            acme.list_one(resume=other.checkpoint)
    assert ["2", "12"] == ids
