"""The SQLite backend."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import create_async_engine

from paysdk.sync.backends import DURABLE, LOCK_TIMEOUT, WRITES, Rows, get_driver_connection
from paysdk.sync.rows import SQLITE, Codec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.sql.compiler import Compiled

__all__ = ["SQLite"]


@attrs.frozen
class SQLite:
    """SQLite in a file, through aiosqlite."""

    url: sa.URL
    codec: Codec = SQLITE
    # In this mode, readers and the writer do not wait for each other.
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
        # aiosqlite's thread calls its event loop even after it failed to open a file. By then the
        # loop may be closed.
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
        self, connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Rows
    ) -> None:
        # One statement with a list of tuples. SQLAlchemy's own work on each row would take as
        # long as the database's.
        into = f"{table.name} ({', '.join(columns)})"
        placeholders = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {into} VALUES ({placeholders})"  # noqa: S608  # our names
        await connection.exec_driver_sql(statement, list(rows))

    async def fetch(
        self, connection: AsyncConnection, select: Compiled, values: Mapping[str, object]
    ) -> Rows:
        driver = await get_driver_connection(connection)
        async with driver.execute(str(select), _positional_values(select, values)) as cursor:
            rows: Rows = await cursor.fetchall()
            return rows

    async def batches(
        self, connection: AsyncConnection, select: Compiled, size: int
    ) -> AsyncGenerator[Rows]:
        driver = await get_driver_connection(connection)
        async with driver.execute(str(select), _positional_values(select, {})) as cursor:
            while rows := await cursor.fetchmany(size):
                yield rows

    async def begin(
        self,
        connection: AsyncConnection,
        *,
        durable: bool,  # noqa: ARG002  # see _begin_transaction
    ) -> None:
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
        """SQLite has no schemas."""

    async def lock_feed(self, connection: AsyncConnection) -> None:
        """SQLite has one writer at a time, so this does nothing."""

    async def listen(self) -> None:
        """SQLite cannot tell of changes."""

    async def lock_tables(self, connection: AsyncConnection) -> None:
        """SQLite has one writer at a time, so this does nothing."""


def _positional_values(select: Compiled, values: Mapping[str, object]) -> list[object]:
    """Return the values for the placeholders of a statement, in their order."""
    named: Any = select.construct_params(dict(values))
    return [named[name] for name in getattr(select, "positiontup", None) or ()]


def _prepare_connection(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
    # _begin_transaction begins them. Otherwise the driver would, at times of its own choice.
    connection.isolation_level = None


def _begin_transaction(connection: sa.Connection) -> None:
    # A transaction that begins with a read cannot wait for the right to write: by then, what it has
    # read may be outdated.
    options = connection.get_execution_options()
    writes = options.get(WRITES)
    if writes is not None:
        # In WAL mode, NORMAL keeps every commit if the process is killed. Only FULL also keeps
        # every commit after a power failure
        # (https://www.sqlite.org/pragma.html#pragma_synchronous). It cannot be changed in a
        # transaction.
        wanted = "FULL" if options.get(DURABLE) else "NORMAL"
        if connection.info.get("synchronous") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
            connection.info["synchronous"] = wanted
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
