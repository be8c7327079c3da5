"""The feed of changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest

from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.feed import FEED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]


@attrs.frozen
class Direct:
    """A connection that runs SQLAlchemy's statements as text."""

    connection: psycopg.AsyncConnection

    async def execute(self, statement: Any) -> None:  # noqa: ANN401  # SQLAlchemy's
        """Run the statement."""
        compiled = str(statement.compile(compile_kwargs={"literal_binds": True}))
        await self.connection.execute(compiled.encode())


async def test_the_feed_continues_where_a_reader_stopped(
    shelf: Shelf, store: SQLPaymentStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each entry comes once, in the order of its number, however many batches there are."""
    monkeypatch.setattr("paysdk.sync.store.BATCH_ROWS", 100)
    monkeypatch.setattr("paysdk.sync.store.FEED", FEED.limit(100))
    shelf.page_size = 70
    shelf.payments = [make(number, 1) for number in range(250)]
    await sync_payments(shelf, store)
    first = [change async for change in store.changes()]
    shelf.payments = [make(7, 2, source="X")]
    await sync_payments(shelf, store)
    rest = [change async for change in store.changes(after=first[-1].sequence)]

    assert [str(number) for number in range(250)] == [change.payment_id for change in first]
    assert [("changed", "7", ("source", "modified_at"))] == [
        (change.kind, change.payment_id, change.fields) for change in rest
    ]
    assert [] == [change async for change in store.changes(after=rest[-1].sequence)]


async def test_a_created_payment_is_shown_as_it_was_then(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The feed stores no copy of it, so it comes from the next change."""
    versions = [make(1, minute, source=source) for minute, source in ((1, "A"), (2, "B"), (3, "C"))]
    for version in versions:
        shelf.payments = [version]
        await sync_payments(shelf, store)
    shelf.payments = []
    await sync_payments(shelf, store, full=True, allow_vanish=True)
    shelf.payments = [attrs.evolve(versions[2], source="D")]
    await sync_payments(shelf, store, full=True)
    told = [
        (change.kind, change.before and change.before.source, change.after and change.after.source)
        async for change in store.changes()
    ]

    expected = [
        ("created", None, "A"),
        ("changed", "A", "B"),
        ("changed", "B", "C"),
        ("vanished", "C", None),
        ("returned", "C", "D"),
    ]
    assert expected == told


async def test_no_smaller_number_appears_behind_a_reader(
    postgresql: str, schema: str, shelf: Shelf, make: Make
) -> None:
    """In PostgreSQL the second writer waits until the first has committed."""
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(schema) as store:
        async with await psycopg.AsyncConnection.connect(postgresql) as other:
            # Another writer does this between getting its numbers and its commit.
            connection: Any = Direct(other)
            await store._database.backend.lock_feed(connection)
            syncing = asyncio.create_task(sync_payments(shelf, store))
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"
            while not await (await other.execute(waiting)).fetchone():  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.01)
            assert [] == [change async for change in store.changes()]
        assert 1 == (await syncing).created
        assert 1 == len([change async for change in store.changes()])


async def test_cancelling_a_reader_waits_for_the_end_of_its_transaction(
    store: SQLPaymentStore, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some drivers break if they are cancelled."""
    began, ended = asyncio.Event(), asyncio.Event()
    begin = store._database.backend.begin

    async def begin_slowly(connection: AsyncConnection, *, durable: bool) -> None:
        await begin(connection, durable=durable)
        began.set()
        await asyncio.sleep(0.02)
        ended.set()

    monkeypatch.setattr(type(store._database.backend), "begin", staticmethod(begin_slowly))
    reading = asyncio.create_task(anext(store.changes()))
    await reach(began, reading)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert ended.is_set()
