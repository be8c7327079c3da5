"""Opening a database, and what it answers when it cannot be used."""

from __future__ import annotations

import asyncio
import resource
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa

from paysdk import ConfigurationError
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments
from paysdk.sync.location import find_database
from paysdk.sync.tables import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("payments.db", "payments.db"),
        (Path("kept", "payments.db"), "kept/payments.db"),
        ("sqlite:///payments.db", "payments.db"),
        ("./user=ann.db", "user=ann.db"),
        ("books=2026.db", "books=2026.db"),
        ("sqlite+aiosqlite:////data/payments.db", "/data/payments.db"),
        ("postgresql://ann:letmein@db.example:5433/books", "postgresql://db.example:5433/books"),
        (
            "postgres://ann:letmein@db.example/books?password=letmein",
            "postgresql://db.example/books",
        ),
        ("postgresql+psycopg://?host=/run/postgresql", "postgresql:///run/postgresql/"),
        ("postgresql://", "postgresql://localhost/"),
    ],
)
def test_a_place_is_a_path_or_a_url(place: str | Path, name: str) -> None:
    """Neither the user nor a password is in its name."""
    database = find_database(place)

    assert name == database.name
    assert f"SQLPaymentStore({name!r})" == repr(SQLPaymentStore(place))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "must be a path or a URL, not an empty text"),
        ("  ", "must be a path or a URL"),
        (None, "must be a path or a URL, not NoneType"),
        (b"payments.db", "must be a path or a URL, not bytes"),
        ("mysql://ann:letmein@db.example/books", "SQLite .* PostgreSQL .*, not in mysql"),
        ("postgresql+asyncpg://ann:letmein@db.example/books", "not in postgresql\\+asyncpg"),
        ("postgresql://ann:letmein@db.example:port/books", "URL cannot be read"),
        ("://", "URL cannot be read"),
        (":memory:", "in memory ends with its connection"),
        ("sqlite://", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
        (
            "sqlite://localhost/payments.db",
            "A file has no host, user or password. Its URL has three slashes, or four",
        ),
        ("sqlite://ann:letmein@/payments.db", "A file has no host"),
        (
            "sqlite:///payments.db?password=letmein&mode=ro",
            "The URL of a file does not take mode, password. With uri=true",
        ),
        (
            "sqlite:///payments.db?timeout=soon",
            "The URL of payments.db has an option with an invalid value.",
        ),
        (
            "sqlite:///payments.db?timeout=1&timeout=soon",
            "has an option with an invalid value.",
        ),
        ("payments\0.db", "cannot contain a NUL"),
        (
            "host=127.0.0.1 password=letmein",
            "libpq's form, key=value. Give a URL instead, such as postgresql://user@host/name",
        ),
        ("password = letmein", "libpq's form"),
    ],
)
def test_what_is_no_place_is_refused(
    place: Any,  # noqa: ANN401  # whatever is given
    message: str,
    told_by: Callable[[BaseException], str],
) -> None:
    """Before anything is opened, and without a password in what is said."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        SQLPaymentStore(place)

    assert "letmein" not in str(caught.value)
    assert "letmein" not in told_by(caught.value).replace(repr(place), "")


@pytest.mark.parametrize(
    ("place", "module", "extra"),
    [("payments.db", "aiosqlite", "sync"), ("postgresql://x/y", "psycopg", "postgres")],
)
def test_a_missing_driver_is_named(
    monkeypatch: pytest.MonkeyPatch, place: str, module: str, extra: str
) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ConfigurationError,
        match=rf'needs {module}, which is not installed: in the folder of paysdk, pip install "\.\[{extra}\]"',
    ):
        SQLPaymentStore(place)


async def opened(place: str | Path, *, create: bool = True) -> str:
    """What entering a store says when it fails."""
    with pytest.raises(StoreError) as caught:
        await SQLPaymentStore(place, create=create).__aenter__()
    return str(caught.value)


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    """It is no database."""
    (file := tmp_path / "notes.txt").write_text(
        text := "Not a database at all, but a text of some length. " * 40
    )

    assert (
        f"The database {file} cannot be used: file is not a database. It is another kind of file"
        in asyncio.run(opened(file))
    )
    assert text == file.read_text()


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """It is not made."""
    assert "unable to open database file. Look whether its folder is there" in asyncio.run(
        opened(tmp_path / "none" / "payments.db")
    )
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["payments", "Payments"])
def test_a_database_that_is_not_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    """One that has a table of one of our names, which to SQLite are the same in capitals; byte by byte."""
    with closing(sqlite3.connect(file := tmp_path / "books.db")) as connection:
        connection.execute(f"CREATE TABLE {name} (id INTEGER)")
    before = file.read_bytes()

    assert f"has a table {name} that is not paysdk's. Nothing was changed" in asyncio.run(
        opened(file)
    )
    assert before == file.read_bytes()
    assert ["books.db"] == [path.name for path in tmp_path.iterdir()]


def test_what_is_only_read_is_not_made(tmp_path: Path) -> None:
    """Neither tables in another's database, byte by byte, nor a file."""
    with closing(sqlite3.connect(file := tmp_path / "books.db")) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    before = file.read_bytes()

    assert (
        "is not a paysdk store, because it has none of paysdk's tables. Nothing was changed."
        in asyncio.run(opened(file, create=False))
    )
    assert "unable to open" in asyncio.run(opened(tmp_path / "none.db", create=False))
    assert before == file.read_bytes()
    assert ["books.db"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "url",
    [
        "{0}",
        "sqlite:///{1}",
        "sqlite:///{1}?uri=true",
        "sqlite:///file:{2}?uri=true",
        "sqlite:///file:{2}?uri=true&mode=ro",
    ],
)
async def test_what_is_there_can_be_only_read(
    tmp_path: Path,
    url: str,
    shelf: Shelf,
    make: Callable[..., Payment],
    kept: Callable[..., Awaitable[dict[str, Payment]]],
) -> None:
    """By any way to name it, also one with signs that a URL would have to escape."""
    file = tmp_path / "a #1.db"
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(file) as store:
        await sync_payments(shelf, store)
    async with SQLPaymentStore(
        url.format(file, quote(str(file)), quote(quote(str(file)))), create=False
    ) as store:
        assert ["1"] == list(await kept(store))


async def test_a_database_that_nobody_writes_to_can_be_read_without_files_beside_it(
    tmp_path: Path,
    shelf: Shelf,
    make: Callable[..., Payment],
    kept: Callable[..., Awaitable[dict[str, Payment]]],
) -> None:
    """As it has to be on a read-only disk."""
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(file := tmp_path / "payments.db") as store:
        await sync_payments(shelf, store)
    async with SQLPaymentStore(
        f"sqlite:///file:{file}?immutable=1&uri=true", create=False
    ) as store:
        assert ["1"] == list(await kept(store))
        assert [file] == await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


async def test_what_is_only_read_is_not_brought_up_to_date(
    place: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older database stays as it is."""
    async with SQLPaymentStore(place):
        pass
    async with SQLPaymentStore(place, create=False) as store:
        assert [(VERSION,)] == list(await rows(store, "SELECT version FROM sync_schema"))
    monkeypatch.setattr("paysdk.sync.store.VERSION", VERSION + 2)

    assert (
        f"written by an older paysdk (its tables have version {VERSION}, this one reads "
        f"{VERSION + 2})" in await opened(place, create=False)
    )


async def test_tables_of_others_are_no_hindrance(
    tmp_path: Path, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """Payments may be kept in the user's own database, beside what is there."""
    with closing(sqlite3.connect(file := tmp_path / "books.db")) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(file) as store:
        assert 1 == (await sync_payments(shelf, store)).created


async def test_a_read_only_database_is_said_to_be_so(
    tmp_path: Path, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """A new one when it is opened, one that is there when it is written to."""
    file = tmp_path / "payments.db"
    sqlite3.connect(file).close()
    read_only = f"sqlite:///file:{file}?mode=ro&uri=true"

    assert "readonly database. It is read-only: make it writable" in await opened(read_only)
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
    """What no longer fits is told, what did fit is there, and there is no half of a page."""
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


def _small(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
    cursor = connection.cursor()
    cursor.execute("PRAGMA max_page_count = 100")
    cursor.close()


async def test_a_limit_on_files_is_like_a_full_disk(
    tmp_path: Path, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """SQLite cannot tell them apart, and the next sync goes on where this one was."""
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


async def test_a_file_that_another_program_locks_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some patience."""
    monkeypatch.setattr("paysdk.sync.sqlite.LOCK_TIMEOUT", 0.05)
    with closing(sqlite3.connect(tmp_path / "payments.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
        connection.execute("BEGIN EXCLUSIVE")
        told = await opened(tmp_path / "payments.db")

    assert "database is locked. Another program has been writing to it for" in told
    async with SQLPaymentStore(tmp_path / "payments.db"):
        pass


async def test_rows_that_another_program_locks_are_said_to_be_locked(
    schema: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In PostgreSQL it is rows that are locked."""
    async with SQLPaymentStore(schema) as store:
        await sync_payments(shelf, store)
    monkeypatch.setattr("paysdk.sync.postgresql.LOCK_TIMEOUT", 0.05)
    with psycopg.connect(schema) as other:
        other.execute("SELECT * FROM sync_state FOR UPDATE")
        async with SQLPaymentStore(f"{schema}") as store:
            with pytest.raises(
                StoreError, match=r"lock timeout. Another program has locked its rows"
            ):
                await sync_payments(shelf, store)


async def test_a_server_that_is_not_there_is_said_to_be_out_of_reach(
    told_by: Callable[[BaseException], str],
) -> None:
    """Without the password, in the message or in any frame of what is raised."""
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


async def test_a_newer_database_is_refused(place: str, rows: Rows) -> None:
    """It is left as it is."""
    async with SQLPaymentStore(place) as store:
        await rows(store, "UPDATE sync_schema SET version = 99", writes=True)

    assert (
        f"written by a newer paysdk (its tables have version 99, this one knows up to {VERSION})"
        in await opened(place)
    )


@pytest.mark.parametrize(
    ("statement", "version"),
    [("DELETE FROM sync_schema", "None"), ("UPDATE sync_schema SET version = 0", "0")],
)
async def test_a_database_without_its_version_is_refused(
    place: str, rows: Rows, statement: str, version: str
) -> None:
    """Nobody can know what is in it."""
    async with SQLPaymentStore(place) as store:
        await rows(store, statement, writes=True)

    assert f"sync_schema has version {version} instead of a number from 1" in await opened(place)


async def test_an_older_database_is_brought_up_to_date(
    place: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step, and once."""
    async with SQLPaymentStore(place):
        pass
    steps = [
        ("ALTER TABLE payments ADD COLUMN first INTEGER",),
        ("ALTER TABLE payments ADD COLUMN second INTEGER",),
    ]
    monkeypatch.setattr("paysdk.sync.store.VERSION", VERSION + 2)
    monkeypatch.setattr(
        "paysdk.sync.store.MIGRATIONS",
        {
            VERSION + at: dict.fromkeys(("sqlite", "postgresql"), step)
            for at, step in enumerate(steps)
        },
    )
    for _ in range(2):
        async with SQLPaymentStore(place) as store:
            assert [(VERSION + 2,)] == list(await rows(store, "SELECT version FROM sync_schema"))
            assert [] == list(await rows(store, "SELECT first, second FROM payments"))


async def test_tables_without_records_that_wait_get_them(
    place: str, rows: Rows, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """A database of version 2 ends with the same columns and indexes as a new one, and its account goes on."""

    async def described(store: SQLPaymentStore) -> dict[str, Any]:
        def describe(connection: sa.Connection) -> dict[str, Any]:
            found = sa.inspect(connection)
            return {
                name: (
                    {
                        column["name"]: (str(column["type"]), column["nullable"])
                        for column in found.get_columns(name)
                    },
                    sorted(
                        (index["name"] or "", tuple(index["column_names"]))
                        for index in found.get_indexes(name)
                    ),
                )
                for name in ("payments", "sync_state")
            }

        async with store._database.transaction(writes=False) as connection:
            return await connection.run_sync(describe)

    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(place) as store:
        new = await described(store)
        await sync_payments(shelf, store)
        for column in ("pass_since", "oldest_malformed", "waiting_since"):
            await rows(store, f"ALTER TABLE sync_state DROP COLUMN {column}", writes=True)
        await rows(store, "UPDATE sync_schema SET version = 2", writes=True)
    async with SQLPaymentStore(place) as store:
        assert new == await described(store)
        assert "incremental" == (await sync_payments(shelf, store)).kind


async def test_two_may_make_the_tables_at_once(place: str) -> None:
    """The second waits for the first, and finds them."""
    stores = [SQLPaymentStore(place) for _ in range(4)]
    await asyncio.gather(*(store.__aenter__() for store in stores))
    for store in stores:
        await store.aclose()


async def test_options_of_the_users_own_stay(postgresql: str) -> None:
    """As given in the URL, beside ours; without any there are ours alone."""
    async with (
        SQLPaymentStore(f"{postgresql}&options=-cwork_mem%3D7MB") as store,
        store._database.transaction(writes=False) as connection,
    ):
        assert "7MB" == (await connection.exec_driver_sql("SHOW work_mem")).scalar_one()
        assert "10s" == (await connection.exec_driver_sql("SHOW lock_timeout")).scalar_one()


async def test_being_cancelled_while_writing_waits_for_the_end(
    store: SQLPaymentStore, rows: Rows, reach: Reach
) -> None:
    """What is being written is written whole, or not at all; nothing is left behind to be collected."""
    began = asyncio.Event()

    async def work(connection: Any) -> None:  # noqa: ANN401  # SQLAlchemy's
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
    """A connection is not closed while a task works with it."""
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


async def test_a_schema_of_its_own_is_made(
    postgresql: str, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """By its name or by the URL, whatever signs are in it; what is in other schemas is neither seen nor touched."""
    name = 'Zahlungen "2026", ä'
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA books")
        connection.execute("CREATE TABLE books.sync_state (id INTEGER)")
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(postgresql, schema=name) as store:
        assert 1 == (await sync_payments(shelf, store)).created
    async with SQLPaymentStore(f"{postgresql}&schema={quote(name)}", create=False) as store:
        assert ["1"] == [payment.id async for payment in store.payments(provider="acme")]
    assert "has no tables of paysdk's" in await opened(
        f"{postgresql}&schema=elsewhere", create=False
    )
    assert "has a table sync_state that is not paysdk's" in await opened(
        f"{postgresql}&schema=books"
    )
    with psycopg.connect(postgresql) as connection:
        found = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname IN (%s, 'elsewhere')", [name]
        ).fetchall()
    assert [(name,)] == found


async def test_a_schema_that_is_there_needs_no_right_to_make_one(postgresql: str) -> None:
    """The right to make tables in it is enough."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE ROLE tenant LOGIN")
        connection.execute("CREATE SCHEMA tenant AUTHORIZATION tenant")
    url = postgresql.replace("//postgres:@", "//tenant@")
    async with SQLPaymentStore(url, schema="tenant") as store, store.exclusive("receipt-1"):
        pass


@pytest.mark.parametrize("schema", ["", " ", "a\0b", "x" * 64, "ä" * 32, 7, ("a", "b")])
def test_what_is_no_schema_is_refused(schema: Any) -> None:  # noqa: ANN401  # whatever is given
    """A longer name would be cut, and be another's."""
    with pytest.raises(ConfigurationError, match="schema must be the name of a schema"):
        SQLPaymentStore("postgresql://localhost/books", schema=schema)


@pytest.mark.parametrize(
    ("place", "schema", "message"),
    [
        ("payments.db", "books", "A file of SQLite has no schemas"),
        ("sqlite:///payments.db", "books", "A file of SQLite has no schemas"),
        (
            "postgresql://localhost/books?schema=books",
            "others",
            "The URL says schema=books, but the store was given schema='others'",
        ),
        (
            "postgresql://localhost/books?schema=a&schema=b",
            None,
            "schema must be the name of a schema",
        ),
        (
            "postgresql://localhost/books?autocommit=1",
            None,
            "The URL of a database does not take autocommit",
        ),
        (
            "postgresql://localhost/books?prepare_threshold=letmein",
            None,
            "an option with an invalid value",
        ),
    ],
)
def test_what_a_database_cannot_have_is_refused(
    place: str, schema: str | None, message: str
) -> None:
    """Before it is opened."""
    with pytest.raises(ConfigurationError, match=message):
        SQLPaymentStore(place, schema=schema)


def test_a_schema_may_be_named_twice() -> None:
    """If both say the same."""
    assert (
        "postgresql://localhost/books"
        == find_database("postgresql://localhost/books?schema=books", schema="books").name
    )
