"""The faults of a network and of a server, for the tests in this folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import aiohttp
import attrs
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from paysdk.testing import (
    Fault,
    FaultPlan,
    Sandbox,
    dripping_body,
    dripping_headers,
    gzip_bomb,
    hang,
    huge_body,
    redirect,
    reset,
    status,
    truncated,
    wrong_body,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


Connecting: TypeAlias = Literal["refused", "DNS", "TLS"]

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
NONE = FaultPlan()
# What ran, for the summary at the end.
RAN: Counter[str] = Counter()
FIGURES: dict[str, float] = {}


@attrs.frozen(kw_only=True)
class Trouble:
    """One way to fail.

    *make* returns the server's fault, given the address of the trap. With *connecting* no
    connection is made. *processes* is false if the fault proves that nothing was processed.
    """

    name: str
    make: Callable[[str], Fault] | None = None
    connecting: Connecting | None = None
    tls: bool = False
    processes: bool = True


def _server(name: str, fault: Fault, *, processes: bool = True) -> Trouble:
    return Trouble(name=name, make=lambda _: fault, processes=processes)


# Seconds without any event before the clock advances, and before a test counts as hung.
_PATIENCE, _STUCK = 0.002, 60.0
# Seconds, by that clock, that one operation and its checks may take.
_ENOUGH = 20.0
_WRONG = b'{"results": 7, "payments": 7, "payment_ids": 7, "id": "x"}'

TROUBLES = [
    _server("408", status(408)),
    _server("425", status(425), processes=False),
    _server("429", status(429), processes=False),
    _server("429, Retry-After in seconds", status(429, retry_after=0.01), processes=False),
    _server(
        "429, Retry-After as a date",
        status(429, retry_after=formatdate(0, usegmt=True)),
        processes=False,
    ),
    _server("429, Retry-After zero", status(429, retry_after=0), processes=False),
    _server("429, Retry-After absurd", status(429, retry_after=10**12), processes=False),
    _server("429, Retry-After malformed", status(429, retry_after="soon"), processes=False),
    *(_server(str(code), status(code)) for code in (500, 502, 503, 504)),
    _server("503, Retry-After absurd", status(503, retry_after=10**12)),
    Trouble(name="DNS failure", connecting="DNS", processes=False),
    Trouble(name="connection refused", connecting="refused", processes=False),
    Trouble(name="TLS failure", connecting="TLS", tls=True, processes=False),
    _server("reset before the response", reset("before")),
    _server("reset in the headers", reset("headers")),
    _server("reset in the body", reset("body")),
    _server("truncated body", truncated()),
    _server("HTML with status 200", wrong_body()),
    _server("an empty body with status 200", wrong_body(b"")),
    _server("invalid JSON", wrong_body(b'{"results": [', content_type="application/json")),
    _server("JSON of another shape", wrong_body(_WRONG, content_type="application/json")),
    _server("no response", hang()),
    _server("headers that arrive slowly", dripping_headers(0.4)),
    _server("a body that arrives slowly", dripping_body(0.4)),
    _server("an endless body", huge_body()),
    _server("a gzip bomb", gzip_bomb(1_000_000)),
    _server("redirect to the same origin", redirect("#again")),
    Trouble(
        name="redirect to another origin", make=lambda trap: redirect(f"http://{trap}/payments")
    ),
    Trouble(
        name="redirect to http", make=lambda trap: redirect(f"http://{trap}/payments"), tls=True
    ),
]


@pytest.fixture(params=TROUBLES, ids=lambda trouble: trouble.name)
def trouble(request: pytest.FixtureRequest) -> Trouble:
    """Return each way to fail."""
    chosen: Trouble = request.param
    return chosen


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = self._left = time.monotonic()
        self.turn: Callable[[], object] = int

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turn()
        # Each turn advances the clock a little, so that a task that polls makes progress.
        self.now += min(time.monotonic() - self._left, 0.001)
        try:
            return self._happened(timeout)
        finally:
            self._left = time.monotonic()

    def _happened(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            happened = super().select(_STUCK)
            assert happened, "The test hangs: no event will ever come."
            return happened
        started = time.monotonic()
        happened = super().select(min(timeout, _PATIENCE))
        self.now += min(time.monotonic() - started, timeout) if happened else timeout
        return happened


class HurryingLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits.

    When nothing else happens, its clock advances to the next timer. So a timeout costs no time, and
    a slow machine does not cause one.
    """

    def __init__(self) -> None:
        self._hurrying = _Selector()
        super().__init__(self._hurrying)

    def time(self) -> float:
        """Return the time that has passed, including the skipped waits."""
        return self._hurrying.now

    def at_each_turn(self, call: Callable[[], object]) -> None:
        """Call this function at each turn of the loop from now on."""
        self._hurrying.turn = call


Run: TypeAlias = Callable[[Coroutine[object, object, None]], None]


@pytest.fixture
def run() -> Run:
    """Return a function that runs a coroutine in a loop that never waits."""

    def run_to_the_end(work: Coroutine[object, object, None]) -> None:
        with asyncio.Runner(loop_factory=HurryingLoop) as runner:
            runner.run(work)

    return run_to_the_end


@attrs.frozen
class Certificates:
    """A client that trusts one authority, a server that it trusts, and a stranger."""

    client: ssl.SSLContext
    trusted: ssl.SSLContext
    stranger: ssl.SSLContext


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """Make the certificates of this run."""
    authority, client = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(client)
    return Certificates(client, _server_context(authority), _server_context(trustme.CA()))


@pytest.fixture
def trap() -> Iterator[str]:
    """Yield the address of a server that must not receive a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield f"localhost:{listening.getsockname()[1]}"
        with pytest.raises(BlockingIOError):
            listening.accept()


@attrs.define
class Directions(AbstractResolver):
    """Resolves hosts. The connections in *numbers*, counted from 1, do not reach the server."""

    connecting: Connecting | None
    numbers: Collection[int]
    stranger: int
    connections: int = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return an address on this machine, or raise."""
        self.connections += 1
        if self.connections in self.numbers and self.connecting == "DNS":
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        if self.connections in self.numbers and self.connecting == "refused":
            port = _closed_port()
        if self.connections in self.numbers and self.connecting == "TLS":
            port = self.stranger
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Do nothing, because nothing is open."""


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _over_tls(sandbox: Sandbox, context: ssl.SSLContext) -> AsyncIterator[int]:
    runner = web.ServerRunner(
        web.Server(sandbox._handle, access_log=None, handler_cancellation=True),
        shutdown_timeout=0.01,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@attrs.define
class World:
    """A sandbox that fails, and the session and origin by which a provider comes to it.

    ``lift`` ends the trouble.
    """

    sandbox: Sandbox
    origin: str
    session: aiohttp.ClientSession
    directions: Directions

    def lift(self) -> None:
        """End all faults."""
        self.directions.numbers = ()
        self.plan(FaultPlan())

    def plan(self, faults: FaultPlan) -> None:
        """Give the sandbox a new plan, which counts requests from now on."""
        object.__setattr__(self.sandbox, "faults", faults)
        object.__setattr__(self.sandbox, "_counts", ())


Worlds: TypeAlias = Callable[..., contextlib.AbstractAsyncContextManager[World]]


@pytest.fixture
def world(trap: str, certificates: Certificates) -> Worlds:
    """Return a function that starts a sandbox with a trouble in the requests of these numbers."""

    @contextlib.asynccontextmanager
    async def begin(
        sandbox: Sandbox,
        trouble: Trouble,
        numbers: Collection[int],
        *,
        processed: bool = False,
        before: FaultPlan = NONE,
    ) -> AsyncIterator[World]:
        async with asyncio.timeout(_ENOUGH), contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(sandbox)
            origin, stranger = sandbox.url.replace("127.0.0.1", "localhost"), 0
            if trouble.tls:
                port = await stack.enter_async_context(_over_tls(sandbox, certificates.trusted))
                origin = f"https://localhost:{port}"
                stranger = await stack.enter_async_context(
                    _over_tls(sandbox, certificates.stranger)
                )
            directions = Directions(trouble.connecting, numbers, stranger)
            connector = aiohttp.TCPConnector(
                resolver=directions, use_dns_cache=False, force_close=True, ssl=certificates.client
            )
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            begun = World(sandbox, origin, session, directions)
            fault = (
                None
                if trouble.make is None
                else attrs.evolve(trouble.make(trap), processed=processed)
            )
            begun.plan(before if fault is None else before.on(numbers, fault))
            RAN["fault schedules"] += 1
            yield begun

    return begin


@pytest.fixture(scope="session")
def ran() -> Counter[str]:
    """Count what has run."""
    return RAN


@pytest.fixture(scope="session")
def figures() -> dict[str, float]:
    """Return what was measured."""
    return FIGURES


@pytest.fixture
def page() -> Path:
    """Return the path of the page about faults."""
    return PAGE


@pytest.fixture
def troubles() -> list[str]:
    """Return the names of all troubles."""
    return [trouble.name for trouble in TROUBLES]


@pytest.fixture
def writing() -> bool:
    """Whether this run writes the page. One of several processes sees only a part of it."""
    return bool(os.environ.get("PAYSDK_WRITE_DOCS")) and "PYTEST_XDIST_WORKER" not in os.environ


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how much has run, and what was measured."""
    summary = [f"{count} {name}" for name, count in sorted(RAN.items())]
    summary += [f"{name} {1000 * seconds:.1f} ms" for name, seconds in sorted(FIGURES.items())]
    if summary:
        terminalreporter.write_line(f"reliability: {', '.join(summary)}")
