"""Tests of one attempt over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import ssl
import zlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver

from paysdk.errors import (
    ConnectionFailedError,
    MalformedResponseError,
    PaysdkError,
    RequestTimeoutError,
)
from paysdk.events import RequestFailed, RequestSent, ResponseReceived
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import (
    Fault,
    FaultPlan,
    dripping_body,
    dripping_headers,
    gzip_bomb,
    hang,
    huge_body,
    reset,
    truncated,
)
from paysdk.transport import http
from paysdk.transport.credentials import Secret
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import Attempt, RequestStats
from tests.transport.sending import LIST, OK, PAY, Sender, fail_to_send, make_attempt, respond_with

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiohttp.abc import ResolveResult
    from aiohttp.connector import Connection

    from tests.conftest import RawServers, Until


async def test_sends_a_get(raw_server: RawServers) -> None:
    """A GET has the exact target and the key, and no headers of a body."""
    server = await raw_server(respond_with(OK))
    sender = Sender(server.url)
    response = await sender.send(Request("GET", "/a", "cursor=a%2Bb+c%3D%3d&x="), make_attempt())
    await sender.aclose()
    (sent,) = server.requests
    head = sent.decode().split("\r\n")
    assert "GET /a?cursor=a%2Bb+c%3D%3d&x= HTTP/1.1" == head[0]
    assert "Authorization: Token sandbox-key" in head
    assert any(line.startswith("User-Agent: paysdk/") for line in head)
    assert not any(line.startswith(("Content-", "Cookie")) for line in head)
    assert RawResponse(200, {"content-length": "2", "x-request-id": "r1"}, b"{}") == response


async def test_sends_a_post(raw_server: RawServers) -> None:
    """A POST has the exact body, as JSON."""
    server = await raw_server(respond_with(OK))
    sender = Sender(server.url)
    await sender.send(PAY, make_attempt())
    await sender.aclose()
    (sent,) = server.requests
    assert b"\r\nContent-Type: application/json\r\n" in sent
    assert sent.endswith(b'\r\n\r\n{"transactions": [{"amount": 1.50}]}')


async def test_sends_a_form_without_a_key(raw_server: RawServers) -> None:
    """A request may have another content type, and no key."""
    server = await raw_server(respond_with(OK))
    sender = Sender(server.url)
    form = Request("POST", "/token", body=b"a=b", content_type="application/x-www-form-urlencoded")
    await sender.send(form, Attempt(1, Secret(""), RequestStats()))
    await sender.aclose()
    (sent,) = server.requests
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in sent
    assert b"Authorization" not in sent


async def test_joins_several_link_fields(raw_server: RawServers) -> None:
    """Several `Link` fields become one; without a field there is no link."""
    linked = OK.replace(
        b"X-Request-ID: r1", b'Link: <?page=1>; rel="prev"\r\nLink: <?page=3>; rel="next"'
    )
    server = await raw_server(respond_with(linked, OK))
    sender = Sender(server.url)
    both, none = await sender.send(LIST, make_attempt()), await sender.send(LIST, make_attempt())
    await sender.aclose()
    assert '<?page=1>; rel="prev", <?page=3>; rel="next"' == both.headers["link"]
    assert "link" not in none.headers


@pytest.mark.parametrize("request_", [LIST, PAY], ids=["GET", "POST"])
async def test_does_not_follow_a_redirect(raw_server: RawServers, request_: Request) -> None:
    """A redirect is returned: following it here would bypass the request count."""
    server = await raw_server(
        respond_with(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    )
    sender = Sender(server.url)
    response = await sender.send(request_, make_attempt())
    await sender.aclose()
    assert (302, "/elsewhere") == (response.status, response.headers["location"])
    assert 1 == len(server.requests)


async def test_keeps_a_connection() -> None:
    """Several requests use one connection, and closing the sessions closes it."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender = Sender(sandbox.url)
        sent = make_attempt()
        for _ in range(3):
            await sender.send(LIST, sent)
        connector = sender.connector
        assert 1 == len(connector._conns)
        await sender.aclose()
        assert connector.closed
    assert (3, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, ResponseReceived] * 3 == [type(event) for event in sender.events]


async def test_emits_the_request_and_the_response() -> None:
    """The events have the request, the number of the attempt, and the response."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender = Sender(sandbox.url)
        response = await sender.send(LIST, Attempt(3, Secret("Token sandbox-key"), RequestStats()))
        await sender.aclose()
        url = f"{sandbox.url}/coa/api/v1/invoice-payments?cursor=&limit=2"
    sent, received = sender.events
    assert RequestSent("campfire", "GET", url, 3) == sent
    assert isinstance(received, ResponseReceived)
    expected = ("campfire", "GET", url, 3, 200, len(response.body))
    assert expected == (
        received.provider,
        received.method,
        received.url,
        received.attempt,
        received.status,
        received.size,
    )
    assert 0 < received.seconds < 60


async def test_event_of_a_response_has_its_headers_about_a_limit(raw_server: RawServers) -> None:
    """The event of a response has its headers about a rate limit."""
    server = await raw_server(respond_with(OK.replace(b"X-Request-ID: r1", b"Retry-After: 7")))
    sender = Sender(server.url)
    await sender.send(LIST, make_attempt())
    await sender.aclose()
    received = sender.events[-1]
    assert isinstance(received, ResponseReceived)
    assert {"retry-after": "7"} == received.headers


def test_event_has_the_headers_about_a_limit() -> None:
    """An event has the headers about a rate limit, without the key, and no others."""
    headers = {"x-minlimit-remaining": "7", "retry-after": "sandbox-key", "content-type": "a/b"}
    expected = {"x-minlimit-remaining": "7", "retry-after": "***"}
    assert expected == http._limit_headers(headers, Secret("sandbox-key"))


async def test_refused_connection() -> None:
    """If the connection is refused, nothing can have been sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error, sent, events = await fail_to_send(f"http://127.0.0.1:{port}")
    assert isinstance(error, ConnectionFailedError)
    assert error.never_sent
    assert "No complete response: ClientConnectorError: Cannot connect to host" in str(error)
    assert (1, False) == (sent.stats.requests, sent.may_have_been_processed)
    assert isinstance(events[-1], RequestFailed)
    assert "ConnectionFailedError" == events[-1].error


async def test_unknown_host() -> None:
    """If the host is unknown, nothing can have been sent."""
    error, _, _ = await fail_to_send("https://no-such-host.localhost:1")
    assert isinstance(error, ConnectionFailedError)
    assert error.never_sent


async def test_post_verifies_the_name_of_its_host() -> None:
    """The certificate must be for the host of the URL, although the connection is not shared."""
    authority = trustme.CA()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        writer.write(OK)
        await writer.drain()
        writer.close()

    connector = aiohttp.TCPConnector(ssl=trusting)
    async with (
        await asyncio.start_server(respond, "127.0.0.1", ssl=serving) as server,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        port = server.sockets[0].getsockname()[1]
        sender = Sender(f"https://localhost:{port}", session=session)
        assert 200 == (await sender.send(PAY, make_attempt())).status


async def test_failed_tls_handshake() -> None:
    """If the TLS handshake fails, nothing can have been sent."""
    async with CampfireSandbox() as sandbox:
        error, _, _ = await fail_to_send(sandbox.url.replace("http://", "https://"))
        assert 0 == len(sandbox.requests)
    assert isinstance(error, ConnectionFailedError)
    assert error.never_sent


@pytest.mark.parametrize(
    "fault",
    [reset("before"), reset("headers"), reset("body"), truncated()],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize("request_", [LIST, PAY], ids=["GET", "POST"])
async def test_broken_connection(fault: Fault, request_: Request) -> None:
    """If the connection breaks, the request was sent once and may have been processed."""
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        error, sent, events = await fail_to_send(sandbox.url, request_)
        assert 1 == len(sandbox.requests)
    assert isinstance(error, ConnectionFailedError)
    assert "_ConnectionLostError" not in str(error)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, RequestFailed] == [type(event) for event in events]


@pytest.mark.parametrize(
    "fault", [hang(), dripping_headers(0.01), dripping_body(0.01)], ids=lambda fault: fault.kind
)
async def test_timeout(fault: Fault) -> None:
    """The timeout covers the whole attempt, even if the body arrives byte by byte."""
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        error, sent, events = await fail_to_send(sandbox.url, timeout=0.1)
    assert isinstance(error, RequestTimeoutError)
    assert "No complete response within the timeout of 0.1 s for one attempt" == str(error)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, RequestFailed] == [type(event) for event in events]


class SilentResolver(AbstractResolver):
    """A resolver that never finds a host."""

    async def resolve(self, *_: object, **__: object) -> list[ResolveResult]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing is open."""


async def test_timeout_while_connecting() -> None:
    """If time runs out before there is a connection, nothing can have been sent."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=SilentResolver())
    ) as session:
        error, sent, _ = await fail_to_send(
            "https://example.invalid", PAY, session=session, timeout=0.05
        )
    assert_never_sent(error, sent)


async def test_timeout_in_the_handshake(raw_server: RawServers) -> None:
    """If time runs out in the TLS handshake, nothing can have been sent."""
    server = await raw_server()
    error, sent, _ = await fail_to_send(
        server.url.replace("http://", "https://"), PAY, timeout=0.05
    )
    assert_never_sent(error, sent)


async def test_timeout_while_waiting_for_a_free_connection() -> None:
    """If the session has no free connection, nothing can have been sent."""
    async with (
        CampfireSandbox(faults=FaultPlan().always(hang(), method="GET")) as sandbox,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session,
    ):
        first = asyncio.create_task(fail_to_send(sandbox.url, LIST, session=session, timeout=0.2))
        await asyncio.sleep(0)
        error, sent, _ = await fail_to_send(sandbox.url, PAY, session=session, timeout=0.05)
        await first
        assert ["GET"] == [request.method for request in sandbox.requests]
    assert_never_sent(error, sent)


def assert_never_sent(error: PaysdkError, sent: Attempt) -> None:
    """Assert that the attempt timed out and that nothing was sent."""
    assert isinstance(error, RequestTimeoutError)
    assert "No connection within the timeout of 0.05 s for one attempt" == str(error)
    assert error.never_sent
    assert (1, False) == (sent.stats.requests, sent.may_have_been_processed)


async def test_cancelled_while_connecting(until: Until) -> None:
    """A request that is cancelled before there is a connection was not sent."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=SilentResolver())
    ) as session:
        sender = Sender("https://example.invalid", session=session)
        sent = make_attempt()
        sending = asyncio.create_task(sender.send(PAY, sent))
        await until(lambda: sender.events)
        await asyncio.sleep(0.005)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert (1, False) == (sent.stats.requests, sent.may_have_been_processed)


@pytest.mark.parametrize("form", [bytes, io.BytesIO], ids=["bytes", "stream"])
async def test_body_that_a_middleware_replaced(
    raw_server: RawServers, form: type[bytes | io.BytesIO]
) -> None:
    """A body that a middleware of the session replaced is noted as sent, too."""

    async def sign(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        body: Any = request.body
        await request.update_body(form(b"signed: " + await body.as_bytes()))
        return await handler(request)

    server = await raw_server()
    async with aiohttp.ClientSession(middlewares=[sign]) as session:
        error, sent, _ = await fail_to_send(server.url, PAY, session=session, timeout=0.1)
    assert server.requests[0].endswith(b'signed: {"transactions": [{"amount": 1.50}]}')
    assert isinstance(error, RequestTimeoutError)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)


@pytest.mark.parametrize("refused", [False, True])
async def test_middleware_that_sends_twice(raw_server: RawServers, *, refused: bool) -> None:
    """A request that was sent once counts as sent, even if a second connection fails."""

    class Once(aiohttp.TCPConnector):
        made = 0

        async def connect(
            self,
            req: aiohttp.ClientRequest,
            traces: Any,  # noqa: ANN401  # aiohttp's
            timeout: Any,  # noqa: ANN401, ASYNC109  # aiohttp's
        ) -> Connection:
            self.made += 1
            if self.made > 1 and refused:
                raise aiohttp.ClientConnectorError(req.connection_key, OSError("refused"))
            if self.made > 1:
                await asyncio.Event().wait()
            return await super().connect(req, traces, timeout)

    async def again(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        (await handler(request)).close()
        return await handler(request)

    server = await raw_server(respond_with(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"))
    async with aiohttp.ClientSession(middlewares=[again], connector=Once()) as session:
        error, sent, _ = await fail_to_send(server.url, PAY, session=session, timeout=0.1)
    assert 1 == len(server.requests)
    assert isinstance(error, ConnectionFailedError if refused else RequestTimeoutError)
    assert "_ConnectionLostError" not in str(error)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)


async def test_body_that_is_written_with_the_older_method() -> None:
    """A request class of the user's may write the body with `write`."""
    written: list[bytes] = []

    class Writer:
        async def write(self, part: bytes) -> None:
            written.append(part)

    begun: list[bool] = []
    body = http._Body(b"{}", lambda: begun.append(True))
    await body.write(Writer())  # type: ignore[arg-type]  # as far as it is used
    assert ([b"{}"], [True]) == (written, begun)


async def test_dropped_connection(raw_server: RawServers) -> None:
    """If the server drops a kept connection, aiohttp does not repeat the GET by itself."""

    async def second_is_dropped(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 2:
            writer.close()
        writer.write(OK)

    server = await raw_server(second_is_dropped)
    sender = Sender(server.url)
    stats = RequestStats()
    await sender.send(LIST, make_attempt(stats))
    with pytest.raises(ConnectionFailedError, match="Server disconnected") as raised:
        await sender.send(LIST, make_attempt(stats))
    assert 2 == len(server.requests)
    assert not raised.value.never_sent
    await sender.send(LIST, make_attempt(stats))
    await sender.aclose()
    assert 3 == len(server.requests)
    assert 3 == stats.requests
    assert [
        RequestSent,
        ResponseReceived,
        RequestSent,
        RequestFailed,
        RequestSent,
        ResponseReceived,
    ] == [type(event) for event in sender.events]


@pytest.mark.parametrize(
    "response",
    [
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
    ids=["another protocol", "length", "chunks", "gzip", "long header"],
)
async def test_response_that_is_not_http(raw_server: RawServers, response: bytes) -> None:
    """A response that is not valid HTTP is a failed connection."""
    server = await raw_server(respond_with(response))
    error, sent, _ = await fail_to_send(server.url)
    assert isinstance(error, ConnectionFailedError)
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)


async def test_compressed_response(raw_server: RawServers) -> None:
    """A compressed response is decompressed."""
    packed = zlib.compress(b'{"count": 1}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(
        packed
    )
    server = await raw_server(respond_with(head + packed))
    sender = Sender(server.url)
    response = await sender.send(LIST, make_attempt())
    await sender.aclose()
    assert b'{"count": 1}' == response.body


@pytest.mark.parametrize("fault", [huge_body(), gzip_bomb(200_000)], ids=lambda fault: fault.kind)
async def test_too_large_response(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Reading stops at the largest size, also of a decompressed body, and closes the connection."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        sender = Sender(sandbox.url)
        sent = make_attempt()
        with pytest.raises(MalformedResponseError, match="larger than 100,000 bytes") as raised:
            await sender.send(LIST, sent)
        connector = sender.connector
        assert 0 == len(connector._acquired)
        await sender.aclose()
    assert not raised.value.not_json
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, RequestFailed] == [type(event) for event in sender.events]


class BodyInPieces:
    """A response whose body has arrived already, in pieces."""

    def __init__(self, pieces: int, size: int = 100, status: int = 200) -> None:
        self.status = status
        self.content = self
        self.pieces = [b"x" * size] * pieces

    async def iter_any(self) -> AsyncIterator[bytes]:
        """The pieces, without ever waiting."""
        while self.pieces:
            yield self.pieces.pop()


@pytest.mark.parametrize(("size", "left"), [(16_384, 6), (20_000, 6), (65_536, 9), (65_537, 9)])
async def test_reads_an_error_in_pieces_up_to_the_bound(size: int, left: int) -> None:
    """An error body is joined and cut at the bound."""
    response = BodyInPieces(10, size, 500)
    body = await http._read_body(response)  # type: ignore[arg-type]  # as far as it is used
    assert b"x" * 65_536 == body
    assert left == len(response.pieces)


async def test_other_tasks_run_while_a_large_response_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reading a large compressed response does not block the event loop."""
    monkeypatch.setattr(http, "_BYTES_PER_TURN", 1000)
    turns: list[int] = []

    async def note() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    noting = asyncio.create_task(note())
    body = await http._read_body(BodyInPieces(100))  # type: ignore[arg-type]  # as above
    assert 10_000 == len(body)
    noting.cancel()
    assert 10 == len(turns)


@pytest.mark.parametrize("code", [302, 400, 500])
async def test_endless_error_response(raw_server: RawServers, until: Until, code: int) -> None:
    """An error is read up to the bound, and then its connection is closed."""
    server = await raw_server(
        respond_with(b"HTTP/1.1 %d X\r\nContent-Length: 1000000000\r\n\r\n" % code + b"x" * 100_000)
    )
    sender = Sender(server.url)
    stats = RequestStats()
    response = await sender.send(LIST, make_attempt(stats))
    assert (code, 65_536) == (response.status, len(response.body))
    await until(lambda: not server.open)
    await sender.aclose()
    assert 1 == stats.requests
    assert [RequestSent, ResponseReceived] == [type(event) for event in sender.events]


async def test_keeps_a_connection_after_an_error(raw_server: RawServers) -> None:
    """After a complete error response the connection is used again."""
    server = await raw_server(
        respond_with(b"HTTP/1.1 500 X\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000)
    )
    sender = Sender(server.url)
    assert [60_000] * 2 == [len((await sender.send(LIST, make_attempt())).body) for _ in range(2)]
    await sender.aclose()
    assert 1 == server.connections


async def test_response_of_the_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response of exactly the largest size is read."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    async with CampfireSandbox(faults=FaultPlan().always(huge_body(100_000))) as sandbox:
        sender = Sender(sandbox.url)
        response = await sender.send(LIST, make_attempt())
        await sender.aclose()
    assert 100_000 == len(response.body)


@pytest.mark.parametrize("request_", [LIST, PAY], ids=["GET", "POST"])
@pytest.mark.parametrize("fault", [hang(), dripping_body(0.01)], ids=lambda fault: fault.kind)
async def test_cancelling_cuts_the_connection(
    fault: Fault, request_: Request, told_by: Callable[[BaseException], str], until: Until
) -> None:
    """Cancelling closes the connection and emits an event; the exception holds no key."""
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        sender = Sender(sandbox.url)
        url = f"{sandbox.url}{request_.target}"
        sent = make_attempt()
        sending = asyncio.create_task(sender.send(request_, sent))
        await until(lambda: sandbox.requests)
        await asyncio.sleep(0.005)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await sending
        connector = sender.connector
        assert (0, 0) == (len(connector._acquired), len(connector._conns))
        await sender.aclose()
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert isinstance(sender.events[-1], RequestFailed)
    assert ("CancelledError", url) == (sender.events[-1].error, sender.events[-1].url)
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


async def test_timeout_of_the_session_is_ignored() -> None:
    """The provider's timeout applies, not the timeout of the session."""
    short = aiohttp.ClientTimeout(total=0.01)
    async with (
        CampfireSandbox(payments=2, latency=0.03) as sandbox,
        aiohttp.ClientSession(timeout=short) as session,
    ):
        sender = Sender(sandbox.url, session=session)
        assert 200 == (await sender.send(LIST, make_attempt())).status


async def test_error_of_a_middleware(told_by: Callable[[BaseException], str]) -> None:
    """An error of a middleware is raised as it is, but without the frames that hold the key."""
    tenants: dict[int, Awaitable[aiohttp.ClientResponse]] = {}

    async def broken(
        request: aiohttp.ClientRequest, _handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        held = request.headers["Authorization"]
        try:
            return await tenants[len(held)]
        except KeyError:
            raise LookupError("no such tenant") from None

    async with aiohttp.ClientSession(middlewares=[broken]) as session:
        sender = Sender("http://127.0.0.1:1", session=session)
        with pytest.raises(LookupError, match="no such tenant") as raised:
            await sender.send(LIST, make_attempt())
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)
    assert [RequestSent, RequestFailed] == [type(event) for event in sender.events]


async def test_event_of_a_failed_attempt() -> None:
    """The event has the provider, the request, the attempt, the duration and the error."""
    async with CampfireSandbox(faults=FaultPlan().always(reset("before"))) as sandbox:
        sender = Sender(sandbox.url)
        with pytest.raises(ConnectionFailedError, match="No complete response: "):
            await sender.send(LIST, Attempt(4, Secret("Token sandbox-key"), RequestStats()))
        await sender.aclose()
        expected = ("campfire", "GET", sandbox.url + LIST.target, 4, "ConnectionFailedError")
    told = sender.events[-1]
    assert isinstance(told, RequestFailed)
    assert expected == (told.provider, told.method, told.url, told.attempt, told.error)
    assert 0 < told.seconds < 60


@pytest.mark.parametrize("code", [300, 404])
async def test_reads_an_error_up_to_the_bound(raw_server: RawServers, code: int) -> None:
    """From status 300 on, the body is read up to the bound, also in chunks."""
    body = bytes(range(32, 127)) * 1000
    sent = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:30_000], body[30_000:]))
        + b"0\r\n\r\n"
    )
    server = await raw_server(
        respond_with(b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n" % code + sent)
    )
    sender = Sender(server.url)
    response = await sender.send(LIST, make_attempt())
    await sender.aclose()
    assert (code, body[:65_536]) == (response.status, response.body)


@pytest.mark.parametrize("given", [True, False], ids=["given session", "own session"])
async def test_post_goes_out_over_a_connection_of_its_own(
    raw_server: RawServers, *, given: bool
) -> None:
    """A POST never uses a kept connection, which the server may close at that moment."""

    async def closes_after_each(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        asyncio.get_running_loop().call_later(0.002, writer.close)

    server = await raw_server(closes_after_each)
    async with aiohttp.ClientSession() as session:
        sender = Sender(server.url, session=session if given else None)
        for _ in range(30):
            with contextlib.suppress(ConnectionFailedError):
                await sender.send(LIST, make_attempt())
            assert 200 == (await sender.send(PAY, make_attempt())).status
        await sender.aclose()
    posts = [request for request in server.requests if request.startswith(b"POST")]
    assert 30 == len(posts)
    assert all(b"\r\nConnection: close\r\n" in post for post in posts)


async def test_gets_keep_their_connection_beside_a_post(raw_server: RawServers) -> None:
    """A POST does not use the connection of the GETs, and the server sees the same host name."""
    server = await raw_server(respond_with(OK))
    sender = Sender(server.url)
    for request in (LIST, PAY, LIST, PAY, PAY, LIST):
        await sender.send(request, make_attempt())
    await sender.aclose()
    assert (6, 4) == (len(server.requests), server.connections)
    assert 1 == len(
        {
            next(line for line in request.split(b"\r\n") if line.startswith(b"Host:"))
            for request in server.requests
        }
    )


@pytest.mark.parametrize("given", [True, False], ids=["given session", "own session"])
async def test_header_of_more_than_8_kib(raw_server: RawServers, *, given: bool) -> None:
    """A header that is longer than 8 KiB is read, over any session."""
    server = await raw_server(
        respond_with(
            OK.replace(b"X-Request-ID: r1", b"Link: <?x=" + b"y" * 40_000 + b'>; rel="next"')
        )
    )
    async with aiohttp.ClientSession() as session:
        sender = Sender(server.url, session=session if given else None)
        response = await sender.send(LIST, make_attempt())
        await sender.aclose()
    assert 40_000 < len(response.headers["link"])


async def send_headers(raw_server: RawServers, count: int) -> RawResponse:
    """Send a request to which a server responds with *count* headers more than usual."""
    many = b"".join(b"X-%d: a\r\n" % number for number in range(count))
    server = await raw_server(respond_with(OK.replace(b"X-Request-ID", many + b"X-Request-ID")))
    sender = Sender(server.url)
    try:
        return await sender.send(LIST, make_attempt())
    finally:
        await sender.aclose()


async def test_many_headers(raw_server: RawServers) -> None:
    """A response of many headers is read, and one of still more says what is wrong."""
    assert 900 < len((await send_headers(raw_server, 900)).headers)
    with pytest.raises(ConnectionFailedError, match="Too many headers"):
        await send_headers(raw_server, 1100)


@pytest.mark.parametrize(
    ("code", "in_doubt"),
    [
        (400, False),
        (409, False),
        (429, False),
        (406, True),
        (408, True),
        (425, True),
        (460, True),
        (499, True),
        (500, True),
    ],
)
async def test_which_status_proves_that_nothing_was_processed(
    raw_server: RawServers, code: int, in_doubt: bool
) -> None:  # a table's columns
    """Only a refusal proves that a POST was not processed."""
    server = await raw_server(respond_with(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code))
    sender = Sender(server.url)
    sent = make_attempt()
    await sender.send(PAY, sent)
    await sender.aclose()
    assert in_doubt is sent.may_have_been_processed


def test_an_unshared_host_equals_only_itself() -> None:
    """A connection that is made for one request is never used by another."""
    host = http._UnsharedHost("localhost")
    another = http._UnsharedHost("localhost")

    itself = host
    assert [True, False, False] == [host == itself, host == another, host == "localhost"]
