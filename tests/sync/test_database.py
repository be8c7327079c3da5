"""Transactions, and how they end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from paysdk.sync import SQLPaymentStore, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]


def _small(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
    cursor = connection.cursor()
    cursor.execute("PRAGMA max_page_count = 100")
    cursor.close()


async def test_cancelling_a_write_waits_for_its_end(
    store: SQLPaymentStore, rows: Rows, reach: Reach
) -> None:
    """The transaction is committed or rolled back as a whole, and leaves nothing behind."""
    began = asyncio.Event()

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(
            sa.text(
                "INSERT INTO sync_state (provider, account, fence, leased_until, pass_number, "
                "malformed) VALUES ('a', 'b', 1, 0, 0, 0)"
            )
        )
        began.set()
        await asyncio.sleep(0.02)

    task = asyncio.create_task(store._database.in_transaction(work))
    await reach(began, task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [("a",)] == list(await rows(store, "SELECT provider FROM sync_state"))


async def test_closing_waits_for_the_end_of_a_transaction(place: str, reach: Reach) -> None:
    """A connection stays open while a task uses it."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(_: object) -> str:
        begun.set()
        await go_on.wait()
        return "done"

    store = await SQLPaymentStore(place).__aenter__()
    working = asyncio.create_task(store._database.in_transaction(work))
    await reach(begun, working)
    closing = asyncio.create_task(store.aclose())
    for _ in range(3):
        await asyncio.sleep(0)
    closed_early = closing.done()
    go_on.set()
    await closing

    assert not closed_early
    assert "done" == await working


async def test_an_error_of_the_driver_while_reading_is_translated(
    store: SQLPaymentStore, rows: Rows
) -> None:
    """It is raised as a StoreError, as it is during writing."""
    await rows(store, "DROP TABLE payments", writes=True)
    with pytest.raises(StoreError, match="cannot be used"):
        [payment async for payment in store.payments(provider="acme")]
