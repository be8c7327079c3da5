"""Tests of the sessions that requests are sent over."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from paysdk import CampfireProvider
from paysdk.errors import (
    ConfigurationError,
    ConnectionFailedError,
)
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import (
    FaultPlan,
    hang,
    open_sandbox,
)
from paysdk.transport.messages import Request
from paysdk.transport.sessions import Sessions
from tests.transport.sending import LIST, OK, Sender, make_attempt, respond_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import RawServers, Until


@pytest.fixture
def raw_server_in_a_thread() -> Iterator[str]:
    """A server in threads of its own, which closes each connection after a response."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Always) as server, ThreadPoolExecutor(1) as thread:
        thread.submit(server.serve_forever, 0.01)
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("setting", ["trust_env", "ssl_context"])
async def test_settings_of_a_session_belong_to_the_session(setting: str) -> None:
    """With a session of the user's own, paysdk refuses the settings of its own sessions."""
    given = {"trust_env": True, "ssl_context": ssl.create_default_context()}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="Give your own session its proxy"):
            setting_of_session: Any = {setting: given[setting]}
            CampfireProvider("sandbox-key", session=session, **setting_of_session)


async def test_closed_session_of_the_user(told_by: Callable[[BaseException], str]) -> None:
    """If the user's session is closed, nothing is sent and the error says so."""
    session = aiohttp.ClientSession()
    await session.close()
    sender = Sender("http://127.0.0.1:1", session=session)
    with pytest.raises(ConfigurationError, match="session") as raised:
        await sender.send(LIST, make_attempt())
    assert [] == sender.events
    assert "sandbox-key" not in told_by(raised.value)


def test_refuses_what_is_not_a_session() -> None:
    """Only an aiohttp.ClientSession is accepted."""
    with pytest.raises(
        ConfigurationError, match=r"session must be an aiohttp\.ClientSession, not 'session'"
    ):
        Sessions("campfire", "session")  # type: ignore[arg-type]  # what is refused


async def test_closing_twice_and_opening_again() -> None:
    """Closing works twice, before the first request, and before a reopening."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender = Sender(sandbox.url)
        await sender.aclose()
        sender.sessions.reopen()
        await sender.send(LIST, make_attempt())
        await sender.aclose()
        await sender.aclose()
        sender.sessions.reopen()
        assert 200 == (await sender.send(LIST, make_attempt())).status
        await sender.aclose()


async def test_closed_opens_no_session() -> None:
    """After closing, a running operation opens no new session, which would stay open."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender = Sender(sandbox.url)
        await sender.aclose()
        with pytest.raises(ConfigurationError, match="This campfire provider is closed"):
            await sender.send(LIST, make_attempt())
        assert {} == sender.sessions._own
        assert 0 == len(sandbox.requests)
    assert [] == sender.events


async def test_closing_cuts_a_running_request(until: Until) -> None:
    """Closing ends a request that waits for its response."""
    async with CampfireSandbox(faults=FaultPlan().always(hang())) as sandbox:
        sender = Sender(sandbox.url)
        sending = asyncio.create_task(sender.send(LIST, make_attempt()))
        await until(lambda: sandbox.requests)
        await sender.aclose()
        with pytest.raises(ConnectionFailedError):
            await sending


async def test_replaces_a_closed_session() -> None:
    """If something else closed paysdk's session, another one is opened."""
    async with CampfireSandbox(payments=2) as sandbox:
        sender = Sender(sandbox.url)
        await sender.send(LIST, make_attempt())
        await sender.own_session.close()
        assert 200 == (await sender.send(LIST, make_attempt())).status
        await sender.aclose()


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "left open"])
def test_another_event_loop(*, closes: bool) -> None:
    """Each event loop has its own session, which is closed with the loop at the latest."""
    sender = Sender("")
    sessions: list[aiohttp.ClientSession] = []

    async def once() -> int:
        async with CampfireSandbox(payments=2) as sandbox:
            sender.http._origin = sandbox.url
            sender.sessions.reopen()
            response = await sender.send(LIST, make_attempt())
            sessions.append(sender.own_session)
            if closes:
                await sender.aclose()
            return response.status

    assert [200, 200] == [asyncio.run(once(), debug=True) for _ in range(2)]
    assert [True, True] == [session.closed for session in sessions]
    assert sessions[0] is not sessions[1]
    gc.collect()


def test_two_event_loops_in_turn() -> None:
    """Two open event loops each keep a session of their own."""
    sender = Sender("")
    loops = [asyncio.new_event_loop() for _ in range(2)]
    sandbox = CampfireSandbox(payments=2)
    sessions: list[aiohttp.ClientSession] = []

    async def once() -> int:
        async with sandbox:
            sender.http._origin = sandbox.url
            response = await sender.send(LIST, make_attempt())
            sessions.append(sender.own_session)
            return response.status

    assert [200, 200] == [loop.run_until_complete(once()) for loop in loops]
    assert sessions[0] is not sessions[1]
    for loop in loops:
        loop.run_until_complete(asyncio.sleep(0.001))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert [True, True] == [session.closed for session in sessions]


def test_closes_the_session_of_an_ended_loop() -> None:
    """Closing in a second event loop works after the first one has ended."""
    sender = Sender("")

    async def once() -> None:
        async with CampfireSandbox(payments=2) as sandbox:
            sender.http._origin = sandbox.url
            await sender.send(LIST, make_attempt())

    asyncio.run(once())
    asyncio.run(sender.aclose())
    assert {} == sender.sessions._own


def test_loop_that_was_closed_by_hand(raw_server_in_a_thread: str) -> None:
    """A loop may close before its async generators end: the next session closes its session."""
    sender = Sender(raw_server_in_a_thread)
    disturbed: list[dict[str, Any]] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, context: disturbed.append(context))
    opened: list[aiohttp.ClientSession] = []

    async def once() -> int:
        status = (await sender.send(Request("GET", "/", "close"), make_attempt())).status
        opened.append(sender.own_session)
        return status

    assert 200 == loop.run_until_complete(once())
    loop.close()
    assert 200 == asyncio.run(once())
    assert [True, True] == [session.closed for session in opened]
    opened.clear()
    gc.collect()
    assert [] == disturbed


def test_loops_in_threads(raw_server_in_a_thread: str) -> None:
    """Event loops in threads share the sessions object, and each has a session of its own."""
    sender = Sender(raw_server_in_a_thread)
    together = threading.Barrier(3, timeout=120)
    opened: list[aiohttp.ClientSession] = []

    async def often() -> list[int]:
        statuses: list[int] = []
        for _ in range(10):
            together.wait()
            statuses.append((await sender.send(LIST, make_attempt())).status)
        opened.append(sender.own_session)
        return statuses

    with ThreadPoolExecutor(3) as threads:
        runs = [threads.submit(lambda: asyncio.run(often())) for _ in range(3)]
        assert [[200] * 10] * 3 == [run.result() for run in runs]
    assert [True] * 3 == [session.closed for session in opened]
    assert 3 == len(set(map(id, opened)))
    asyncio.run(sender.aclose())
    assert {} == sender.sessions._own


async def test_closing_closes_every_connection(raw_server: RawServers, until: Until) -> None:
    """After closing, the server has no open connection."""
    server = await raw_server(respond_with(OK))
    sender = Sender(server.url)
    await asyncio.gather(*(sender.send(LIST, make_attempt()) for _ in range(5)))
    assert 5 == len(server.requests)
    assert server.open > 0
    await sender.aclose()
    await until(lambda: not server.open)


async def test_message_about_a_closed_session() -> None:
    """The message says which session is closed and what to do."""
    async with aiohttp.ClientSession() as session:
        pass
    sender = Sender("http://127.0.0.1:1", session=session)
    with pytest.raises(
        ConfigurationError,
        match=r"^The session that you passed is closed\. Pass an open session, or none\.$",
    ):
        await sender.send(LIST, make_attempt())


async def test_sends_no_cookies(raw_server: RawServers) -> None:
    """A cookie that a response sets is not sent with the next request."""
    server = await raw_server(
        respond_with(OK.replace(b"X-Request-ID: r1", b"Set-Cookie: session=1"))
    )
    # aiohttp keeps no cookies of a host that is an address.
    sender = Sender(server.url.replace("127.0.0.1", "localhost"))
    await sender.send(LIST, make_attempt())
    await sender.send(LIST, make_attempt())
    await sender.aclose()
    assert 2 == len(server.requests)
    assert b"ookie" not in server.requests[1]


async def test_accepts_json_and_more(raw_server: RawServers) -> None:
    """Requests prefer JSON, and accept anything else, because an error may be HTML."""
    server = await raw_server(respond_with(OK))
    sender = Sender(server.url)
    await sender.send(LIST, make_attempt())
    await sender.aclose()
    assert b"\r\nAccept: application/json, */*;q=0.5\r\n" in server.requests[0]


async def test_uses_the_session_of_the_user() -> None:
    """The user's session is used with its middlewares and settings, and stays open."""
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
        sender = Sender(sandbox.url, session=session)
        assert 200 == (await sender.send(LIST, make_attempt())).status
        assert 404 == (await sender.send(Request("GET", "/nowhere"), make_attempt())).status
        await sender.aclose()
        assert not session.closed
    assert ["GET", "GET"] == seen


async def test_fork_cannot_use_an_open_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork can send nothing and close nothing until it enters the provider again."""
    real = os.getpid
    async with open_sandbox("campfire", payments=3) as sandbox:
        async with CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider:
            await provider.list_payments().collect()
            of_the_parent = provider._client._sessions._own
            begun = provider.list_payments(page_size=1).pages()
            await anext(begun)
            monkeypatch.setattr(os, "getpid", lambda: real() + 1)
            with pytest.raises(
                ConfigurationError, match="was opened before this process was forked"
            ):
                await provider.list_payments().collect()
            with pytest.raises(
                ConfigurationError, match="was opened before this process was forked"
            ):
                await anext(begun)
            with pytest.raises(
                ConfigurationError, match=r"Nothing was sent\. Make and enter another provider"
            ):
                await provider._client.wait_for(
                    provider._client.start(provider.list_payments().collect())
                )
            await provider.aclose()
            assert [False] == [session.closed for session, _ in of_the_parent.values()]
            async with provider:
                assert 3 == len(await provider.list_payments().collect())
            assert [of_the_parent] == provider._client._sessions._of_parent_process
        monkeypatch.undo()
        for _, closer in of_the_parent.values():
            await closer.aclose()


async def test_fork_can_open_an_unused_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fork can open a provider that was not open, unless it has a session of the user's."""
    real = os.getpid
    async with open_sandbox("campfire", payments=3) as sandbox, aiohttp.ClientSession() as session:
        made = CampfireProvider(sandbox.api_key, base_url=sandbox.url)
        given = CampfireProvider(sandbox.api_key, base_url=sandbox.url, session=session)
        not_entered = CampfireProvider(sandbox.api_key, base_url=sandbox.url)
        monkeypatch.setattr(os, "getpid", lambda: real() + 1)
        async with made:
            assert 3 == len(await made.list_payments().collect())
        assert 3 == len(await not_entered.list_payments().collect())
        await not_entered.aclose()
        async with given:
            with pytest.raises(
                ConfigurationError, match="was opened before this process was forked"
            ):
                await given.list_payments().collect()
