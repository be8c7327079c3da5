"""The two databases: how each is opened, and the few things that they do differently."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import attrs
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from paysdk.errors import ConfigurationError
from paysdk.sync.errors import StoreError
from paysdk.sync.rows import POSTGRESQL, SQLITE, Codec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["Backend", "Database", "database_at"]

T = TypeVar("T")

# Seconds. Another program's transaction on the same rows, or on the same file, may take so long before this one gives up.
_PATIENCE = 10
_WRITES = "paysdk_writes"
# Any number will do, so long as nothing else in the database locks with it.
_LOCK_OF_THE_FEED, _LOCK_OF_THE_TABLES = 0x706179_01, 0x706179_02


class Backend(Protocol):
    """What differs between the databases."""

    @property
    def codec(self) -> Codec:
        """How values are written."""
        ...

    @property
    def lasting(self) -> str | None:
        """What a database is told once, and keeps."""
        ...

    def engine(self) -> AsyncEngine:
        """An engine that sets up each of its connections."""
        ...

    def probe(self, engine: AsyncEngine) -> None:
        """Find out what can be found out before connecting. Raises what the driver raises."""
        ...

    def now(self) -> sa.ColumnElement[float]:
        """The clock that leases are judged by, in seconds since 1970."""
        ...

    def among(self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]) -> sa.ColumnElement[bool]:
        """Whether *column* is one of the *ids*, a JSON array."""
        ...

    def numbered(self, ids: sa.BindParameter[str]) -> sa.Select[Any]:
        """The *ids*, a JSON array, as rows in their order."""
        ...

    def add_if_new(self, table: sa.Table, values: dict[str, object]) -> sa.Insert:
        """An insert that leaves alone what is there."""
        ...

    async def insert(self, connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many rows, as fast as the database can."""
        ...

    def batches(self, connection: AsyncConnection, select: sa.Select[Any], size: int) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        """The rows of a statement, so many at a time, without holding the others."""
        ...

    async def take_turns_in_the_feed(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction is numbering changes, so that they become visible in the order of their numbers."""
        ...

    async def take_turns_with_the_tables(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction is making tables."""
        ...


@attrs.frozen
class _SQLite:
    url: sa.URL
    codec: Codec = SQLITE
    # Readers and the writer do not wait for each other then.
    lasting: str | None = "PRAGMA journal_mode=WAL"

    def engine(self) -> AsyncEngine:
        engine = create_async_engine(
            self.url, hide_parameters=True, poolclass=sa.AsyncAdaptedQueuePool, connect_args={"timeout": _PATIENCE}
        )
        event.listen(engine.sync_engine, "connect", _prepared)
        event.listen(engine.sync_engine, "begin", _begun)
        return engine

    def probe(self, engine: AsyncEngine) -> None:
        # aiosqlite's thread answers to its event loop also after it failed to open a file, by when that loop may have ended.
        arguments, options = engine.dialect.create_connect_args(self.url)
        sqlite3.connect(str(arguments[0]), uri=bool(options.get("uri"))).close()

    def now(self) -> sa.ColumnElement[float]:
        return sa.literal(time.time())

    def among(self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]) -> sa.ColumnElement[bool]:
        return column.in_(self.numbered(ids))

    def numbered(self, ids: sa.BindParameter[str]) -> sa.Select[Any]:
        return sa.select(sa.func.json_each(ids).table_valued("value").c.value)

    def add_if_new(self, table: sa.Table, values: dict[str, object]) -> sa.Insert:
        return sqlite.insert(table).values(values).on_conflict_do_nothing()

    async def insert(self, connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        # As one prepared statement: SQLAlchemy's own work on each row would take as long as the database's.
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  # the names are our own
        await connection.exec_driver_sql(statement, list(rows))

    async def batches(self, connection: AsyncConnection, select: sa.Select[Any], size: int) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        compiled = select.compile(dialect=connection.dialect)
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        async with driver.execute(str(compiled), values) as cursor:
            while rows := await cursor.fetchmany(size):
                yield rows

    async def take_turns_in_the_feed(self, connection: AsyncConnection) -> None:
        """It has one writer at a time."""

    async def take_turns_with_the_tables(self, connection: AsyncConnection) -> None:
        """Likewise."""


def _prepared(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
    # SQLAlchemy begins transactions below; left to itself, the driver would do so at its own times.
    connection.isolation_level = None
    cursor = connection.cursor()
    # In WAL mode this is enough for a process that is killed to lose nothing that it had committed.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begun(connection: sa.Connection) -> None:
    # A transaction that begins by reading cannot wait for the right to write later: it would have read what is no longer so.
    writes = connection.get_execution_options().get(_WRITES)
    if writes is not None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@attrs.frozen
class _PostgreSQL:
    url: sa.URL
    codec: Codec = POSTGRESQL
    lasting: str | None = None

    def engine(self) -> AsyncEngine:
        # A process that stalls in a transaction holds its rows until the server ends it.
        options = f"-c lock_timeout={_PATIENCE}s -c idle_in_transaction_session_timeout={6 * _PATIENCE}s"
        given = self.url.query.get("options")
        settings = {"options": f"{given} {options}" if isinstance(given, str) else options, "connect_timeout": _PATIENCE}
        url = self.url.difference_update_query(["options"])
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=settings)

    def probe(self, engine: AsyncEngine) -> None:
        """Connecting tells all."""

    def now(self) -> sa.ColumnElement[float]:
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)

    def among(self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]) -> sa.ColumnElement[bool]:
        # As an array, which the planner looks up in the index even in a table that it knows nothing of yet.
        elements = sa.select(sa.func.json_array_elements_text(sa.cast(ids, postgresql.JSON(none_as_null=True)))).scalar_subquery()
        return column == sa.func.any(sa.func.array(elements))

    def numbered(self, ids: sa.BindParameter[str]) -> sa.Select[Any]:
        elements = sa.func.json_array_elements_text(sa.cast(ids, sa.JSON)).table_valued("value", with_ordinality="place").render_derived()
        return sa.select(elements.c.value).order_by(elements.c.place)

    def add_if_new(self, table: sa.Table, values: dict[str, object]) -> sa.Insert:
        return postgresql.insert(table).values(values).on_conflict_do_nothing()

    async def insert(self, connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                await copy.write_row(row)

    async def batches(self, connection: AsyncConnection, select: sa.Select[Any], size: int) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        # A named cursor keeps the rows with the server. SQLAlchemy's own leaves it open where the reader leaves early.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        compiled = select.compile(dialect=connection.dialect)
        async with driver.cursor(name="paysdk") as cursor:
            await cursor.execute(str(compiled), compiled.params)
            while rows := await cursor.fetchmany(size):
                yield rows

    async def take_turns_in_the_feed(self, connection: AsyncConnection) -> None:
        # Numbers are dealt out before they are committed. Without this, a reader who has seen the larger would never see the smaller.
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_OF_THE_FEED)))

    async def take_turns_with_the_tables(self, connection: AsyncConnection) -> None:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_OF_THE_TABLES)))


class Database:
    """A database, and transactions on it. Whatever the driver raises comes out as a ``StoreError`` that holds no password."""

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self.backend = backend
        self.engine: AsyncEngine = backend.engine()
        self._open = 0

    @asynccontextmanager
    async def transaction(self, *, writes: bool) -> AsyncGenerator[AsyncConnection]:
        """A transaction that is committed at the end, or rolled back where the end is an error."""
        self._open += 1
        try:
            connection = await self._connected(writes=writes)
            async with self._translated():
                try:
                    yield connection
                    await connection.commit()
                finally:
                    await connection.close()
        finally:
            self._open -= 1

    async def written(self, work: Callable[[AsyncConnection], Awaitable[T]], *, then: Callable[[T], object] = lambda _: None) -> T:
        """What *work* gives, done in a transaction of its own.

        Being cancelled waits for its end, so it is either done or undone; where it is done, *then* is called with what it gave.
        """

        async def run() -> T:
            async with self.transaction(writes=True) as connection:
                given = await work(connection)
            then(given)
            return given

        return await _to_its_end(run())

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What *work* reads, in a transaction of its own. Being cancelled waits for its end, for drivers do not bear it well."""

        async def run() -> T:
            async with self.transaction(writes=False) as connection:
                return await work(connection)

        return await _to_its_end(run())

    @asynccontextmanager
    async def _translated(self) -> AsyncGenerator[None]:
        failure: StoreError | None = None
        try:
            yield
        except self._faults() as error:
            failure = self.failure(error)
        if failure is not None:
            raise failure

    def failure(self, error: BaseException) -> StoreError:
        """What the driver's *error* means to a user."""
        told = str(getattr(error, "orig", None) or error).strip()
        reason = told.splitlines()[0] if told else type(error).__name__
        advice = next((advice for sign, advice in _ADVICE if sign in told), "Nothing was written.")
        return StoreError(f"The database {self.name} cannot be used: {reason.rstrip('.')}. {advice}")

    async def probe(self) -> None:
        """Find out whether it can be there at all."""
        async with self._translated():
            await asyncio.to_thread(self.backend.probe, self.engine)

    async def prepare(self) -> None:
        """Set up what a database that is ours keeps for good."""
        if (statement := self.backend.lasting) is not None:
            # SQLite takes it outside of a transaction only, and not while another is using the file: then the next one does it.
            with suppress(StoreError):
                async with self._translated(), self.engine.connect() as connection:
                    await connection.exec_driver_sql(statement)

    async def aclose(self) -> None:
        """Close the connections, when what is under way has ended. Where a ``break`` left an iterator, the event loop sees to that."""
        while self._open:  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.001)
        await self.engine.dispose()

    async def _connected(self, *, writes: bool) -> AsyncConnection:
        failure: StoreError | None = None
        async with AsyncExitStack() as opened:
            try:
                connection = await opened.enter_async_context(self.engine.connect())
                await connection.execution_options(**{_WRITES: writes})
                await connection.begin()
            except self._faults() as error:
                failure = self.failure(error)
            else:
                opened.pop_all()
                return connection
        # Raised here, where the frames of the driver, in which the password is, are no part of it.
        raise failure

    def _faults(self) -> tuple[type[BaseException], ...]:
        return (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OSError)


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """What *work* gives. Being cancelled, however often, waits for its end."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        # Looked at, so that asyncio does not report an error that nobody asks for any more.
        await asyncio.gather(task, return_exceptions=True)
        raise asyncio.CancelledError
    return task.result()


# Immutable is for the user to say: a disk that is read-only here may be written to from elsewhere, and what is read would be wrong then.
_FOLDER = (
    "Look whether its folder is there, and may be written to, as SQLite does also while it reads. On a read-only disk, for a database "
    "that nobody writes to, there is sqlite:///file:/folder/payments.db?immutable=1&uri=true."
)
_ADVICE = (
    ("readonly", "It is read-only: make it writable, or name another."),
    ("read-only", "It is read-only: make it writable, or name another."),
    ("is full", "Make room, and sync again: it goes on where it was."),
    ("No space left", "Make room, and sync again: it goes on where it was."),
    # Such is also the answer to a limit on the size of a file, which is not told apart.
    ("disk I/O error", "Its disk may be full: make room, and sync again: it goes on where it was."),
    ("locked", f"Another program has been writing to it for {_PATIENCE} seconds: end that one, or wait, and sync again."),
    ("lock timeout", f"Another program has held its rows for {_PATIENCE} seconds: end that one, or wait, and sync again."),
    ("not a database", "It is a file of another kind: name another."),
    ("unable to open", _FOLDER),
    ("connection", "Look whether it runs there, and whether the user and the password are right."),
)


# The keys that one of libpq's connection strings may begin with.
_CONNECTION_STRING = re.compile(r"\s*(host|hostaddr|port|dbname|user|password|passfile|service|options|application_name|ssl\w+)\s*=")
# What the driver takes; SQLite itself takes others, with uri=true.
_SQLITE_OPTIONS = {"uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}


def database_at(place: str | os.PathLike[str], *, create: bool = True) -> Database:
    """The database at a path or a URL, not yet opened; without *create* its file must be there then.

    Raises ``ConfigurationError`` where the place can be neither.
    """
    given: object = place
    if isinstance(given, os.PathLike):
        given = os.fspath(place)
    if not isinstance(given, str) or not given.strip():
        raise ConfigurationError(f"The database must be a path or a URL, not {type(place).__name__} {'' if given else 'without content'}.")
    if "://" not in given:
        if _CONNECTION_STRING.match(given):  # which may hold a password, so it is not shown
            raise ConfigurationError(
                "The database is given in libpq's form, key=value. paysdk takes a URL, postgresql://user@host/name, or the path of a file, "
                "which may begin with ./ where it looks like that."
            )
        return _sqlite(sa.URL.create("sqlite+aiosqlite", database=given), create=create)
    return _by_url(given, create=create)


def _by_url(text: str, *, create: bool) -> Database:
    url = None
    with suppress(ArgumentError, ValueError):
        url = sa.make_url(text)
    if url is None:  # outside of the except clause, since what was parsed may hold a password
        raise ConfigurationError("The database's URL cannot be read. It is sqlite:///payments.db, or postgresql://user@host/name.")
    kind, _, driver = url.drivername.partition("+")
    if kind == "sqlite" and driver in {"", "aiosqlite"}:
        if strange := set[str]() if "uri" in url.query else url.query.keys() - _SQLITE_OPTIONS:
            url = None  # what is given as an option may be a password, and frames of an error may be shown
            raise ConfigurationError(
                f"The URL of a file takes no {', '.join(sorted(strange))}; with uri=true SQLite has options of its own."
            )
        return _sqlite(url.set(drivername="sqlite+aiosqlite"), create=create)
    if kind in {"postgresql", "postgres"} and driver in {"", "psycopg"}:
        place = url.host or url.query.get("host") or "localhost"
        name = f"postgresql://{place}{f':{url.port}' if url.port else ''}/{url.database or ''}"
        return _opened(name, _PostgreSQL(url.set(drivername="postgresql+psycopg")), "postgres")
    raise ConfigurationError(f"paysdk keeps payments in SQLite (aiosqlite) and in PostgreSQL (psycopg), not in {url.drivername}.")


def _sqlite(url: sa.URL, *, create: bool) -> Database:
    if url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory":
        raise ConfigurationError("A database in memory ends with its connection: give the path of a file.")
    if url.host or url.port or url.username or url.password:
        raise ConfigurationError(
            "A file has no host, user or password: its URL has three slashes, or four, as in sqlite:////data/payments.db."
        )
    if "\0" in str(url.database):
        raise ConfigurationError("The path of a file cannot hold a NUL character.")
    return _opened(str(Path(str(url.database))), _SQLite(url if create else _of_what_is_there(url)), "sync")


def _of_what_is_there(url: sa.URL) -> sa.URL:
    """The same file's URL, of which SQLite does not make the file."""
    file = str(url.database)
    if file.startswith("file:") and "uri" in url.query:
        return url if "mode" in url.query else url.update_query_dict({"mode": "rw"})
    return url.set(database=Path(file).absolute().as_uri()).update_query_dict({"mode": "rw", "uri": "true"})


def _opened(name: str, backend: Backend, extra: str) -> Database:
    missing: str | None = None
    try:
        return Database(name, backend)
    except ModuleNotFoundError as error:
        missing = error.name
    except (ArgumentError, TypeError, ValueError):
        pass  # an option's value, which the error would show
    if missing is None:
        raise ConfigurationError(f"The URL of {name} has an option whose value it cannot have.")
    raise ConfigurationError(f'{name} needs {missing}, which is not installed: in the folder of paysdk, pip install ".[{extra}]"')
