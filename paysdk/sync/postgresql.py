"""The PostgreSQL backend.

It keeps nothing in a session, so it works behind a pooler that gives each transaction another
session.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine

from paysdk.sync.backends import LOCK_TIMEOUT, Rows, get_driver_connection
from paysdk.sync.listening import CHANNEL, open_listener
from paysdk.sync.rows import POSTGRESQL, Codec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.sql.compiler import Compiled

    from paysdk.sync.backends import Listener

__all__ = ["PostgreSQL"]

# Any numbers will do if nothing else in the database uses them as locks.
_FEED_LOCK, _TABLES_LOCK = 0x706179_01, 0x706179_02

# In the options of a session a backslash escapes a space, and itself.
_SEARCH_PATH = re.compile(r"(?:^|\s)-(?:c\s*|-)search[_-]path=(?P<path>(?:\\.|[^\s\\])*)")
_WAIT_FOR_DISK = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE "
    "current_setting('synchronous_commit') = 'off'"
)


@attrs.frozen
class PostgreSQL:
    """PostgreSQL on a server, through psycopg."""

    url: sa.URL
    schema: str | None = None
    codec: Codec = POSTGRESQL
    persistent_pragma: str | None = None

    def engine(self) -> AsyncEngine:
        threshold = self.url.query.get("prepare_threshold", "None")
        if threshold != "None":
            int(str(threshold))  # raises ValueError if it is not a number
        # Nothing is prepared, because behind a pooler the next transaction may run in another
        # session, without the prepared statements.
        settings: dict[str, Any] = {"prepare_threshold": None}
        # Without this, the driver uses the database's encoding, and returns bytes if that is
        # SQL_ASCII. Poolers accept this parameter.
        settings["client_encoding"] = "utf8"
        url = self.url.difference_update_query(["client_encoding", "options", "prepare_threshold"])
        if "connect_timeout" not in url.query:
            settings["connect_timeout"] = LOCK_TIMEOUT
        if options := _split_options(self.url)[1]:
            settings["options"] = options
        # The driver sets it when a transaction begins. Another default of the server or the
        # user would make taking and renewing leases fail.
        level = "READ COMMITTED"
        return create_async_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level=level,
            connect_args=settings,
        )

    def probe(self, engine: AsyncEngine) -> None:
        """Only connecting to the server finds its errors, so this does nothing."""

    def now(self) -> sa.ColumnElement[float]:
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)

    def in_ids(
        self, column: sa.ColumnElement[Any], ids: sa.BindParameter[str]
    ) -> sa.ColumnElement[bool]:
        # The ids are an array, because the planner then uses the index even if it has no statistics
        # of the table yet.
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
        self, connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Rows
    ) -> None:
        driver = await get_driver_connection(connection)
        async with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                await copy.write_row(row)

    async def fetch(
        self, connection: AsyncConnection, select: Compiled, values: Mapping[str, object]
    ) -> Rows:
        driver = await get_driver_connection(connection)
        async with driver.cursor() as cursor:
            await cursor.execute(str(select), select.construct_params(dict(values)))
            rows: Rows = await cursor.fetchall()
            return rows

    async def batches(
        self, connection: AsyncConnection, select: Compiled, size: int
    ) -> AsyncGenerator[Rows]:
        # A named cursor keeps the rows on the server until the end of the transaction.
        driver = await get_driver_connection(connection)
        async with driver.cursor(name="paysdk") as cursor:
            await cursor.execute(str(select), select.construct_params())
            while rows := await cursor.fetchmany(size):
                yield rows

    async def begin(self, connection: AsyncConnection, *, durable: bool) -> None:
        await connection.begin()
        # For this transaction only. Behind a pooler the next transaction may run in another
        # session, and this session may serve another program.
        local = {
            "lock_timeout": f"{LOCK_TIMEOUT}s",
            # A process that stalls in a transaction locks its rows until the server ends it.
            "idle_in_transaction_session_timeout": f"{6 * LOCK_TIMEOUT}s",
            # psycopg reads times in this style only, and a server or a role may have another one
            # (https://www.psycopg.org/psycopg3/docs/basic/adapt.html, "Date/time types").
            "datestyle": "ISO",
        }
        if (path := self._search_path) is not None:
            local["search_path"] = path
        await connection.execute(
            sa.select(
                *(sa.func.set_config(name, value, sa.true()) for name, value in local.items())
            )
        )
        if durable:
            # Some servers run with `off`. Any other value makes the commit wait for the disk.
            await connection.exec_driver_sql(_WAIT_FOR_DISK)

    async def table_names(self, connection: AsyncConnection) -> Sequence[str]:
        # SQLAlchemy's own inspector asks only once for the first schema, before ours is set.
        tables = sa.table(
            "pg_tables", sa.column("tablename"), sa.column("schemaname"), schema="pg_catalog"
        )
        here = sa.select(tables.c.tablename).where(tables.c.schemaname == sa.func.current_schema())
        return (await connection.execute(here)).scalars().all()

    async def make_schema(self, connection: AsyncConnection) -> None:
        if self.schema is None:
            return
        schemas = sa.table("pg_namespace", sa.column("nspname"), schema="pg_catalog")
        # IF NOT EXISTS would need the right to make a schema even if this one exists.
        if not (
            await connection.execute(sa.select(schemas).where(schemas.c.nspname == self.schema))
        ).first():
            await connection.execute(sa.schema.CreateSchema(self.schema))

    @property
    def _search_path(self) -> str | None:
        """The schemas to search: only ours, or those in the ``options`` of the URL."""
        if self.schema is not None:
            return '"' + self.schema.replace('"', '""') + '"'
        return _split_options(self.url)[0]

    async def lock_feed(self, connection: AsyncConnection) -> None:
        # Numbers are given out before they are committed. Without this lock, a smaller number could
        # become visible after a larger one, and a reader that has passed the larger one would miss
        # it.
        lock = sa.func.pg_advisory_xact_lock(_FEED_LOCK)
        await connection.execute(sa.select(lock, sa.func.pg_notify(CHANNEL, "")))

    async def listen(self) -> Listener | None:
        # The listener gets its own connection. The connections of the store's pool must stay free
        # for transactions.
        return await open_listener(self.engine())

    async def lock_tables(self, connection: AsyncConnection) -> None:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TABLES_LOCK)))


def _split_options(url: sa.URL) -> tuple[str | None, str]:
    """Return the ``search_path`` in the options of a URL, and the other options.

    PostgreSQL takes options at the start of a session, and poolers refuse them. The path can also
    be set in each transaction.
    """
    given = url.query.get("options", "")
    rest = given if isinstance(given, str) else " ".join(given)
    path: str | None = None
    while (found := _SEARCH_PATH.search(rest)) is not None:
        path = re.sub(r"\\(.)", r"\1", found["path"])
        rest = rest[: found.start()] + rest[found.end() :]
    return path, rest.strip()
