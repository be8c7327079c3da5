"""What a store needs from a database, and what differs between the two databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.sql.compiler import Compiled

    from paysdk.sync.rows import Codec

__all__ = [
    "DURABLE",
    "LOCK_TIMEOUT",
    "NEW_IDS",
    "WRITES",
    "Backend",
    "Listener",
    "Rows",
    "encode_ids",
    "get_driver_connection",
]

# Seconds. A transaction gives up after waiting this long for another program's transaction on the
# same rows or the same file.
LOCK_TIMEOUT = 10
# The execution option that says whether a transaction is going to write.
WRITES = "paysdk_writes"
# The execution option that says whether a transaction must survive a power failure once it is
# committed.
DURABLE = "paysdk_durable"

# The parameter of a statement that takes many ids, as ``encode_ids`` returns them.
NEW_IDS = sa.bindparam("new_ids", type_=sa.Text)

Rows: TypeAlias = "Sequence[Sequence[Any]]"


class Listener(Protocol):
    """Waits for the database to tell of changes."""

    async def wait(self, seconds: float) -> None:
        """Wait until there may be a change, or for *seconds*."""
        ...

    async def aclose(self) -> None:
        """End it."""
        ...


class Backend(Protocol):
    """The parts that differ between the databases."""

    @property
    def codec(self) -> Codec:
        """The conversion between payments and rows."""
        ...

    @property
    def persistent_pragma(self) -> str | None:
        """A setting that is made once and that the database then keeps."""
        ...

    def engine(self) -> AsyncEngine:
        """Make an engine that sets up each of its connections."""
        ...

    def probe(self, engine: AsyncEngine) -> None:
        """Find any error that shows before connecting, and raise it as the driver raises it."""
        ...

    def now(self) -> sa.ColumnElement[float]:
        """The clock for leases, in seconds since 1970."""
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
        """An insert that does nothing if the row already exists."""
        ...

    async def insert(
        self, connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Rows
    ) -> None:
        """Insert many rows, as fast as the database can."""
        ...

    async def fetch(
        self, connection: AsyncConnection, select: Compiled, values: Mapping[str, object]
    ) -> Rows:
        """Return all rows of a statement, as the driver returns them."""
        ...

    def batches(
        self, connection: AsyncConnection, select: Compiled, size: int
    ) -> AsyncGenerator[Rows]:
        """Yield the rows of a statement, *size* at a time, and hold no others in memory."""
        ...

    async def begin(self, connection: AsyncConnection, *, durable: bool) -> None:
        """Begin a transaction on a connection that has the execution options for it."""
        ...

    async def table_names(self, connection: AsyncConnection) -> Sequence[str]:
        """Return the names of the tables in the database."""
        ...

    async def make_schema(self, connection: AsyncConnection) -> None:
        """Make the schema for the tables if it is missing."""
        ...

    async def lock_feed(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction is numbering changes.

        So changes become visible in the order of their numbers. The commit of the transaction
        notifies listeners.
        """
        ...

    async def listen(self) -> Listener | None:
        """Return a listener with its own connection, or ``None`` if there can be none."""
        ...

    async def lock_tables(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction is making tables."""
        ...


async def get_driver_connection(connection: AsyncConnection) -> Any:  # noqa: ANN401  # the driver's
    """Return the driver's own connection, which is faster for many rows than SQLAlchemy."""
    return (await connection.get_raw_connection()).driver_connection


def encode_ids(ids: Sequence[str]) -> str:
    """Return the *ids* as the JSON array that ``in_ids`` and ``ids_as_rows`` take."""
    return msgspec.json.encode(ids).decode()
