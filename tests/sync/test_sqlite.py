"""SQLite in a file."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from paysdk.sync import SQLPaymentStore, StoreError, sync_payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

    from paysdk import Payment

    from .conftest import Shelf

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]
    OpeningError = Callable[..., Coroutine[Any, Any, str]]


def _small(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
    cursor = connection.cursor()
    cursor.execute("PRAGMA max_page_count = 100")
    cursor.close()


def test_a_file_that_is_no_database_does_not_change(
    opening_error: OpeningError, tmp_path: Path
) -> None:
    """The message says that the file is not a database."""
    (file := tmp_path / "notes.txt").write_text(
        text := "Not a database at all, but a text of some length. " * 40
    )

    assert (
        f"The database {file} cannot be used: file is not a database. It is another kind of file"
        in asyncio.run(opening_error(file))
    )
    assert text == file.read_text()


def test_a_missing_folder_is_not_made(opening_error: OpeningError, tmp_path: Path) -> None:
    """The message says that the folder is missing."""
    assert "unable to open database file. Check that its folder exists" in asyncio.run(
        opening_error(tmp_path / "none" / "payments.db")
    )
    assert not (tmp_path / "none").exists()


async def test_an_immutable_database_is_read_without_extra_files(
    tmp_path: Path,
    shelf: Shelf,
    make: Callable[..., Payment],
    kept: Callable[..., Awaitable[dict[str, Payment]]],
) -> None:
    """So it can be read on a read-only disk."""
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(file := tmp_path / "payments.db") as store:
        await sync_payments(shelf, store)
    async with SQLPaymentStore(
        f"sqlite:///file:{file}?immutable=1&uri=true", create=False
    ) as store:
        assert ["1"] == list(await kept(store))
        assert [file] == await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


async def test_a_read_only_database_is_reported(
    opening_error: OpeningError, tmp_path: Path, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """The error comes when a new one is opened, or when an existing one is written to."""
    file = tmp_path / "payments.db"
    sqlite3.connect(file).close()
    read_only = f"sqlite:///file:{file}?mode=ro&uri=true"

    error = await opening_error(read_only)
    assert "readonly database. It is read-only. Make it writable, and its folder too" in error
    assert "immutable=1" in error
    async with SQLPaymentStore(file):
        pass
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(read_only) as store:
        with pytest.raises(StoreError, match="read-only"):
            await sync_payments(shelf, store)


async def test_a_full_disk_keeps_whole_pages(
    tmp_path: Path,
    shelf: Shelf,
    make: Callable[..., Payment],
    kept: Callable[..., Awaitable[dict[str, Payment]]],
) -> None:
    """A page that does not fit raises an error, and earlier pages are stored as a whole."""
    shelf.page_size = 100
    shelf.payments = [make(number, number, raw={"note": "x" * 500}) for number in range(1000)]
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        sa.event.listen(store._database.engine.sync_engine, "connect", _small)
        await store._database.engine.dispose()
        with pytest.raises(
            StoreError, match=r"is full. Free some disk space, and sync again. The sync then"
        ):
            await sync_payments(shelf, store)
        sa.event.remove(store._database.engine.sync_engine, "connect", _small)
        await store._database.engine.dispose()
        stored = len(await kept(store))
        assert 0 < stored < 1000
        assert 0 == stored % 100
        assert 1000 - stored == (await sync_payments(shelf, store)).created


async def test_a_limit_on_files_is_like_a_full_disk(
    tmp_path: Path, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """SQLite cannot distinguish the two, and the next sync continues where this one stopped."""
    shelf.page_size = 100
    shelf.payments = [make(number, number, raw={"note": "x" * 500}) for number in range(1000)]
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        try:
            with pytest.raises(
                StoreError, match=r"disk I/O error. Its disk may be full. Free some disk space"
            ):
                await sync_payments(shelf, store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert 0 < (await sync_payments(shelf, store)).created < 1000


async def test_a_locked_file_is_reported(
    opening_error: OpeningError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes after a bounded wait."""
    monkeypatch.setattr("paysdk.sync.sqlite.LOCK_TIMEOUT", 0.05)
    with closing(sqlite3.connect(tmp_path / "payments.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
        connection.execute("BEGIN EXCLUSIVE")
        told = await opening_error(tmp_path / "payments.db")

    assert "database is locked. Another program has been writing to it for" in told
    async with SQLPaymentStore(tmp_path / "payments.db"):
        pass
