"""Requests that paysdk does not model, as part of one operation."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from aiohttp import web

from paysdk.errors import BadRequestError, ConfigurationError, MalformedResponseError
from paysdk.transport.messages import RawResponse
from paysdk.transport.observer import RequestStats
from paysdk.transport.requester import Requester, keep_response
from tests.acme import Acme, serve

decode_numbers = msgspec.json.Decoder(list[int]).decode


async def echo(request: web.Request) -> web.StreamResponse:
    """Respond with a list of numbers, and with what was sent."""
    said = f"{request.method} {request.path_qs} {await request.text()} {request.content_type}"
    headers = {"X-Said": said, "X-Given": request.headers.get("X-Given", "")}
    return web.Response(text="[1, 2]", headers=headers)


def requester(acme: Acme, stats: RequestStats | None = None) -> Requester:
    """Make a requester of *acme* with a header of its own."""
    return Requester(acme._client, stats or RequestStats(), {"X-Given": "yes"})


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


async def test_response_without_decode() -> None:
    """Without ``decode``, each method returns the response as it came."""
    stats = RequestStats()
    async with serve(echo) as (acme, _):
        sender = requester(acme, stats)
        responses = [
            await sender.get("/a", {"q": "x y", "none": None}),
            await sender.post("/b", {"q": 1}, json={"amount": Decimal("1.50")}),
            await sender.post("/c", form={"amount": Decimal("1.50")}),
            await sender.post("/d"),
        ]
    assert [(200, b"[1, 2]", "yes")] * 4 == [
        (each.status, each.body, each.headers["x-given"]) for each in responses
    ]
    assert [
        "GET /a?q=x+y  application/octet-stream",
        'POST /b?q=1 {"amount":1.50} application/json',
        "POST /c amount=1.50 application/x-www-form-urlencoded",
        "POST /d  application/octet-stream",
    ] == [each.headers["x-said"] for each in responses]
    assert (4, 0) == (stats.requests, stats.retries)


async def test_response_with_decode() -> None:
    """With ``decode``, each method returns what it makes of the body."""
    async with serve(echo) as (acme, _):
        sender = requester(acme)
        assert [1, 2] == await sender.get("/a", decode=decode_numbers)
        assert [1, 2] == await sender.post("/a", decode=decode_numbers)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_request_that_only_reads_is_retried(method: str) -> None:
    """A GET is retried after an error of the server, and so is a POST that only reads."""
    replies = iter([web.Response(status=503), web.Response(status=502)])

    async def handler(request: web.Request) -> web.StreamResponse:
        return next(replies, None) or await echo(request)

    stats = RequestStats()
    async with serve(handler) as (acme, requests):
        await getattr(requester(acme, stats), method)("/a")
    assert (3, 3, 2) == (len(requests), stats.requests, stats.retries)
    assert ["yes"] * 3 == [each.headers["X-Given"] for each in requests]


@pytest.mark.parametrize(
    ("body", "requests_made", "not_json"), [("<html>", 3, True), ('{"id": 1}', 1, False)]
)
@pytest.mark.parametrize("method", ["get", "post"])
async def test_body_that_cannot_be_decoded(
    method: str, body: str, requests_made: int, *, not_json: bool
) -> None:
    """A body that is not JSON is retried first, and JSON of another shape is malformed at once."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    async with serve(handler) as (acme, requests):
        with pytest.raises(MalformedResponseError, match=r"at \$") as raised:
            await getattr(requester(acme), method)("/a", decode=decode_numbers)
    assert (requests_made, "$", not_json, body.encode()) == (
        len(requests),
        raised.value.path,
        raised.value.not_json,
        raised.value.raw,
    )


async def test_error_of_a_request() -> None:
    """An error status raises, and what cannot be sent is refused before anything is sent."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=400)

    async with serve(handler) as (acme, requests):
        sender = requester(acme)
        for wrong in (sender.get("a"), sender.post("//a"), sender.post("/a", json=1, form={})):
            with pytest.raises(ConfigurationError):
                await wrong
        assert [] == requests
        with pytest.raises(BadRequestError):
            await sender.get("/a")


async def test_header_is_optional() -> None:
    """A requester without headers of its own sends those of every request."""
    async with serve(echo) as (acme, requests):
        await Requester(acme._client, RequestStats()).get("/a")
    assert "d1" == requests[0].headers["Acme-Division"]
    assert "X-Given" not in requests[0].headers


def test_response_that_the_caller_reads() -> None:
    """The response is kept as it is."""
    response = RawResponse(200, {}, b"{}")
    assert response is keep_response(response)
