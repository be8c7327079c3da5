"""Databases of both kinds, and a provider whose payments a test can change."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    Capabilities,
    Checkpoint,
    ConfigurationError,
    ConnectionFailedError,
    InvoiceRef,
    ListingReport,
    NotFoundError,
    Page,
    Payment,
)
from paysdk.sync import SQLPaymentStore, StoreError, SyncReport

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2025, 1, 1, tzinfo=UTC)


def paid(
    number: int,
    minute: int | None = None,
    **fields: Any,  # noqa: ANN401  # of any field
) -> Payment:
    """Make a payment that was modified *minute* minutes after the start."""
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
    """A listing over payments in memory."""

    shelf: Shelf
    since: datetime | None
    position: str
    page_size: int
    report: ListingReport = attrs.field(factory=ListingReport)

    async def pages(self) -> AsyncIterator[Page]:
        """Yield pages of the payments as they are at the moment of each request."""
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
            last = following is None
            left_out = tuple(shelf.left_out) if last else ()
            whole = tuple(shelf.whole_invoices) if last else ()
            records = tuple(shelf.whole_records) if last else ()
            yield Page(page, None, following, left_out, whole, records)
            if following is None:
                return


def _key(payment: Payment) -> str:
    return f"{(payment.modified_at or START).isoformat()} {payment.id:>6}"


@attrs.define
class Shelf:
    """A provider whose payments are a list.

    They come in the order of the list, or by time of modification if the provider `sorts`.
    """

    payments: list[Payment] = attrs.field(factory=list[Payment])
    incremental: bool = True
    sorts: bool = False
    page_size: int = 2
    malformed: int = 0
    left_out: list[str] = attrs.field(factory=list[str])
    whole_invoices: list[str] = attrs.field(factory=list[str])
    whole_records: list[str] = attrs.field(factory=list[str])
    refused: BaseException | None = None
    read: int = 0
    asked: list[tuple[datetime | None, str | None]] = attrs.field(
        factory=list[tuple[datetime | None, "str | None"]]
    )
    waiting: Callable[[int], Any] | None = None
    name: str = "acme"
    base_url: object = None
    origin: object = None

    @property
    def capabilities(self) -> Capabilities:
        """Those that the test has set."""
        return Capabilities(
            filters=frozenset(),
            max_page_size=self.page_size,
            reports_voids=True,
            lists_incrementally=self.incremental,
        )

    async def before_page(self, number: int) -> None:
        """Call the hook of the test, if it has set one."""
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
        """Return a listing, as the protocol says."""
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
        """Do nothing, because it has no connections."""


@attrs.define
class Refusing:
    """A listing that refuses its checkpoint."""

    error: BaseException
    report: ListingReport = attrs.field(factory=ListingReport)

    async def pages(self) -> AsyncIterator[Page]:
        """Raise the error, or yield nothing or an empty page."""
        if isinstance(self.error, StopAsyncIteration):
            return
        if isinstance(self.error, LookupError) and not isinstance(self.error, NotFoundError):
            yield Page([], None, None)
            return
        raise self.error


@pytest.fixture
def shelf() -> Shelf:
    """A provider without payments."""
    return Shelf()


@pytest.fixture(scope="session")
def make() -> Callable[..., Payment]:
    """Makes a payment from its number, the minute of its modification, and any field."""
    return paid


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Starts a process, and kills it if the test leaves it running."""
    started: list[asyncio.subprocess.Process] = []

    async def start(
        *command: str, stdin: int | None = None, stdout: int | None = None
    ) -> asyncio.subprocess.Process:
        started.append(await asyncio.create_subprocess_exec(*command, stdin=stdin, stdout=stdout))
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


@pytest.fixture
async def store(place: str) -> AsyncIterator[SQLPaymentStore]:
    """An open store in each kind of database."""
    async with SQLPaymentStore(place) as opened:
        yield opened


@pytest.fixture(scope="session")
def opening_error() -> Callable[..., Coroutine[Any, Any, str]]:
    """Enters a store that cannot be opened, and returns the message of its error."""

    async def enter(place: str | Path, *, create: bool = True) -> str:
        with pytest.raises(StoreError) as caught:
            await SQLPaymentStore(place, create=create).__aenter__()
        return str(caught.value)

    return enter


@pytest.fixture
def rows() -> Callable[..., Any]:
    """Runs an SQL statement in a store's database, and returns its rows."""

    async def run(
        store: SQLPaymentStore, statement: str, *, writes: bool = False
    ) -> Sequence[tuple[Any, ...]]:
        async with store._database.transaction(writes=writes) as connection:
            result = await connection.exec_driver_sql(statement)
            return [tuple(row) for row in result.all()] if result.returns_rows else []

    return run


@pytest.fixture(scope="session")
def kept() -> Callable[..., Any]:
    """Returns the stored payments that have not vanished, by id."""

    async def read(store: SQLPaymentStore, provider: str = "acme") -> dict[str, Payment]:
        return {payment.id: payment async for payment in store.payments(provider=provider)}

    return read


@pytest.fixture(scope="session")
def counts() -> Callable[[SyncReport], dict[str, int]]:
    """Returns the counts of a report that are not 0, by name."""
    names = ("created", "changed", "voided", "vanished", "returned", "unchanged", "malformed")

    def count(report: SyncReport) -> dict[str, int]:
        return {name: getattr(report, name) for name in names if getattr(report, name)}

    return count


@pytest.fixture(scope="session")
def kinds() -> Callable[..., Awaitable[list[tuple[str, str, tuple[str, ...]]]]]:
    """Returns the kind, the payment and the fields of each change in the feed."""

    async def read(store: SQLPaymentStore) -> list[tuple[str, str, tuple[str, ...]]]:
        return [(change.kind, change.payment_id, change.fields) async for change in store.changes()]

    return read


@pytest.fixture(scope="session")
def stop_at() -> Callable[..., Callable[[int], Awaitable[None]]]:
    """Makes a hook that ends a listing before a page."""

    def make_hook(
        page: int, error: BaseException | None = None
    ) -> Callable[[int], Awaitable[None]]:
        async def stop(number: int) -> None:
            if number == page:
                raise error or ConnectionFailedError("cut")

        return stop

    return make_hook


@pytest.fixture(scope="session")
def replayed() -> Callable[..., Any]:
    """Applies the changes of the feed in order, and returns the payments that they lead to.

    Each change must fit the ones before it.
    """

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
    """The class of the provider, for a test that makes several."""
    return Shelf
