"""What the names for authors do for an API with habits of its own."""

from __future__ import annotations

import asyncio
import inspect
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import aiohttp
import pytest
from aiohttp import web

from paysdk.authoring import (
    ConfigurationError,
    MalformedResponseError,
    RestProvider,
)
from paysdk.errors import BadRequestError, ConnectionFailedError, RateLimitedError
from paysdk.events import Event, ResponseReceived
from tests.acme import Acme, serve, three_pages

if TYPE_CHECKING:
    from collections.abc import Mapping


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

    with pytest.raises(ConfigurationError, match="tenant must be a string of one line"):
        Bare(division)


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
