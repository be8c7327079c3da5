"""PostgreSQL on a server."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest

from paysdk.sync import SQLPaymentStore, StoreError, sync_payments

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]
    OpeningError = Callable[..., Coroutine[Any, Any, str]]


async def test_locked_rows_are_reported(
    schema: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes after a bounded wait."""
    async with SQLPaymentStore(schema) as store:
        await sync_payments(shelf, store)
    monkeypatch.setattr("paysdk.sync.postgresql.LOCK_TIMEOUT", 1)
    with psycopg.connect(schema) as other:
        other.execute("SELECT * FROM sync_state FOR UPDATE")
        async with SQLPaymentStore(f"{schema}") as store:
            with pytest.raises(
                StoreError, match=r"lock timeout. Another program has locked its rows"
            ):
                await sync_payments(shelf, store)


async def test_an_unreachable_server_is_reported(
    told_by: Callable[[BaseException], str],
) -> None:
    """Neither the message nor any frame of the error contains the password."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = SQLPaymentStore(
            f"postgresql://ann:letmein@127.0.0.1:{taken.getsockname()[1]}/books"
        )
        with pytest.raises(
            StoreError, match=r"cannot be used: .*Check that the server runs there"
        ) as caught:
            await store.__aenter__()

    assert "letmein" not in told_by(caught.value)


async def test_options_in_the_url_stay(postgresql: str) -> None:
    """The settings of paysdk are added to the options in the URL."""
    async with (
        SQLPaymentStore(f"{postgresql}&options=-cwork_mem%3D7MB") as store,
        store._database.transaction(writes=False) as connection,
    ):
        assert "7MB" == (await connection.exec_driver_sql("SHOW work_mem")).scalar_one()
        assert "10s" == (await connection.exec_driver_sql("SHOW lock_timeout")).scalar_one()


async def test_times_are_read_in_every_style(
    postgresql: str, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """The server, the database or the role may write times in another style than ISO."""
    shelf.payments = [make(1, 1)]
    german = f"{postgresql}&options=-cdatestyle%3DGerman%20-ctimezone%3DAsia/Tokyo"
    async with SQLPaymentStore(german, schema="german") as store:
        await sync_payments(shelf, store)
        stored = [payment async for payment in store.payments(provider=shelf.name)]
        (change,) = [change async for change in store.changes()]

    assert shelf.payments == stored
    assert [shelf.payments[0].modified_at] == [payment.modified_at for payment in stored]
    assert timedelta() == change.noticed_at.utcoffset()


async def test_a_missing_schema_is_made(
    opening_error: OpeningError, postgresql: str, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """The argument or the URL may give its name, with any characters."""
    name = 'Zahlungen "2026", ä'
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA books")
        connection.execute("CREATE TABLE books.sync_state (id INTEGER)")
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(postgresql, schema=name) as store:
        assert 1 == (await sync_payments(shelf, store)).created
    async with SQLPaymentStore(f"{postgresql}&schema={quote(name)}", create=False) as store:
        assert ["1"] == [payment.id async for payment in store.payments(provider="acme")]
    assert "has none of paysdk's tables" in await opening_error(
        f"{postgresql}&schema=elsewhere", create=False
    )
    assert "has a table sync_state that is not paysdk's" in await opening_error(
        f"{postgresql}&schema=books"
    )
    with psycopg.connect(postgresql) as connection:
        found = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname IN (%s, 'elsewhere')", [name]
        ).fetchall()
    assert [(name,)] == found


async def test_an_existing_schema_needs_no_right_to_make_one(postgresql: str) -> None:
    """The right to make tables in it is enough."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE ROLE tenant LOGIN")
        connection.execute("CREATE SCHEMA tenant AUTHORIZATION tenant")
    url = postgresql.replace("//postgres:@", "//tenant@")
    async with SQLPaymentStore(url, schema="tenant") as store, store.exclusive("receipt-1"):
        pass
