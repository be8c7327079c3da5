"""Open a store, and read its tables."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.tables import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]
    OpeningError = Callable[..., Coroutine[Any, Any, str]]


async def test_a_store_can_be_entered_again(shelf: Shelf, place: str, make: Make) -> None:
    """This also works in another event loop."""
    shelf.payments = [make(1, 1)]
    store = SQLPaymentStore(place)

    async def once() -> int:
        async with store:
            await sync_payments(shelf, store)
            return len([payment async for payment in store.payments(provider="acme")])

    assert [1, 1] == [await once(), await asyncio.to_thread(asyncio.run, once())]


def test_a_missing_extra_is_named() -> None:
    """The message has the command that installs it."""
    source = "import sys; sys.modules['sqlalchemy'] = None; import paysdk; import paysdk.sync"
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )

    assert (
        "ModuleNotFoundError: paysdk.sync needs sqlalchemy, which is not installed: "
        'pip install "paysdk-async[sync]"' in done.stderr
    )


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
    assert "unable to open" in asyncio.run(opening_error(tmp_path / "none.db", create=False))
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
    monkeypatch.setattr("paysdk.sync.store.VERSION", VERSION + 2)

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


async def test_payments_can_be_chosen_by_day(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Both bounds are included, and a payment without a date is left out."""
    days = [date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 1), None]
    shelf.payments = [make(number, number, payment_date=day) for number, day in enumerate(days)]
    await sync_payments(shelf, store)

    async def ids(since: date | None, until: date | None) -> list[str]:
        payments = store.payments(provider="acme", paid_since=since, paid_until=until)
        stored = store.stored(provider="acme", paid_since=since, paid_until=until)
        found = [payment.id async for payment in payments]
        assert found == [each.payment.id async for each in stored]
        return sorted(found)

    assert ["1", "2"] == await ids(date(2026, 5, 1), date(2026, 5, 31))
    assert ["1", "2", "3"] == await ids(date(2026, 5, 1), None)
    assert ["0", "1", "2"] == await ids(None, date(2026, 5, 31))
    assert ["0", "1", "2", "3", "4"] == await ids(None, None)


async def test_a_bound_that_is_no_day_is_refused_at_the_call(store: SQLPaymentStore) -> None:
    """A text or a time is an error of the caller, before anything is read."""
    with pytest.raises(ConfigurationError, match=r"paid_since must be a datetime\.date"):
        store.payments(provider="acme", paid_since="2026-05-01")  # type: ignore[arg-type]  # wrong
    with pytest.raises(ConfigurationError, match="is after paid_until"):
        store.stored(provider="acme", paid_since=date(2026, 5, 2), paid_until=date(2026, 5, 1))
