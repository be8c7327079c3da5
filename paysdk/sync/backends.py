"""What the two databases do differently: their drivers, their clocks, and the few statements that each has its own way for."""

from __future__ import annotations

import re
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import create_async_engine

from paysdk.sync.rows import POSTGRESQL, SQLITE, Codec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.sql.compiler import Compiled

__all__ = ["DURABLE", "LOCK_TIMEOUT", "WRITES", "Backend", "PostgreSQL", "SQLite"]

# Seconds. Another program's transaction on the same rows, or on the same file, may take so long
# before this one gives up.
LOCK_TIMEOUT = 10
# The execution option that says whether a transaction is going to write.
WRITES = "paysdk_writes"
# The execution option that says whether a transaction must outlive a power failure once it is
# committed.
DURABLE = "paysdk_durable"
# Any number will do, so long as nothing else in the database locks with it.
_LOCK_OF_THE_FEED, _LOCK_OF_THE_TABLES = 0x706179_01, 0x706179_02


class Backend(Protocol):
    """What differs between the databases."""

    @property
    def codec(self) -> Codec:
        """How values are written."""
        ...

    @property
    def persistent_pragma(self) -> str | None:
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

    def in_ids(
        self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]
    ) -> sa.ColumnElement[bool]:
        """Whether *column* is one of the *ids*, a JSON array."""
        ...

    def ids_as_rows(self, ids: sa.BindParameter[str]) -> sa.Select[Any]:
        """The *ids*, a JSON array, as rows in their order."""
        ...

    def add_if_new(self, table: sa.Table, values: dict[str, object]) -> sa.Insert:
        """An insert that leaves alone what is there."""
        ...

    async def insert(
        self,
        connection: AsyncConnection,
        table: sa.Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
    ) -> None:
        """Insert many rows, as fast as the database can."""
        ...

    async def fetch(
        self,
        connection: AsyncConnection,
        select: Compiled,
        values: Mapping[str, object],
    ) -> Sequence[Sequence[Any]]:
        """All rows of a statement, as the driver gives them."""
        ...

    def batches(
        self,
        connection: AsyncConnection,
        select: Compiled,
        size: int,
    ) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        """The rows of a statement, so many at a time, without holding the others."""
        ...

    async def begin(self, connection: AsyncConnection, *, durable: bool) -> None:
        """Begin a transaction. The connection has the execution options for it."""
        ...

    async def table_names(self, connection: AsyncConnection) -> Sequence[str]:
        """The names of the tables that are there."""
        ...

    async def make_schema(self, connection: AsyncConnection) -> None:
        """Make the schema that the tables are to be in, if it is not there."""
        ...

    async def lock_feed(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction is numbering changes, so that they become visible in the order of their numbers."""
        ...

    async def lock_tables(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction is making tables."""
        ...


@attrs.frozen
class SQLite:
    """A file, through aiosqlite."""

    url: sa.URL
    codec: Codec = SQLITE
    # Readers and the writer do not wait for each other then.
    persistent_pragma: str | None = "PRAGMA journal_mode=WAL"

    def engine(self) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            hide_parameters=True,
            poolclass=sa.AsyncAdaptedQueuePool,
            connect_args={"timeout": LOCK_TIMEOUT},
        )
        event.listen(engine.sync_engine, "connect", _prepare_connection)
        event.listen(engine.sync_engine, "begin", _begin_transaction)
        return engine

    def probe(self, engine: AsyncEngine) -> None:
        # aiosqlite's thread answers to its event loop also after it failed to open a file, by when
        # that loop may have ended.
        arguments, options = engine.dialect.create_connect_args(self.url)
        sqlite3.connect(str(arguments[0]), uri=bool(options.get("uri"))).close()

    def now(self) -> sa.ColumnElement[float]:
        return sa.literal(time.time())

    def in_ids(
        self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]
    ) -> sa.ColumnElement[bool]:
        return column.in_(self.ids_as_rows(ids))

    def ids_as_rows(self, ids: sa.BindParameter[str]) -> sa.Select[Any]:
        return sa.select(sa.func.json_each(ids).table_valued("value").c.value)

    def add_if_new(self, table: sa.Table, values: dict[str, object]) -> sa.Insert:
        return sqlite.insert(table).values(values).on_conflict_do_nothing()

    async def insert(
        self,
        connection: AsyncConnection,
        table: sa.Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
    ) -> None:
        # As one prepared statement: SQLAlchemy's own work on each row would take as long as the
        # database's.
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  # the names are our own
        await connection.exec_driver_sql(statement, list(rows))

    async def fetch(
        self,
        connection: AsyncConnection,
        select: Compiled,
        values: Mapping[str, object],
    ) -> Sequence[Sequence[Any]]:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.execute(str(select), _positional_values(select, values)) as cursor:
            rows: Sequence[Sequence[Any]] = await cursor.fetchall()
            return rows

    async def batches(
        self,
        connection: AsyncConnection,
        select: Compiled,
        size: int,
    ) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.execute(str(select), _positional_values(select, {})) as cursor:
            while rows := await cursor.fetchmany(size):
                yield rows

    async def begin(self, connection: AsyncConnection, *, durable: bool) -> None:  # noqa: ARG002  # an option tells it
        await connection.begin()

    async def table_names(self, connection: AsyncConnection) -> Sequence[str]:
        return (
            (
                await connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                )
            )
            .scalars()
            .all()
        )

    async def make_schema(self, connection: AsyncConnection) -> None:
        """It has none."""

    async def lock_feed(self, connection: AsyncConnection) -> None:
        """It has one writer at a time."""

    async def lock_tables(self, connection: AsyncConnection) -> None:
        """Likewise."""


def _positional_values(select: Compiled, values: Mapping[str, object]) -> list[object]:
    """The values for the places of a statement, as SQLite's driver takes them."""
    named: Any = select.construct_params(dict(values))
    return [named[name] for name in getattr(select, "positiontup", None) or ()]


def _prepare_connection(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
    # SQLAlchemy begins transactions below; left to itself, the driver would do so at its own times.
    connection.isolation_level = None


def _begin_transaction(connection: sa.Connection) -> None:
    # A transaction that begins by reading cannot wait for the right to write later: it would have
    # read what is no longer so.
    options = connection.get_execution_options()
    writes = options.get(WRITES)
    if writes is not None:
        # In WAL mode NORMAL is enough for a process that is killed to lose nothing that it had
        # committed. After a power failure only FULL has it all
        # (https://www.sqlite.org/pragma.html#pragma_synchronous). It cannot be changed in a
        # transaction.
        wanted = "FULL" if options.get(DURABLE) else "NORMAL"
        if connection.info.get("synchronous") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
            connection.info["synchronous"] = wanted
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _split_options(url: sa.URL) -> tuple[str | None, str]:
    """The ``search_path`` in the options of a URL, and the other options.

    PostgreSQL takes options at the start of a session, and poolers refuse them. The path can be set
    in each transaction as well.
    """
    given = url.query.get("options", "")
    rest = given if isinstance(given, str) else " ".join(given)
    path: str | None = None
    while (found := _SEARCH_PATH.search(rest)) is not None:
        path = re.sub(r"\\(.)", r"\1", found["path"])
        rest = rest[: found.start()] + rest[found.end() :]
    return path, rest.strip()


# In the options of a session a backslash escapes a space, and itself.
_SEARCH_PATH = re.compile(r"(?:^|\s)-(?:c\s*|-)search[_-]path=(?P<path>(?:\\.|[^\s\\])*)")
_WAIT_FOR_THE_DISK = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE "
    "current_setting('synchronous_commit') = 'off'"
)


@attrs.frozen
class PostgreSQL:
    """A server, through psycopg."""

    url: sa.URL
    schema: str | None = None
    codec: Codec = POSTGRESQL
    persistent_pragma: str | None = None

    def engine(self) -> AsyncEngine:
        threshold = self.url.query.get("prepare_threshold", "None")
        if threshold != "None":
            int(str(threshold))  # raises ValueError for what it cannot be
        # A pooler gives each transaction another session, which does not know what was prepared in
        # the last one: nothing is prepared.
        settings: dict[str, Any] = {"prepare_threshold": None}
        # Without this the driver speaks the database's encoding, and gives bytes if that is
        # SQL_ASCII. Poolers know this parameter.
        settings["client_encoding"] = "utf8"
        url = self.url.difference_update_query(["client_encoding", "options", "prepare_threshold"])
        if "connect_timeout" not in url.query:
            settings["connect_timeout"] = LOCK_TIMEOUT
        if options := _split_options(self.url)[1]:
            settings["options"] = options
        # The driver says it as it begins a transaction. A server or a user may have another one
        # set, in which takes and renewals fail.
        level = "READ COMMITTED"
        return create_async_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level=level,
            connect_args=settings,
        )

    def probe(self, engine: AsyncEngine) -> None:
        """Connecting tells all."""

    def now(self) -> sa.ColumnElement[float]:
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)

    def in_ids(
        self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]
    ) -> sa.ColumnElement[bool]:
        # As an array, which the planner looks up in the index even in a table that it knows nothing
        # of yet.
        elements = sa.select(
            sa.func.json_array_elements_text(sa.cast(ids, postgresql.JSON(none_as_null=True)))
        ).scalar_subquery()
        return column == sa.func.any(sa.func.array(elements))

    def ids_as_rows(self, ids: sa.BindParameter[str]) -> sa.Select[Any]:
        elements = (
            sa.func.json_array_elements_text(sa.cast(ids, sa.JSON))
            .table_valued("value", with_ordinality="place")
            .render_derived()
        )
        return sa.select(elements.c.value).order_by(elements.c.place)

    def add_if_new(self, table: sa.Table, values: dict[str, object]) -> sa.Insert:
        return postgresql.insert(table).values(values).on_conflict_do_nothing()

    async def insert(
        self,
        connection: AsyncConnection,
        table: sa.Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
    ) -> None:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                await copy.write_row(row)

    async def fetch(
        self,
        connection: AsyncConnection,
        select: Compiled,
        values: Mapping[str, object],
    ) -> Sequence[Sequence[Any]]:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.cursor() as cursor:
            await cursor.execute(str(select), select.construct_params(dict(values)))
            rows: Sequence[Sequence[Any]] = await cursor.fetchall()
            return rows

    async def batches(
        self,
        connection: AsyncConnection,
        select: Compiled,
        size: int,
    ) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        # A named cursor keeps the rows with the server, until the end of the transaction.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.cursor(name="paysdk") as cursor:
            await cursor.execute(str(select), select.construct_params())
            while rows := await cursor.fetchmany(size):
                yield rows

    async def begin(self, connection: AsyncConnection, *, durable: bool) -> None:
        await connection.begin()
        # For this transaction only: behind a pooler the next one may have another session, and
        # another program may have this one.
        local = {
            "lock_timeout": f"{LOCK_TIMEOUT}s",
            # A process that stalls in a transaction holds its rows until the server ends it.
            "idle_in_transaction_session_timeout": f"{6 * LOCK_TIMEOUT}s",
        }
        if (path := self._search_path) is not None:
            local["search_path"] = path
        await connection.execute(
            sa.select(
                *(sa.func.set_config(name, value, sa.true()) for name, value in local.items())
            )
        )
        if durable:
            # Some run their whole server with `off`. Any other value makes the commit wait for the
            # disk.
            await connection.exec_driver_sql(_WAIT_FOR_THE_DISK)

    async def table_names(self, connection: AsyncConnection) -> Sequence[str]:
        # Asked of the server each time. SQLAlchemy asks once which schema is the first, before the
        # one of ours is set.
        tables = sa.table(
            "pg_tables", sa.column("tablename"), sa.column("schemaname"), schema="pg_catalog"
        )
        here = sa.select(tables.c.tablename).where(tables.c.schemaname == sa.func.current_schema())
        return (await connection.execute(here)).scalars().all()

    async def make_schema(self, connection: AsyncConnection) -> None:
        if self.schema is None:
            return
        schemas = sa.table("pg_namespace", sa.column("nspname"), schema="pg_catalog")
        # Not left to IF NOT EXISTS, which also asks for the right to make one if it is there.
        if not (
            await connection.execute(sa.select(schemas).where(schemas.c.nspname == self.schema))
        ).first():
            await connection.execute(sa.schema.CreateSchema(self.schema))

    @property
    def _search_path(self) -> str | None:
        """The schemas to look in: ours alone, or those of the ``options`` in the URL."""
        if self.schema is not None:
            return '"' + self.schema.replace('"', '""') + '"'
        return _split_options(self.url)[0]

    async def lock_feed(self, connection: AsyncConnection) -> None:
        # Numbers are dealt out before they are committed. Without this, a reader who has seen the
        # larger would never see the smaller.
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_OF_THE_FEED)))

    async def lock_tables(self, connection: AsyncConnection) -> None:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_OF_THE_TABLES)))
