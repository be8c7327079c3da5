"""The versions of a store's tables."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.tables import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    OpeningError = Callable[..., Coroutine[Any, Any, str]]


async def test_a_newer_database_is_refused(
    opening_error: OpeningError, place: str, rows: Rows
) -> None:
    """Its tables do not change."""
    async with SQLPaymentStore(place) as store:
        await rows(store, "UPDATE sync_schema SET version = 99", writes=True)

    message = await opening_error(place)

    assert f"its tables have version 99, and this one reads up to {VERSION})" in message


@pytest.mark.parametrize(
    ("statement", "version"),
    [("DELETE FROM sync_schema", "None"), ("UPDATE sync_schema SET version = 0", "0")],
)
async def test_a_database_without_a_version_is_refused(
    opening_error: OpeningError, place: str, rows: Rows, statement: str, version: str
) -> None:
    """Its content is unknown, so nothing is changed."""
    async with SQLPaymentStore(place) as store:
        await rows(store, statement, writes=True)

    assert f"sync_schema has version {version} instead of a number from 1" in await opening_error(
        place
    )


async def test_two_stores_can_make_the_tables_at_once(place: str) -> None:
    """The second store waits for the first, and finds its tables."""
    stores = [SQLPaymentStore(place) for _ in range(4)]
    await asyncio.gather(*(store.__aenter__() for store in stores))
    for store in stores:
        await store.aclose()


@pytest.mark.parametrize("name", ["payments", "Payments"])
def test_a_database_with_foreign_tables_does_not_change(
    opening_error: OpeningError, tmp_path: Path, name: str
) -> None:
    """A table of another program may have one of paysdk's names, in any case."""
    with closing(sqlite3.connect(file := tmp_path / "books.db")) as connection:
        connection.execute(f"CREATE TABLE {name} (id INTEGER)")
    before = file.read_bytes()

    assert f"has a table {name} that is not paysdk's. Nothing was changed" in asyncio.run(
        opening_error(file)
    )
    assert before == file.read_bytes()
    assert ["books.db"] == [path.name for path in tmp_path.iterdir()]


def test_a_reader_makes_no_tables_and_no_file(opening_error: OpeningError, tmp_path: Path) -> None:
    """With create=False, the database of another program stays the same to the byte."""
    with closing(sqlite3.connect(file := tmp_path / "books.db")) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    before = file.read_bytes()

    assert (
        "is not a paysdk store, because it has none of paysdk's tables. Nothing was changed."
        in asyncio.run(opening_error(file, create=False))
    )
    for place in (tmp_path / "none.db", file / "none.db", f"sqlite:///{tmp_path}/none.db"):
        assert "none.db does not exist. Correct its path, or make it with a sync." in asyncio.run(
            opening_error(place, create=False)
        )
    assert before == file.read_bytes()
    assert ["books.db"] == [path.name for path in tmp_path.iterdir()]


async def test_a_reader_does_not_update_old_tables(
    opening_error: OpeningError, place: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With create=False, an older database stays as it is."""
    async with SQLPaymentStore(place):
        pass
    async with SQLPaymentStore(place, create=False) as store:
        assert [(VERSION,)] == list(await rows(store, "SELECT version FROM sync_schema"))
    monkeypatch.setattr("paysdk.sync.table_versions.VERSION", VERSION + 2)

    assert (
        f"written by an older paysdk (its tables have version {VERSION}, and this one reads "
        f"{VERSION + 2})" in await opening_error(place, create=False)
    )


async def test_other_tables_do_not_matter(
    tmp_path: Path, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """Payments can be kept in the user's own database, beside other tables."""
    with closing(sqlite3.connect(file := tmp_path / "books.db")) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(file) as store:
        assert 1 == (await sync_payments(shelf, store)).created
