"""Waiting for PostgreSQL's notifications about the feed."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import psycopg
import pytest

from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.listening import NotificationListener

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Until = Callable[[Callable[[], object]], Awaitable[None]]


SOON = 0.005


# No test waits this long.
NEVER = 3600.0


async def test_a_lost_connection_is_replaced(
    schema: str, shelf: Shelf, make: Make, until: Until
) -> None:
    """If the session that listens ends, the follower looks for changes, and listens again."""
    async with SQLPaymentStore(schema) as store, aclosing(store.follow(every=0.05)) as changes:
        for number in range(2):
            following = asyncio.ensure_future(anext(changes))
            await until(lambda: listening(schema))
            with psycopg.connect(schema, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN%'"
                )
            shelf.payments = [*shelf.payments, make(number, number)]
            await sync_payments(shelf, store)
            assert str(number) == (await following).payment_id


def listening(url: str) -> int:
    """Return how many sessions listen."""
    with psycopg.connect(url) as admin:
        found = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        ).fetchone()
    assert found is not None
    return int(found[0])


async def test_no_session_stays_behind(schema: str, until: Until) -> None:
    """Leaving a follower, or closing the store, ends the session that listens."""
    async with SQLPaymentStore(schema) as store:
        waiting = asyncio.ensure_future(anext(store.follow(every=NEVER)))
        await until(lambda: listening(schema))
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        gc.collect()
        await until(lambda: not listening(schema))
    assert 0 == listening(schema)


async def test_without_the_right_to_listen(
    schema: str, shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database refuses to listen, the follower looks for changes."""
    monkeypatch.setattr("paysdk.sync.listening.CHANNEL", "no such syntax")
    async with SQLPaymentStore(schema) as store, aclosing(store.follow(every=SOON)) as changes:
        following = asyncio.ensure_future(anext(changes))
        shelf.payments = [make(1, 1)]
        await sync_payments(shelf, store)
        assert "1" == (await following).payment_id


async def test_session_that_cannot_be_closed(
    schema: str, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    """An error while closing the session hides no other error."""

    async def broken(_listener: NotificationListener) -> None:
        await aclose(_listener)
        raise OSError("lost")

    aclose = NotificationListener.aclose
    monkeypatch.setattr(NotificationListener, "aclose", broken)
    async with SQLPaymentStore(schema) as store:
        waiting = asyncio.ensure_future(anext(store.follow(every=NEVER)))
        await until(lambda: listening(schema))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
