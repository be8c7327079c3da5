"""One attempt over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import socket
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from paysdk.errors import (
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaysdkError,
    RequestTimeoutError,
)
from paysdk.events import Event, RequestFailed, RequestSent, ResponseReceived
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
from paysdk.transport.http import HTTPTransport
from paysdk.transport.messages import Request, Response
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from aiohttp.abc import ResolveResult
    from aiohttp.connector import Connection

    from tests.conftest import RawServers, Until

LIST = Request("GET", "/coa/api/v1/invoice-payments", "cursor=&limit=2")
PAY = Request(
    "POST", "/coa/api/v1/invoice/58700/pay/", body=b'{"transactions": [{"amount": 1.50}]}'
)


def transport(
    origin: str, *, session: aiohttp.ClientSession | None = None, timeout: float = 5.0
) -> tuple[HTTPTransport, list[Event]]:
    """A transport to this origin, and the events that it tells."""
    events: list[Event] = []
    return HTTPTransport("campfire", origin, session, timeout, EventEmitter(events.append)), events


def attempt(stats: RequestStats | None = None) -> Attempt:
    """An attempt with the sandbox's key."""
    return Attempt(1, Secret("Token sandbox-key"), stats or RequestStats())


async def failure_of(
    origin: str,
    request: Request = LIST,
    *,
    timeout: float = 5.0,  # noqa: ASYNC109  # the setting under test
    session: aiohttp.ClientSession | None = None,
) -> tuple[PaysdkError, Attempt, list[Event]]:
    """What sending raises, the attempt, and the events."""
    sender, events = transport(origin, session=session, timeout=timeout)
    sent = attempt()
    try:
        with pytest.raises(PaysdkError) as raised:
            await sender.send(request, sent)
    finally:
        await sender.aclose()
    return raised.value, sent, events


def own_session(sender: HTTPTransport) -> aiohttp.ClientSession:
    """The session that a transport has opened in this event loop."""
    session, _ = sender._own[asyncio.get_running_loop()]
    return session


def connector_of(sender: HTTPTransport) -> aiohttp.TCPConnector:
    """Its connections."""
    connector = own_session(sender).connector
    assert isinstance(connector, aiohttp.TCPConnector)
    return connector


def answering(*answers: bytes) -> Callable[[int, asyncio.StreamWriter], Awaitable[None]]:
    """Answers of these bytes, the last one for ever."""

    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[min(number, len(answers)) - 1])
        await writer.drain()

    return answer


@pytest.fixture
def raw_server_in_a_thread() -> Iterator[str]:
    """The URL of a server that answers in threads of its own, and closes each connection after an answer."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Always) as server, ThreadPoolExecutor(1) as thread:
        thread.submit(server.serve_forever, 0.01)
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: r1\r\n\r\n{}"


async def test_get_as_it_is_on_the_wire(raw_server: RawServers) -> None:
    """The target goes out byte for byte, with the key in its header, and nothing that belongs to a body."""
    server = await raw_server(answering(OK))
    sender, _ = transport(server.url)
    answer = await sender.send(Request("GET", "/a", "cursor=a%2Bb+c%3D%3d&x="), attempt())
    await sender.aclose()
    (sent,) = server.requests
    head = sent.decode().split("\r\n")
    assert "GET /a?cursor=a%2Bb+c%3D%3d&x= HTTP/1.1" == head[0]
    assert "Authorization: Token sandbox-key" in head
    assert any(line.startswith("User-Agent: paysdk/") for line in head)
    assert not any(line.startswith(("Content-", "Cookie")) for line in head)
    assert Response(200, {"content-length": "2", "x-request-id": "r1"}, b"{}") == answer


async def test_post_as_it_is_on_the_wire(raw_server: RawServers) -> None:
    """The body goes out as it is, as JSON."""
    server = await raw_server(answering(OK))
    sender, _ = transport(server.url)
    await sender.send(PAY, attempt())
    await sender.aclose()
    (sent,) = server.requests
    assert b"\r\nContent-Type: application/json\r\n" in sent
    assert sent.endswith(b'\r\n\r\n{"transactions": [{"amount": 1.50}]}')


async def test_links_may_come_in_several_fields(raw_server: RawServers) -> None:
    """A header that is a list is one list, however many fields it came in; none is invented where there is none."""
    linked = OK.replace(
        b"X-Request-ID: r1", b'Link: <?page=1>; rel="prev"\r\nLink: <?page=3>; rel="next"'
    )
    server = await raw_server(answering(linked, OK))
    sender, _ = transport(server.url)
    both, none = await sender.send(LIST, attempt()), await sender.send(LIST, attempt())
    await sender.aclose()
    assert '<?page=1>; rel="prev", <?page=3>; rel="next"' == both.headers["link"]
    assert "link" not in none.headers


@pytest.mark.parametrize("request_", [LIST, PAY], ids=["GET", "POST"])
async def test_redirect_is_an_answer(raw_server: RawServers, request_: Request) -> None:
    """A redirect is not followed here, where nobody could count it."""
    server = await raw_server(
        answering(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    )
    sender, _ = transport(server.url)
    answer = await sender.send(request_, attempt())
    await sender.aclose()
    assert (302, "/elsewhere") == (answer.status, answer.headers["location"])
    assert 1 == len(server.requests)


async def test_no_cookie_comes_back(raw_server: RawServers) -> None:
    """What one answer sets is not sent with the next request."""
    server = await raw_server(answering(OK.replace(b"X-Request-ID: r1", b"Set-Cookie: session=1")))
    # aiohttp keeps no cookies of a host that is an address.
    sender, _ = transport(server.url.replace("127.0.0.1", "localhost"))
    await sender.send(LIST, attempt())
    await sender.send(LIST, attempt())
    await sender.aclose()
    assert 2 == len(server.requests)
    assert b"ookie" not in server.requests[1]


async def test_connection_is_kept() -> None:
    """One connection serves request after request, and closing closes it."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender, events = transport(sandbox.url)
        sent = attempt()
        for _ in range(3):
            await sender.send(LIST, sent)
        connector = connector_of(sender)
        assert 1 == len(connector._conns)
        await sender.aclose()
        assert connector.closed
    assert (3, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, ResponseReceived] * 3 == [type(event) for event in events]


async def test_answer_is_told() -> None:
    """The events say what was asked, which attempt it was, and what came back."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender, events = transport(sandbox.url)
        answer = await sender.send(LIST, Attempt(3, Secret("Token sandbox-key"), RequestStats()))
        await sender.aclose()
        url = f"{sandbox.url}/coa/api/v1/invoice-payments?cursor=&limit=2"
    sent, answered = events
    assert RequestSent("campfire", "GET", url, 3) == sent
    assert isinstance(answered, ResponseReceived)
    expected = ("campfire", "GET", url, 3, 200, len(answer.body))
    assert expected == (
        answered.provider,
        answered.method,
        answered.url,
        answered.attempt,
        answered.status,
        answered.size,
    )
    assert 0 < answered.seconds < 60


async def test_nobody_listens() -> None:
    """A refused connection is a failure where nothing can have been sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error, sent, events = await failure_of(f"http://127.0.0.1:{port}")
    assert isinstance(error, ConnectionFailedError)
    assert error.never_sent
    assert "No complete response: ClientConnectorError: Cannot connect to host" in str(error)
    assert (1, False) == (sent.stats.requests, sent.may_have_been_processed)
    assert isinstance(events[-1], RequestFailed)
    assert "ConnectionFailedError" == events[-1].error


async def test_no_such_host() -> None:
    """A name that leads nowhere is a failure where nothing can have been sent."""
    error, _, _ = await failure_of("https://no-such-host.localhost:1")
    assert isinstance(error, ConnectionFailedError)
    assert error.never_sent


async def test_no_tls_there() -> None:
    """A handshake that fails is a failure where nothing can have been sent."""
    async with CampfireSandbox() as sandbox:
        error, _, _ = await failure_of(sandbox.url.replace("http://", "https://"))
        assert 0 == len(sandbox.requests)
    assert isinstance(error, ConnectionFailedError)
    assert error.never_sent


@pytest.mark.parametrize(
    "fault",
    [reset("before"), reset("headers"), reset("body"), truncated()],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize("request_", [LIST, PAY], ids=["GET", "POST"])
async def test_connection_breaks(fault: Fault, request_: Request) -> None:
    """Wherever the connection breaks, the request was sent once, and may have been processed."""
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        error, sent, events = await failure_of(sandbox.url, request_)
        assert 1 == len(sandbox.requests)
    assert isinstance(error, ConnectionFailedError)
    assert "_ConnectionLostError" not in str(error)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, RequestFailed] == [type(event) for event in events]


@pytest.mark.parametrize(
    "fault", [hang(), dripping_headers(0.01), dripping_body(0.01)], ids=lambda fault: fault.kind
)
async def test_time_runs_out(fault: Fault) -> None:
    """The timeout is for the whole attempt, its body included, however steadily that drips."""
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        error, sent, events = await failure_of(sandbox.url, timeout=0.1)
    assert isinstance(error, RequestTimeoutError)
    assert "No complete response within the timeout of 0.1 s for one attempt" == str(error)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, RequestFailed] == [type(event) for event in events]


class NoAnswerResolver(AbstractResolver):
    """Names lead nowhere, ever."""

    async def resolve(self, *_: object, **__: object) -> list[ResolveResult]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing is open."""


async def test_time_runs_out_while_connecting() -> None:
    """Where the time was over before there was a connection, nothing can have been sent."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=NoAnswerResolver())
    ) as session:
        error, sent, _ = await failure_of(
            "https://example.invalid", PAY, session=session, timeout=0.05
        )
    assert_never_sent(error, sent)


async def test_time_runs_out_in_the_handshake(raw_server: RawServers) -> None:
    """Likewise where the other side takes the connection and never says a word of TLS."""
    server = await raw_server()
    error, sent, _ = await failure_of(server.url.replace("http://", "https://"), PAY, timeout=0.05)
    assert_never_sent(error, sent)


async def test_time_runs_out_in_the_line_for_a_connection() -> None:
    """Likewise where the given session has no connection free."""
    async with (
        CampfireSandbox(faults=FaultPlan().always(hang(), method="GET")) as sandbox,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session,
    ):
        first = asyncio.create_task(failure_of(sandbox.url, LIST, session=session, timeout=0.2))
        await asyncio.sleep(0)
        error, sent, _ = await failure_of(sandbox.url, PAY, session=session, timeout=0.05)
        await first
        assert ["GET"] == [request.method for request in sandbox.requests]
    assert_never_sent(error, sent)


def assert_never_sent(error: PaysdkError, sent: Attempt) -> None:
    """The attempt timed out, and it is known that nothing was sent."""
    assert isinstance(error, RequestTimeoutError)
    assert "No connection within the timeout of 0.05 s for one attempt" == str(error)
    assert error.never_sent
    assert (1, False) == (sent.stats.requests, sent.may_have_been_processed)


async def test_cancelled_while_connecting(until: Until) -> None:
    """Whoever is cancelled before there is a connection has sent nothing, which is noted where a deadline did it."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=NoAnswerResolver())
    ) as session:
        sender, events = transport("https://example.invalid", session=session)
        sent = attempt()
        sending = asyncio.create_task(sender.send(PAY, sent))
        await until(lambda: events)
        await asyncio.sleep(0.005)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert (1, False) == (sent.stats.requests, sent.may_have_been_processed)


@pytest.mark.parametrize("form", [bytes, io.BytesIO], ids=["bytes", "stream"])
async def test_body_of_a_middleware(raw_server: RawServers, form: type[bytes | io.BytesIO]) -> None:
    """What a given session's middleware has put in the place of the body has gone out when it has."""

    async def sign(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        await request.update_body(form(b"signed: " + await request.body.as_bytes()))  # type: ignore[union-attr]  # it has a body
        return await handler(request)

    server = await raw_server()
    async with aiohttp.ClientSession(middlewares=[sign]) as session:
        error, sent, _ = await failure_of(server.url, PAY, session=session, timeout=0.1)
    assert server.requests[0].endswith(b'signed: {"transactions": [{"amount": 1.50}]}')
    assert isinstance(error, RequestTimeoutError)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)


@pytest.mark.parametrize("refused", [False, True])
async def test_middleware_that_sends_twice(raw_server: RawServers, *, refused: bool) -> None:
    """What went out once has gone out, though there was no connection the second time."""

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

    server = await raw_server(answering(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"))
    async with aiohttp.ClientSession(middlewares=[again], connector=Once()) as session:
        error, sent, _ = await failure_of(server.url, PAY, session=session, timeout=0.1)
    assert 1 == len(server.requests)
    assert isinstance(error, ConnectionFailedError if refused else RequestTimeoutError)
    assert "_ConnectionLostError" not in str(error)
    assert not error.never_sent
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)


async def test_body_that_is_written_in_the_old_way() -> None:
    """A session with a class of its own for requests may write a body with the older of its two methods."""
    written: list[bytes] = []

    class Writer:
        async def write(self, part: bytes) -> None:
            written.append(part)

    begun: list[bool] = []
    await http._Body(b"{}", lambda: begun.append(True)).write(Writer())  # type: ignore[arg-type]  # as far as it is used
    assert ([b"{}"], [True]) == (written, begun)


async def test_kept_connection_was_dropped(raw_server: RawServers) -> None:
    """A GET over a kept connection that the server dropped is not sent again behind paysdk's back."""

    async def second_is_dropped(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 2:
            writer.close()
        writer.write(OK)

    server = await raw_server(second_is_dropped)
    sender, events = transport(server.url)
    stats = RequestStats()
    await sender.send(LIST, attempt(stats))
    with pytest.raises(ConnectionFailedError, match="Server disconnected") as raised:
        await sender.send(LIST, attempt(stats))
    assert 2 == len(server.requests)
    assert not raised.value.never_sent
    await sender.send(LIST, attempt(stats))
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
    ] == [type(event) for event in events]


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
    ids=["another protocol", "length", "chunks", "gzip", "long header"],
)
async def test_answer_is_no_http(raw_server: RawServers, answer: bytes) -> None:
    """What cannot be read as HTTP is no complete answer."""
    server = await raw_server(answering(answer))
    error, sent, _ = await failure_of(server.url)
    assert isinstance(error, ConnectionFailedError)
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)


@pytest.mark.parametrize(
    ("sent_back", "message"),
    [
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            "No complete response: one of its headers is longer than 65,536 bytes. Tell the ",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "No complete response: it is not valid HTTP: ",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
            "No complete response: its body is cut off or damaged: ",
        ),
    ],
    ids=["long header", "length", "gzip"],
)
async def test_broken_response_is_explained_in_one_line(
    raw_server: RawServers, sent_back: bytes, message: str
) -> None:
    """The message says what is wrong with the response, not how aiohttp words it."""
    server = await raw_server(answering(sent_back))
    error, _, _ = await failure_of(server.url)
    assert str(error).startswith(message)
    assert [] == [raw for raw in ("\n", "message=", "Error") if raw in str(error)]


async def test_compressed_answer(raw_server: RawServers) -> None:
    """A compressed answer comes out as what it holds."""
    packed = zlib.compress(b'{"count": 1}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(
        packed
    )
    server = await raw_server(answering(head + packed))
    sender, _ = transport(server.url)
    answer = await sender.send(LIST, attempt())
    await sender.aclose()
    assert b'{"count": 1}' == answer.body


@pytest.mark.parametrize("fault", [huge_body(), gzip_bomb(200_000)], ids=lambda fault: fault.kind)
async def test_answer_is_too_large(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """A body beyond the bound is refused while it is read, also where it grows only when it is unpacked, and its connection is given up."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        sender, events = transport(sandbox.url)
        sent = attempt()
        with pytest.raises(MalformedResponseError, match="larger than 100,000 bytes") as raised:
            await sender.send(LIST, sent)
        connector = connector_of(sender)
        assert 0 == len(connector._acquired)
        await sender.aclose()
    assert not raised.value.not_json
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert [RequestSent, RequestFailed] == [type(event) for event in events]


class Unpacked:
    """An answer whose body is there already, in pieces."""

    def __init__(self, pieces: int, size: int = 100, status: int = 200) -> None:
        self.status = status
        self.content = self
        self.pieces = [b"x" * size] * pieces

    async def iter_any(self) -> AsyncIterator[bytes]:
        """The pieces, without ever waiting."""
        while self.pieces:
            yield self.pieces.pop()


@pytest.mark.parametrize(("size", "left"), [(16_384, 6), (20_000, 6), (65_536, 9), (65_537, 9)])
async def test_error_answer_in_pieces_is_read_to_its_bound(size: int, left: int) -> None:
    """So much and no more, with nothing between the pieces."""
    answer = Unpacked(10, size, 500)
    assert b"x" * 65_536 == await http._read(answer)  # type: ignore[arg-type]  # as far as it is looked at
    assert left == len(answer.pieces)


async def test_event_loop_has_its_turn_while_a_large_answer_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other tasks go on while an answer comes that grows when it is unpacked."""
    monkeypatch.setattr(http, "_BYTES_PER_TURN", 1000)
    turns: list[int] = []

    async def note() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    noting = asyncio.create_task(note())
    assert 10_000 == len(await http._read(Unpacked(100)))  # type: ignore[arg-type]  # as far as it is looked at
    noting.cancel()
    assert 10 == len(turns)


@pytest.mark.parametrize("code", [302, 400, 500])
async def test_error_answer_without_an_end(raw_server: RawServers, until: Until, code: int) -> None:
    """Of an error answer so much is read as an API may have to say, then its connection is given up."""
    server = await raw_server(
        answering(b"HTTP/1.1 %d X\r\nContent-Length: 1000000000\r\n\r\n" % code + b"x" * 100_000)
    )
    sender, events = transport(server.url)
    stats = RequestStats()
    answer = await sender.send(LIST, attempt(stats))
    assert (code, 65_536) == (answer.status, len(answer.body))
    await until(lambda: not server.open)
    await sender.aclose()
    assert 1 == stats.requests
    assert [RequestSent, ResponseReceived] == [type(event) for event in events]


async def test_connection_is_kept_after_an_error(raw_server: RawServers) -> None:
    """An error answer that ends leaves its connection for the next request."""
    server = await raw_server(
        answering(b"HTTP/1.1 500 X\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000)
    )
    sender, _ = transport(server.url)
    assert [60_000] * 2 == [len((await sender.send(LIST, attempt())).body) for _ in range(2)]
    await sender.aclose()
    assert 1 == server.connections


async def test_answer_of_the_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself is allowed."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    async with CampfireSandbox(faults=FaultPlan().always(huge_body(100_000))) as sandbox:
        sender, _ = transport(sandbox.url)
        answer = await sender.send(LIST, attempt())
        await sender.aclose()
    assert 100_000 == len(answer.body)


@pytest.mark.parametrize("request_", [LIST, PAY], ids=["GET", "POST"])
@pytest.mark.parametrize("fault", [hang(), dripping_body(0.01)], ids=lambda fault: fault.kind)
async def test_cancelled(
    fault: Fault, request_: Request, told_by: Callable[[BaseException], str], until: Until
) -> None:
    """Being cancelled cuts the connection and tells it, and the exception holds no key."""
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        sender, events = transport(sandbox.url)
        url = f"{sandbox.url}{request_.target}"
        sent = attempt()
        sending = asyncio.create_task(sender.send(request_, sent))
        await until(lambda: sandbox.requests)
        await asyncio.sleep(0.005)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await sending
        connector = connector_of(sender)
        assert (0, 0) == (len(connector._acquired), len(connector._conns))
        await sender.aclose()
    assert (1, True) == (sent.stats.requests, sent.may_have_been_processed)
    assert isinstance(events[-1], RequestFailed)
    assert ("CancelledError", url) == (events[-1].error, events[-1].url)
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


@pytest.mark.parametrize(
    "fault",
    [
        reset("before"),
        reset("headers"),
        reset("body"),
        truncated(),
        hang(),
        dripping_body(0.01),
        huge_body(),
    ],
    ids=lambda fault: fault.kind,
)
async def test_failure_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, fault: Fault, told_by: Callable[[BaseException], str]
) -> None:
    """No exception in the chain of a failure holds a frame of aiohttp's, where the headers of the request are."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        error, _, _ = await failure_of(sandbox.url, timeout=0.05)
    assert "sandbox-key" not in told_by(error)
    assert "/aiohttp/" not in told_by(error)


async def test_refused_connection_shows_no_key(told_by: Callable[[BaseException], str]) -> None:
    """Nor does one where no connection was made."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error, _, _ = await failure_of(f"http://127.0.0.1:{port}")
    assert "sandbox-key" not in told_by(error)
    assert "/aiohttp/" not in told_by(error)


async def test_given_session_is_not_closed() -> None:
    """A session that was given serves the requests, with its own middlewares and whatever it does on error statuses, and stays open."""
    seen: list[str] = []

    async def note(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(request.method)
        return await handler(request)

    async with (
        CampfireSandbox(payments=2) as sandbox,
        aiohttp.ClientSession(raise_for_status=True, middlewares=[note]) as session,
    ):
        sender, _ = transport(sandbox.url, session=session)
        assert 200 == (await sender.send(LIST, attempt())).status
        assert 404 == (await sender.send(Request("GET", "/nowhere"), attempt())).status
        await sender.aclose()
        assert not session.closed
    assert ["GET", "GET"] == seen


async def test_given_sessions_timeout_does_not_count() -> None:
    """How long an attempt may take is the provider's setting, also over a session that has another."""
    short = aiohttp.ClientTimeout(total=0.01)
    async with (
        CampfireSandbox(payments=2, latency=0.03) as sandbox,
        aiohttp.ClientSession(timeout=short) as session,
    ):
        sender, _ = transport(sandbox.url, session=session)
        assert 200 == (await sender.send(LIST, attempt())).status


async def test_given_session_was_closed(told_by: Callable[[BaseException], str]) -> None:
    """A session that its owner has closed is the owner's to mend, and nothing is sent."""
    session = aiohttp.ClientSession()
    await session.close()
    sender, events = transport("http://127.0.0.1:1", session=session)
    with pytest.raises(ConfigurationError, match="session") as raised:
        await sender.send(LIST, attempt())
    assert [] == events
    assert "sandbox-key" not in told_by(raised.value)


async def test_given_session_fails_in_its_own_way(told_by: Callable[[BaseException], str]) -> None:
    """What a given session's own parts raise comes through, but without the frames that hold the key."""
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
        sender, events = transport("http://127.0.0.1:1", session=session)
        with pytest.raises(LookupError, match="no such tenant") as raised:
            await sender.send(LIST, attempt())
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)
    assert [RequestSent, RequestFailed] == [type(event) for event in events]


def test_session_is_none() -> None:
    """Anything but a session of aiohttp's is refused when it is given."""
    with pytest.raises(
        ConfigurationError, match=r"session must be an aiohttp\.ClientSession, not 'session'"
    ):
        HTTPTransport("campfire", "http://127.0.0.1:1", "session", 1.0, EventEmitter(None))  # type: ignore[arg-type]  # what is refused


async def test_closing_twice_and_opening_again() -> None:
    """Closing twice is fine, and so is closing what was never opened."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender, _ = transport(sandbox.url)
        await sender.aclose()
        sender.reopen()
        await sender.send(LIST, attempt())
        await sender.aclose()
        await sender.aclose()
        sender.reopen()
        assert 200 == (await sender.send(LIST, attempt())).status
        await sender.aclose()


async def test_closed_opens_no_session() -> None:
    """After closing, an operation that was still under way gets no new session, which nobody would close."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender, events = transport(sandbox.url)
        await sender.aclose()
        with pytest.raises(ConfigurationError, match="This campfire provider is closed"):
            await sender.send(LIST, attempt())
        assert {} == sender._own
        assert 0 == len(sandbox.requests)
    assert [] == events


async def test_closed_under_a_request(until: Until) -> None:
    """Closing cuts the request that is under way."""
    async with CampfireSandbox(faults=FaultPlan().always(hang())) as sandbox:
        sender, _ = transport(sandbox.url)
        sending = asyncio.create_task(sender.send(LIST, attempt()))
        await until(lambda: sandbox.requests)
        await sender.aclose()
        with pytest.raises(ConnectionFailedError):
            await sending


async def test_own_session_was_closed() -> None:
    """Where somebody closed our session (an event loop that ended, say), another is opened."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender, _ = transport(sandbox.url)
        await sender.send(LIST, attempt())
        await own_session(sender).close()
        assert 200 == (await sender.send(LIST, attempt())).status
        await sender.aclose()


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "left open"])
def test_another_event_loop(*, closes: bool) -> None:
    """Each event loop has its own session, which goes with the loop where nobody closed it."""
    sender, _ = transport("")
    sessions: list[aiohttp.ClientSession] = []

    async def once() -> int:
        async with CampfireSandbox(payments=2) as sandbox:
            sender._origin = sandbox.url
            sender.reopen()
            answer = await sender.send(LIST, attempt())
            sessions.append(own_session(sender))
            if closes:
                await sender.aclose()
            return answer.status

    assert [200, 200] == [asyncio.run(once(), debug=True) for _ in range(2)]
    assert [True, True] == [session.closed for session in sessions]
    assert sessions[0] is not sessions[1]
    gc.collect()


def test_two_event_loops_by_turns() -> None:
    """A loop that is not closed yet keeps its session until it is, and another loop never uses it."""
    sender, _ = transport("")
    loops = [asyncio.new_event_loop() for _ in range(2)]
    sandbox = CampfireSandbox(payments=2)
    sessions: list[aiohttp.ClientSession] = []

    async def once() -> int:
        async with sandbox:
            sender._origin = sandbox.url
            answer = await sender.send(LIST, attempt())
            sessions.append(own_session(sender))
            return answer.status

    assert [200, 200] == [loop.run_until_complete(once()) for loop in loops]
    assert sessions[0] is not sessions[1]
    for loop in loops:
        loop.run_until_complete(asyncio.sleep(0.001))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert [True, True] == [session.closed for session in sessions]


def test_loop_that_ended_without_order() -> None:
    """Closing in another loop than the one that the session belonged to, which is closed already, is fine."""
    sender, _ = transport("")

    async def once() -> None:
        async with CampfireSandbox(payments=2) as sandbox:
            sender._origin = sandbox.url
            await sender.send(LIST, attempt())

    asyncio.run(once())
    asyncio.run(sender.aclose())
    assert {} == sender._own


def test_loop_that_was_closed_by_hand(raw_server_in_a_thread: str) -> None:
    """Its session is closed when another loop opens one, though nobody has ended its async generators."""
    sender, _ = transport(raw_server_in_a_thread)
    disturbed: list[dict[str, Any]] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, context: disturbed.append(context))
    opened: list[aiohttp.ClientSession] = []

    async def once() -> int:
        status = (await sender.send(Request("GET", "/", "close"), attempt())).status
        opened.append(own_session(sender))
        return status

    assert 200 == loop.run_until_complete(once())
    loop.close()
    assert 200 == asyncio.run(once())
    assert [True, True] == [session.closed for session in opened]
    opened.clear()
    gc.collect()
    assert [] == disturbed


def test_loops_in_threads(raw_server_in_a_thread: str) -> None:
    """Threads that each run an event loop share one transport, and each loop closes its own session when it ends."""
    sender, _ = transport(raw_server_in_a_thread)
    together = threading.Barrier(3, timeout=120)
    opened: list[aiohttp.ClientSession] = []

    async def often() -> list[int]:
        statuses: list[int] = []
        for _ in range(10):
            together.wait()
            statuses.append((await sender.send(LIST, attempt())).status)
        opened.append(own_session(sender))
        return statuses

    with ThreadPoolExecutor(3) as threads:
        runs = [threads.submit(lambda: asyncio.run(often())) for _ in range(3)]
        assert [[200] * 10] * 3 == [run.result() for run in runs]
    assert [True] * 3 == [session.closed for session in opened]
    assert 3 == len(set(map(id, opened)))
    asyncio.run(sender.aclose())
    assert {} == sender._own


async def test_connections_are_counted_at_the_server(raw_server: RawServers, until: Until) -> None:
    """After closing, the server sees no connection any more."""
    server = await raw_server(answering(OK))
    sender, _ = transport(server.url)
    await asyncio.gather(*(sender.send(LIST, attempt()) for _ in range(5)))
    assert 5 == len(server.requests)
    assert server.open > 0
    await sender.aclose()
    await until(lambda: not server.open)


async def test_what_is_told_of_a_failed_attempt() -> None:
    """All that a watcher needs to find it: whose, what, where, which attempt, how long it took, and what it came to."""
    async with CampfireSandbox(faults=FaultPlan().always(reset("before"))) as sandbox:
        sender, events = transport(sandbox.url)
        with pytest.raises(ConnectionFailedError, match="No complete response: "):
            await sender.send(LIST, Attempt(4, Secret("Token sandbox-key"), RequestStats()))
        await sender.aclose()
        expected = ("campfire", "GET", sandbox.url + LIST.target, 4, "ConnectionFailedError")
    told = events[-1]
    assert isinstance(told, RequestFailed)
    assert expected == (told.provider, told.method, told.url, told.attempt, told.error)
    assert 0 < told.seconds < 60


def test_errors_are_told_with_their_words() -> None:
    """By kind and words, and by kind alone where there are none."""
    assert ("OSError: no route", "OSError") == (
        http._describe(OSError("no route")),
        http._describe(OSError()),
    )


@pytest.mark.parametrize("code", [300, 404])
async def test_error_answer_is_read_as_far_as_it_may_matter(
    raw_server: RawServers, code: int
) -> None:
    """In chunks or not, what an API says about an error comes whole up to its bound, from 300 on."""
    body = bytes(range(32, 127)) * 1000
    sent = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:30_000], body[30_000:]))
        + b"0\r\n\r\n"
    )
    server = await raw_server(
        answering(b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n" % code + sent)
    )
    sender, _ = transport(server.url)
    answer = await sender.send(LIST, attempt())
    await sender.aclose()
    assert (code, body[:65_536]) == (answer.status, answer.body)


async def test_json_is_asked_for(raw_server: RawServers) -> None:
    """And anything else rather than nothing, as an error may come in HTML."""
    server = await raw_server(answering(OK))
    sender, _ = transport(server.url)
    await sender.send(LIST, attempt())
    await sender.aclose()
    assert b"\r\nAccept: application/json, */*;q=0.5\r\n" in server.requests[0]


async def test_closed_session_that_was_given() -> None:
    """Says whose it is and what to do."""
    async with aiohttp.ClientSession() as session:
        pass
    sender, _ = transport("http://127.0.0.1:1", session=session)
    with pytest.raises(
        ConfigurationError,
        match=r"^The session that was given is closed\. Give an open one, or none\.$",
    ):
        await sender.send(LIST, attempt())


@pytest.mark.parametrize("given", [True, False], ids=["given session", "own session"])
async def test_post_goes_out_over_a_connection_of_its_own(
    raw_server: RawServers, *, given: bool
) -> None:
    """A server may close a kept connection when it is used again, and then nobody could tell whether a POST was processed."""

    async def closes_after_each(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        asyncio.get_running_loop().call_later(0.002, writer.close)

    server = await raw_server(closes_after_each)
    async with aiohttp.ClientSession() as session:
        sender, _ = transport(server.url, session=session if given else None)
        for _ in range(30):
            with contextlib.suppress(ConnectionFailedError):
                await sender.send(LIST, attempt())
            assert 200 == (await sender.send(PAY, attempt())).status
        await sender.aclose()
    posts = [request for request in server.requests if request.startswith(b"POST")]
    assert 30 == len(posts)
    assert all(b"\r\nConnection: close\r\n" in post for post in posts)


async def test_gets_keep_their_connection_beside_a_post(raw_server: RawServers) -> None:
    """The connection of a GET is used again after a POST, and never by it; the server sees the same name for all."""
    server = await raw_server(answering(OK))
    sender, _ = transport(server.url)
    for request in (LIST, PAY, LIST, PAY, PAY, LIST):
        await sender.send(request, attempt())
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
    """A long link or cookie of a gateway is read, over any session."""
    server = await raw_server(
        answering(OK.replace(b"X-Request-ID: r1", b"Link: <?x=" + b"y" * 40_000 + b'>; rel="next"'))
    )
    async with aiohttp.ClientSession() as session:
        sender, _ = transport(server.url, session=session if given else None)
        response = await sender.send(LIST, attempt())
        await sender.aclose()
    assert 40_000 < len(response.headers["link"])


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
async def test_what_a_status_says_of_a_post(
    raw_server: RawServers, code: int, in_doubt: bool
) -> None:  # a table's columns
    """Only a refusal settles that nothing was processed."""
    server = await raw_server(answering(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code))
    sender, _ = transport(server.url)
    sent = attempt()
    await sender.send(PAY, sent)
    await sender.aclose()
    assert in_doubt is sent.may_have_been_processed


def test_an_unshared_host_equals_only_itself() -> None:
    """Two requests to one host never share a connection that is made for one of them."""
    host = http._UnsharedHost("localhost")
    another = http._UnsharedHost("localhost")

    assert [True, False, False] == [host == host, host == another, host == "localhost"]  # noqa: PLR0124
