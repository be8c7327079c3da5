"""Listings by number, by token, after an id and by header, of a minimal provider."""

from __future__ import annotations

import asyncio
import json
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast
from urllib.parse import parse_qsl

import attrs
import msgspec
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk import Capabilities, InvoiceRef, MalformedResponseError, PaginationError, Payment
from paysdk.pagination import (
    MORE,
    AfterLastId,
    LinkHeader,
    NextToken,
    PageNumber,
    Pagination,
    encode_query,
)
from paysdk.records.fields import PaymentRecord
from paysdk.records.page import RawPage
from paysdk.records.table_reader import TableReader
from paysdk.rest import RestProvider, check_page_size
from paysdk.testing import Request as Arrived
from paysdk.testing import Response as Reply
from paysdk.testing import Sandbox
from paysdk.transport.messages import RawResponse
from tests import acme as author

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import Checkpoint
    from paysdk.listing.listing import PagedListing
    from paysdk.transport.messages import Request
    from paysdk.transport.observer import RequestStats

KINDS = ("number", "token", "id", "header")
BY_KIND = pytest.mark.parametrize("kind", KINDS)


class Row(PaymentRecord, kw_only=True):
    """A payment, if it was paid."""

    provider = "model"
    id: str
    amount = Decimal(1)
    invoice = InvoiceRef(id="i")
    paid: bool = True

    @property
    def is_payment(self) -> bool:
        return self.paid


class Envelope(msgspec.Struct):
    """A page, and what it says about the next one."""

    data: list[msgspec.Raw]
    next: str | None = None


READER = TableReader(
    path="$.data",
    page=Envelope,
    open_page=lambda page: RawPage(page.data, page.next, None),
    row=Row,
)


class ModelProvider(RestProvider):
    """A provider with one filter, and with a pagination of each kind."""

    name: str = "model"
    capabilities: Capabilities = Capabilities(
        filters=frozenset(), max_page_size=50, reports_voids=False, lists_incrementally=False
    )
    default_base_url: ClassVar[str] = "https://api.example.com"
    authorization_scheme: ClassVar[str] = "Bearer"
    kind: str

    def list_payments(
        self,
        *,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
        status: str | None = None,
        concurrency: int = 1,
    ) -> PagedListing[Payment]:
        size = check_page_size(page_size, 50)
        filters = {} if status is None else {"status": status}
        first = encode_query([*filters.items(), *([] if size is None else [("limit", str(size))])])
        rules: dict[str, Pagination] = {
            "number": PageNumber(first, "page", size),
            "token": NextToken(first, "cursor", size),
            "id": AfterLastId(first, "starting_after", size),
            "header": LinkHeader(first, ("after",), size),
        }
        return self._listing(
            "/payments",
            rules[self.kind],
            READER,
            filters=filters,
            resume=resume,
            concurrency=concurrency,
        )


# A page and its headers.
Answer: TypeAlias = tuple[dict[str, object], dict[str, str]]


class ModelServer:
    """Payments in memory, the newest last. ``between`` is called before each response."""

    def __init__(self, kind: str, count: int) -> None:
        self.kind = kind
        self.ids = [f"p{number}" for number in range(count)]
        self.unpaid: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.lasts: set[str] = set()
        self.between: Callable[[], None] = lambda: None
        self.spoilt: Callable[[str], str] = lambda link: link
        self.answer: Callable[[dict[str, str]], Answer] = self._answer

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[RawResponse], RawPage],
        stats: RequestStats,
        *_: object,
        **_settings: object,
    ) -> RawPage:
        stats.requests += 1
        await asyncio.sleep(0)
        self.between()
        body, headers = self.answer(dict(parse_qsl(request.query, keep_blank_values=True)))
        return read(RawResponse(200, headers, json.dumps(body).encode()))

    def _answer(self, asked: dict[str, str]) -> Answer:
        self.asked.append(asked)
        size = int(asked.get("limit", "3"))
        after = asked.get("cursor") or asked.get("starting_after") or asked.get("after")
        first = self.ids.index(after) + 1 if after else (int(asked.get("page", "1")) - 1) * size
        page = self.ids[first : first + size]
        self.lasts |= set(page[-1:])
        data = [{"id": one, "paid": one not in self.unpaid} for one in page]
        if first + size >= len(self.ids):
            return {"data": data}, {}
        said = {"number": MORE, "id": MORE, "token": page[-1], "header": ""}[self.kind]
        linked = self.spoilt(
            f"https://elsewhere.example.com/?{encode_query({**asked, 'after': page[-1]}.items())}"
        )
        headers = (
            {"link": f'<?x=1>; rel="first", <{linked}>; rel="next"'}
            if self.kind == "header"
            else {}
        )
        return {"data": data, "next": said or None}, headers


def provider_of(
    server: ModelServer,
    **settings: Any,  # noqa: ANN401  # those of RestProvider
) -> ModelProvider:
    """A provider that sends its requests to *server*."""
    provider = ModelProvider("sandbox-key", **settings)
    provider.kind = server.kind
    provider._client._retrying = server  # type: ignore[assignment]  # no network
    return provider


@settings(max_examples=100)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(0, 30),
    size=st.none() | st.integers(1, 9),
    other=st.none() | st.integers(1, 9),
    unpaid=st.sets(st.integers(0, 30)),
)
def test_each_payment_comes_once_and_checkpoints_lead_to_the_rest(
    kind: str, count: int, size: int | None, other: int | None, unpaid: set[int]
) -> None:
    """Each pagination lists every payment once, and each checkpoint leads to exactly the rest."""
    server = ModelServer(kind, count)
    server.unpaid = {f"p{number}" for number in unpaid}
    expected = [one for one in server.ids if one not in server.unpaid]

    async def check() -> None:
        provider = provider_of(server)
        listing = provider.list_payments(page_size=size, status="any")
        given = 0
        async for page in listing.pages():
            given += len(page.payments)
            if page.checkpoint is not None:
                rest = provider.list_payments(page_size=other, resume=str(page.checkpoint))
                assert expected[given:] == [payment.id async for payment in rest]
        assert expected == [payment.id for payment in await listing.collect()]
        assert (True, len(expected), count - len(expected)) == (
            listing.report.complete,
            listing.report.payments,
            listing.report.left_out,
        )
        # The filter is in every request, also after a checkpoint that was resumed without it.
        assert all(asked["status"] == "any" for asked in server.asked)

    asyncio.run(check())


@settings(max_examples=150)
@given(
    kind=st.sampled_from(("token", "id", "header")),
    count=st.integers(0, 20),
    size=st.integers(1, 5),
    seed=st.integers(0, 10**6),
)
def test_changes_during_a_listing_hide_nothing(kind: str, count: int, size: int, seed: int) -> None:
    """Records that are added or deleted elsewhere neither hide nor repeat a payment."""
    dice = random.Random(seed)
    server = ModelServer(kind, count)
    at_first = list(server.ids)
    deleted: set[str] = set()

    def change() -> None:
        if dice.random() < 0.4:
            server.ids.insert(dice.randrange(len(server.ids) + 1), f"n{dice.random()}")
        # Records that pages start after are not deleted: no pagination can handle that.
        spare = [one for one in server.ids if one in at_first and one not in server.lasts]
        if spare and dice.random() < 0.4:
            gone = dice.choice(spare)
            deleted.add(gone)
            server.ids.remove(gone)

    server.between = change
    given = [
        payment.id
        for payment in asyncio.run(provider_of(server).list_payments(page_size=size).collect())
    ]
    assert sorted(set(given)) == sorted(given)
    assert set(at_first) - deleted <= set(given)


@settings(max_examples=100)
@given(count=st.integers(0, 20), size=st.integers(1, 5), added=st.integers(0, 5))
def test_record_added_in_front_repeats_nothing(count: int, size: int, added: int) -> None:
    """A record that moves to the next numbered page is returned once."""
    server = ModelServer("number", count)
    at_first = list(server.ids)
    left = iter(range(added))

    def change() -> None:
        if (number := next(left, None)) is not None:
            server.ids.insert(0, f"n{number}")

    server.between = change
    given = [
        payment.id
        for payment in asyncio.run(provider_of(server).list_payments(page_size=size).collect())
    ]
    assert at_first == [one for one in given if one in at_first]


async def test_numbered_pages_can_be_read_side_by_side() -> None:
    """With concurrency, several numbered pages are requested at a time, and come in order."""
    server = ModelServer("number", 25)
    listing = provider_of(server).list_payments(page_size=2, concurrency=4)
    assert server.ids == [payment.id async for payment in listing]
    assert listing.report.requests >= 13


@BY_KIND
async def test_next_page_is_requested_ahead(kind: str) -> None:
    """Each pagination requests one page ahead."""
    server = ModelServer(kind, 9)
    pages = aiter(provider_of(server).list_payments(page_size=3).pages())
    await anext(pages)
    for _ in range(3):
        await asyncio.sleep(0)
    assert 2 == len(server.asked)
    await pages.aclose()  # type: ignore[attr-defined]  # it is a generator


@BY_KIND
async def test_circle_raises_after_its_payments(kind: str) -> None:
    """If links go in circles, the payments come first, then an error with a checkpoint."""
    server = ModelServer(kind, 6)
    listing = provider_of(server).list_payments(page_size=2)
    forward = server.answer

    def back(asked: dict[str, str]) -> tuple[dict[str, object], dict[str, str]]:
        return forward(
            {
                key: "p1" if key in {"cursor", "starting_after", "after"} else value
                for key, value in asked.items()
            }
        )

    server.answer = back
    if kind == "number":
        server.answer = lambda asked: (
            ({"data": [{"id": "p0"}], "next": "1"}, {}) if "page" in asked else forward(asked)
        )
    given: list[str] = []
    with pytest.raises(PaginationError) as raised:
        async for payment in listing:
            given.append(payment.id)  # noqa: PERF401  # what comes before the error counts
    assert ["p0", "p1"] == given[:2]
    assert raised.value.checkpoint is not None


async def test_bad_link_header_raises_after_its_page() -> None:
    """The payments of the page come first, and the checkpoint leads through that page."""
    server = ModelServer("header", 6)
    server.spoilt = lambda link: link if "p1" in link else "<"
    listing = provider_of(server).list_payments(page_size=2)
    given: list[str] = []
    with pytest.raises(PaginationError, match="The Link header cannot be parsed") as raised:
        async for payment in listing:
            given.append(payment.id)  # noqa: PERF401  # likewise
    server.spoilt = lambda link: link
    rest = provider_of(server).list_payments(page_size=2, resume=raised.value.checkpoint)
    assert (["p0", "p1", "p2", "p3"], ["p2", "p3", "p4", "p5"]) == (
        given,
        [payment.id async for payment in rest],
    )


async def test_malformed_records_after_the_last_id_are_reported_once() -> None:
    """Malformed records after the last readable id come again, and are reported once."""
    server = ModelServer("id", 5)
    forward = server.answer

    def spoilt(asked: dict[str, str]) -> tuple[dict[str, object], dict[str, str]]:
        body, headers = forward(asked)
        data: Any = body["data"]
        return {
            **body,
            "data": [{"number": 7} if row["id"] == "p2" else row for row in data],
        }, headers

    server.answer = spoilt
    aside: list[MalformedResponseError] = []
    listing = provider_of(server, on_malformed=aside.append).list_payments(page_size=3)
    assert ["p0", "p1", "p3", "p4"] == [payment.id async for payment in listing]
    assert [b'{"number": 7}'] == [error.raw for error in aside]


@attrs.define(kw_only=True, eq=False)
class Hosted(Sandbox):
    """A server that sends links to another origin in the header."""

    scheme: ClassVar[str] = "Bearer"

    api_key: str = "sandbox-key"
    elsewhere: str = "https://elsewhere.example.com"

    def respond(self, request: Arrived) -> Reply:
        page = int(request.query.get("after", "0"))
        link = (
            {"Link": f'<{self.elsewhere}/payments?after={page + 1}>; rel="next"'}
            if page < 3
            else {}
        )
        return Reply(200, json.dumps({"data": [{"id": f"p{page}"}]}).encode(), link)


def spoil(server: ModelServer, bad: set[str], **fields: object) -> None:
    """Give these records other *fields*, so that they cannot be read."""
    answer = server.answer

    def answer_badly(asked: dict[str, str]) -> Answer:
        body, headers = answer(asked)
        for record in cast("list[dict[str, object]]", body["data"]):
            record.update(fields if record["id"] in bad else {})
        return body, headers

    server.answer = answer_badly


async def test_page_without_a_readable_record_is_skipped() -> None:
    """If only the ids of a page's records can be read, the next page starts after the last one."""
    server, errors = ModelServer("id", 6), list[MalformedResponseError]()
    spoil(server, {"p1", "p2", "p3", "p5"}, paid="who knows")
    async with provider_of(server, on_malformed=errors.append) as model:
        payments = await model.list_payments(page_size=1).collect()
    assert ["p0", "p4"] == [payment.id for payment in payments]
    assert ["paid"] * 4 == [error.path.rpartition(".")[2] for error in errors]


@pytest.mark.parametrize("found", [7.5, None, True, {}])
async def test_page_without_a_readable_id_ends_the_listing(found: object) -> None:
    """If no id of a page can be read either, the error says to resume with larger pages."""
    server = ModelServer("id", 4)
    spoil(server, {"p1"}, id=found)
    async with provider_of(server, on_malformed=lambda _: None) as model:
        listing = model.list_payments(page_size=1)
        with pytest.raises(PaginationError, match="with a larger page_size") as raised:
            await anext(page async for page in listing.pages() if page.checkpoint is None)
        rest = await model.list_payments(page_size=3, resume=raised.value.checkpoint).collect()
    assert ["p2", "p3"] == [payment.id for payment in rest]


async def test_empty_page_without_an_id_ends_the_listing() -> None:
    """If a page has no record, but there is another page, the error says so."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [], "next": MORE})

    async with author.serve(handler) as (acme, _):
        rules = AfterLastId("", "after")
        listing = acme._listing("/payments", rules, author.READER, filters={}, resume=None)
        with pytest.raises(PaginationError, match="this page has no record"):
            await listing.collect()


async def test_another_host_is_never_called() -> None:
    """Only the query of a link to another host is used, so that host never sees the key."""
    async with (
        Hosted() as trap,
        Hosted(elsewhere=trap.url) as sandbox,
        ModelProvider(sandbox.api_key, base_url=sandbox.url) as provider,
    ):
        provider.kind = "header"
        assert ["p0", "p1", "p2", "p3"] == [
            payment.id async for payment in provider.list_payments()
        ]
    assert ((), 4) == (trap.requests, len(sandbox.requests))


async def test_records_that_are_not_payments_are_left_out() -> None:
    """Iteration, pages, ``collect`` and ``first`` leave out records that are not payments."""
    server = ModelServer("token", 6)
    server.unpaid = {"p0", "p2", "p3", "p5"}
    listing = provider_of(server).list_payments(page_size=2)
    assert [["p1"], [], ["p4"]] == [
        [payment.id for payment in page.payments] async for page in listing.pages()
    ]
    first = await listing.first()
    assert first is not None
    assert ("p1", ["p1"]) == (first.id, [payment.id for payment in await listing.collect(1)])
    server.unpaid = set(server.ids)
    assert [] == await listing.collect()
    assert (0, 6, 3) == (listing.report.payments, listing.report.left_out, listing.report.pages)


async def test_many_pages_without_payments_do_not_end_the_listing() -> None:
    """After any number of records that are not payments, the listing goes on."""
    server = ModelServer("number", 1100)
    server.unpaid = set(server.ids[:-1])
    assert ["p1099"] == [
        payment.id async for payment in provider_of(server).list_payments(page_size=1)
    ]
