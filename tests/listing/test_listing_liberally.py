"""Listings whose pages, links or checkpoints are not quite what the documents say."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest

from paysdk import (
    CampfireProvider,
    Checkpoint,
    ConfigurationError,
    MalformedResponseError,
    NotifyProvider,
    RetryPolicy,
)
from paysdk.pagination import FollowLinks, PageNumber
from paysdk.providers.campfire.normalise import READER
from paysdk.rest import RestProvider
from paysdk.testing import Request, Response, Sandbox, open_sandbox

if TYPE_CHECKING:
    from paysdk.provider import Capabilities, Listing

QUICK = RetryPolicy(attempts=3, wait_initial=0)
PAID = b'{"id": 1, "invoice_id": 2, "amount": 12.50}'
PAGE = b'{"count": 1, "next": null, "results": [%b]}' % PAID


@attrs.define(kw_only=True, eq=False)
class Server(Sandbox):
    """A server that answers what a test says."""

    scheme: ClassVar[str] = "Token"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    reply: Callable[[Request], Response]

    def respond(self, request: Request) -> Response:
        """What the test says."""
        return self.reply(request)


def always(*bodies: bytes, content_type: str = "application/json") -> Callable[[Request], Response]:
    """These bodies, one after the other, and the last one again and again."""
    left = list(bodies)
    return lambda _: Response(
        200, left.pop(0) if len(left) > 1 else left[0], {"Content-Type": content_type}
    )


def campfire(server: Sandbox, **settings: Any) -> CampfireProvider:  # noqa: ANN401  # those of the provider
    """Campfire at this server."""
    return CampfireProvider("sandbox-key", base_url=server.url, **({"retry": QUICK} | settings))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_page_and_invoice_with_a_byte_order_mark(encoding: str) -> None:
    """A mark at the beginning of a body changes nothing."""
    async with (
        Server(reply=always(PAGE.decode().encode(encoding))) as server,
        campfire(server) as provider,
    ):
        assert ["1"] == [payment.id async for payment in provider.list_payments()]
    async with (
        Server(reply=always('{"id": 5}'.encode(encoding))) as server,
        campfire(server) as provider,
    ):
        assert 5 == (await provider.retrieve_invoice(5)).id


async def test_declared_charset_of_an_error_is_heeded() -> None:
    """The API's own words are read in the charset that the response declares."""
    body, headers = (
        '{"detail": "Ungültig"}'.encode("latin-1"),
        {"Content-Type": "application/json; charset=ISO-8859-1"},
    )
    async with (
        Server(reply=lambda _: Response(400, body, headers)) as server,
        campfire(server) as provider,
    ):
        with pytest.raises(Exception, match="Ungültig"):
            await provider.list_payments().first()


@pytest.mark.parametrize(
    ("body", "words", "requests"),
    [
        (b'{"error": "Too many requests, slow down"}', "Too many requests, slow down", 3),
        (b'{"detail": "Request was throttled."}', "Request was throttled", 3),
        (b'{"errors": ["Rate limit exceeded"]}', "Rate limit exceeded", 3),
        (
            b'{"error": {"code": 503, "message": "temporarily unavailable"}}',
            "temporarily unavailable",
            3,
        ),
        (b'{"message": "We are overloaded, please try again later"}', "overloaded", 3),
        (b'"Too many requests"', "Too many requests", 3),
        (b'{"msg": "Server at capacity"}', "Server at capacity", 3),
        (b'{"Error": "TooManyRequests"}', "TooManyRequests", 3),
        (b'{"status": "error", "reason": "rate limited"}', "rate limited", 3),
        (b'{"errorMessage": "Please wait 5 seconds"}', "Please wait 5 seconds", 3),
        (b'{"error": {"message": "<html><title>Busy</title></html>"}}', "message: Busy", 3),
        (b'"<html><title>Slow down</title></html>"', "Slow down", 3),
        (b'{"detail": "Invalid page."}', "Invalid page", 1),
        (b'{"error": "No such tenant"}', "No such tenant", 1),
        (b"<html><title>Down for maintenance</title></html>", "Down for maintenance", 3),
    ],
)
async def test_success_that_is_an_error_says_the_apis_words(
    body: bytes, words: str, requests: int
) -> None:
    """The error quotes what the API says; where that is about rate or overload, or no JSON, the request is tried again first."""
    async with Server(reply=always(body)) as server, campfire(server) as provider:
        for operation in (provider.list_payments().first(), provider.retrieve_invoice(5)):
            before = len(server.requests)
            with pytest.raises(MalformedResponseError, match=words) as raised:
                await operation
            assert words in raised.value.detail
            assert requests == len(server.requests) - before


@pytest.mark.parametrize(
    ("error", "requests"),
    [
        ('"error": "Too many requests"', 3),
        ('"errors": [{"title": "Overloaded"}]', 3),
        ('"error": "No such tenant"', 1),
    ],
)
async def test_page_without_payments_may_be_an_error(error: str, requests: int) -> None:
    """It does not say that there are no payments, and the error quotes what the API says."""
    body = f'{{"results": [], "payments": [], "count": 0, "next": null, "links": null, {error}}}'.encode()
    for kind in (CampfireProvider, NotifyProvider):
        async with (
            Server(reply=always(body)) as server,
            kind("sandbox-key", base_url=server.url, retry=QUICK) as provider,
        ):
            with pytest.raises(
                MalformedResponseError, match=r"An error instead of payments, at \$\.error"
            ) as raised:
                await provider.list_payments().collect()
            assert raised.value.detail in str(raised.value)
            assert raised.value.detail.rpartition(": ")[2] in error
            assert requests == len(server.requests)


@pytest.mark.parametrize("error", ["null", '""', "[]", "{}", "false", "0"])
async def test_page_that_says_that_nothing_went_wrong(error: str) -> None:
    """An error that says nothing is none, and beside payments it is only for information."""
    body = f'{{"results": [], "payments": [], "error": {error}, "errors": {error}}}'.encode()
    for kind in (CampfireProvider, NotifyProvider):
        async with (
            Server(reply=always(body)) as server,
            kind("sandbox-key", base_url=server.url, retry=QUICK) as provider,
        ):
            assert [] == await provider.list_payments().collect()
    async with (
        Server(reply=always(PAGE[:-1] + b', "error": "one is late"}')) as server,
        campfire(server) as provider,
    ):
        assert ["1"] == [payment.id async for payment in provider.list_payments()]


async def test_success_that_is_an_error_may_pass() -> None:
    """Where another try brings the page, the listing is whole."""
    async with (
        Server(reply=always(b'{"error": "Too many requests, slow down"}', PAGE)) as server,
        campfire(server) as provider,
    ):
        assert ["1"] == [payment.id async for payment in provider.list_payments()]


async def test_malformed_page_without_words_has_none() -> None:
    """A body that is no error is not taken for one."""
    for body in (b'{"results": 5, "detail": "", "error": null}', b"[]", b'{"results": [', b"7"):
        async with Server(reply=always(body)) as server, campfire(server) as provider:
            with pytest.raises(MalformedResponseError) as raised:
                await provider.list_payments().first()
            assert "" == raised.value.detail


async def test_modified_since_the_latest_finds_what_is_finer() -> None:
    """A time that is finer than a microsecond is rounded down, so that it can be asked for again."""
    times = ["2026-01-05T10:00:00.1234566Z", "2026-01-05T10:00:00.1234568Z"]
    rows = [
        {"id": number, "invoice_id": 1, "amount": 1, "last_modified_at": time}
        for number, time in enumerate(times)
    ]

    def reply(request: Request) -> Response:
        since = request.query.get("last_modified_at__gte", "")
        found = [
            row for row in rows if str(row["last_modified_at"]).rstrip("Z") >= since.rstrip("Z")
        ]
        return Response(200, json.dumps({"results": found}).encode())

    async with Server(reply=reply) as server, campfire(server) as provider:
        payments = await provider.list_payments().collect()
        assert [datetime(2026, 1, 5, 10, 0, 0, 123456, UTC)] * 2 == [
            payment.modified_at for payment in payments
        ]
        again = await provider.list_payments(modified_since=payments[0].modified_at).collect()
        assert payments == again


def notify_pages(
    pages: list[list[dict[str, Any]]], links: list[object]
) -> Callable[[Request], Response]:
    """Pages of Notify, one after the other, each with its link."""
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
    """A payment of Notify."""
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
        # The empty objects stand at the end of each page, and do not come again.
        ([[listed("a"), {}, {}], [listed("a"), listed("b"), {}, {}]], ["?from=a", None], 4),
        # They are records of the overlap, and do.
        ([[listed("a"), {}, {}], [listed("a"), {}, {}, listed("b")]], ["?from=a", None], 2),
        ([[listed("a"), {}, {}], [listed("a"), {}, {}, {}, listed("b")]], ["?from=a", None], 3),
        # The record that the next page begins with is itself one that cannot be read.
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
async def test_only_the_overlap_can_repeat_what_cannot_be_read(
    pages: list[list[dict[str, Any]]], links: list[object], expected: int
) -> None:
    """An unreadable record is reported each time, but for those with which the next page begins again."""
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


class TwoLists(RestProvider):
    """A provider with two lists of one shape."""

    name = "acme"
    capabilities: Capabilities = CampfireProvider.capabilities
    default_base_url = "https://acme.example"
    authorization_scheme = "Token"

    def at(
        self,
        path: str,
        resume: Checkpoint | str | None = None,
        *,
        numbered: bool = False,
        **filters: str,
    ) -> Listing:
        """The list at *path*."""
        first = "&".join(f"{name}={value}" for name, value in filters.items())
        rules = (
            PageNumber(first, "page")
            if numbered
            else FollowLinks(
                first,
                ("cursor",),
                None,
                filters=("kind", "since", "until"),
                bounds=("since", "until"),
            )
        )
        return self._listing(path, rules, READER, filters=filters, resume=resume)


async def test_checkpoint_belongs_to_its_endpoint() -> None:
    """A checkpoint of one listing of a provider is refused by another one, and taken by its own."""

    def reply(request: Request) -> Response:
        link = None if "cursor" in request.query else "?cursor=b"
        return Response(
            200, json.dumps({"results": json.loads(b"[%b]" % PAID), "next": link}).encode()
        )

    async with (
        Server(reply=reply) as server,
        TwoLists("sandbox-key", base_url=server.url) as provider,
    ):
        (first, _) = [page async for page in provider.at("/payments").pages()]
        assert first.checkpoint is not None
        assert 1 == len(await provider.at("/payments", first.checkpoint).collect())
        for resume in (first.checkpoint, str(first.checkpoint)):
            with pytest.raises(
                ConfigurationError, match="belongs to a listing of /payments, not of /bill-payments"
            ):
                provider.at("/bill-payments", resume)
        assert ["/payments"] * 3 == [request.path for request in server.requests]


def test_checkpoint_of_an_earlier_version_is_refused() -> None:
    """It does not say to which endpoint it belongs, and the error says what to do."""
    old = Checkpoint("campfire", "", '[["cursor=abc&limit=5"]]')
    with pytest.raises(
        ConfigurationError, match=r"earlier version of paysdk.* List again from the beginning\."
    ):
        CampfireProvider("sandbox-key").list_payments(resume=str(old))


PATH = "/coa/api/v1/invoice-payments"
SINCE, LATER, EARLIER = "2026-01-05T00:00:00Z", "2026-01-06T00:00:00.5Z", "2026-01-04T23:59:59.9Z"


@pytest.mark.parametrize(
    ("filters", "query", "wrong"),
    [
        ("invoice_id=7", "cursor=", "invoice_id"),
        ("invoice_id=7", "cursor=&invoice_id=8", "invoice_id"),
        ("", "cursor=&invoice_id=8", "invoice_id"),
        ("voided=true", "cursor=&voided=true&external_id=x", "external_id"),
        (f"last_modified_at__gte={SINCE}", "cursor=", "last_modified_at__gte"),
        (
            f"last_modified_at__gte={SINCE}",
            f"last_modified_at__gte={EARLIER}",
            "last_modified_at__gte",
        ),
        (
            f"last_modified_at__lte={SINCE}",
            f"last_modified_at__lte={LATER}",
            "last_modified_at__lte",
        ),
        (
            f"last_modified_at__lte={SINCE}",
            "last_modified_at__lte=2026-01-01",
            "last_modified_at__lte",
        ),
        ("invoice_id=7", "cursor=&invoice_id=8&invoice_id=7", "invoice_id"),
        ("", "cursor=&invoice_id=8&invoice_id=", "invoice_id"),
        (
            f"last_modified_at__gte={SINCE}",
            f"last_modified_at__gte={EARLIER}&last_modified_at__gte={LATER}",
            "last_modified_at__gte",
        ),
        ("invoice_id=7", "cursor=&invoice_id=7", None),
        ("voided=true", "cursor=&voided=True", None),
        ("voided=true", "offset=5&voided=true&external_id=", None),
        (f"last_modified_at__gte={SINCE}", f"last_modified_at__gte={SINCE}", None),
        (
            f"last_modified_at__gte={SINCE}",
            "last_modified_at__gte=2026-01-05T01:00:00%2B01:00",
            None,
        ),
        (f"last_modified_at__gte={SINCE}", f"last_modified_at__gte={LATER}", None),
        (f"last_modified_at__lte={SINCE}", f"last_modified_at__lte={EARLIER}", None),
        ("", f"last_modified_at__gte={LATER}&last_modified_at__lte={LATER}", None),
    ],
)
def test_checkpoint_that_contradicts_itself_is_refused(
    filters: str, query: str, wrong: str | None
) -> None:
    """Where a checkpoint goes on must ask for what its filters say; a window of time may ask for less of it."""
    resume = Checkpoint(
        "campfire",
        filters,
        json.dumps([[f"{PATH}?{filters}" if filters else f"{PATH}?cursor="], [f"{PATH}?{query}"]]),
    )
    provider = CampfireProvider("sandbox-key")
    if wrong is None:
        provider.list_payments(resume=resume)
    else:
        with pytest.raises(ConfigurationError, match=f"contradicts itself.* another {wrong}\\."):
            provider.list_payments(resume=resume)


def test_checkpoint_whose_filters_would_not_be_sent_is_refused() -> None:
    """What follows a ``#`` stays out of the request."""
    resume = Checkpoint("campfire", "invoice_id=7", json.dumps([[f"{PATH}?cursor=#&invoice_id=7"]]))
    with pytest.raises(ConfigurationError, match="This is not a checkpoint"):
        CampfireProvider("sandbox-key").list_payments(resume=resume)


def test_other_paginations_keep_their_filters() -> None:
    """Pages that are asked for by a parameter have all filters in their query."""
    provider = TwoLists("sandbox-key")
    good = Checkpoint("acme", "kind=paid", '[["/payments?kind=paid&page=2"]]')
    provider.at("/payments", good, numbered=True, kind="paid")
    for query in ("page=2", "kind=open&page=2"):
        with pytest.raises(ConfigurationError, match=r"another kind\."):
            provider.at(
                "/payments", attrs.evolve(good, position=f'[["/payments?{query}"]]'), numbered=True
            )
    with pytest.raises(ConfigurationError, match=r"another x\."):
        NotifyProvider("test_key").list_payments(
            resume=Checkpoint("notify", "x=1", '[["/v2/payments?from=a"]]')
        )


@pytest.mark.parametrize("pagination", ["cursor", "offset"])
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_every_checkpoint_of_a_walk_is_taken(pagination: Any, concurrency: int) -> None:  # noqa: ANN401  # a literal
    """What a walk with filters gives as its places, in windows of time too, does not contradict it."""
    async with (
        open_sandbox("campfire", payments=60) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider,
    ):
        earliest = (await provider.list_payments().collect())[3].modified_at
        listing = provider.list_payments(
            page_size=5,
            concurrency=concurrency,
            pagination=pagination,
            modified_since=earliest,
            voided=False,
        )
        places = [page.checkpoint async for page in listing.pages()]
        whole = {payment.id for payment in await listing.collect()}
        for place in places[:-1]:
            assert place is not None
            rest = await provider.list_payments(
                resume=str(place), voided=False, modified_since=earliest
            ).collect()
            assert whole >= {payment.id for payment in rest}
