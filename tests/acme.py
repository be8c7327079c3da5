"""A provider for an API with habits of its own, written from the names for authors alone."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Unpack

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from paysdk.authoring import (
    MORE,
    ApiKey,
    Capabilities,
    Checkpoint,
    ErrorDetails,
    FollowLinks,
    InvoiceRef,
    Listing,
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
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from paysdk.events import Event

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


async def two_lists(request: web.Request) -> web.StreamResponse:
    """Serve two pages at each of two endpoints."""
    number = int(request.query.get("page", "1"))
    first = number + (10 if request.path == "/new" else 0)
    return page(first, "?page=2" if number == 1 else None)
