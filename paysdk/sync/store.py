"""The store: read payments back, and read the feed of their changes."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakSet
from zlib import compress, decompress

import attrs
import msgspec
import sqlalchemy as sa

from paysdk.arguments import check_seconds
from paysdk.errors import ConfigurationError
from paysdk.payment import Payment
from paysdk.sync.errors import StoreError
from paysdk.sync.exclusive import ExclusiveNames
from paysdk.sync.feed import BATCH_ROWS, FEED, read_change
from paysdk.sync.location import find_database
from paysdk.sync.tables import (
    CONTENT,
    MIGRATIONS,
    VERSION,
    content_columns,
    metadata,
    payments,
    sync_schema,
)

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.compiler import Compiled

    from paysdk.orders import OrderJournal
    from paysdk.sync.changes import Change
    from paysdk.sync.database import Database

__all__ = ["SQLPaymentStore", "StoredPayment", "get_database"]

T = TypeVar("T")

# Thousands of payments that a reader holds at a time.
_MAX_THOUSANDS = 4
_ID, _NUMBER = CONTENT.index("id"), CONTENT.index("invoice_number")


@attrs.frozen(kw_only=True)
class StoredPayment:
    """A stored payment.

    ``vanished_at`` is when a full pass first missed it, by the clock of the process that synced.
    """

    payment: Payment
    vanished_at: datetime | None


class SQLPaymentStore:
    """Payments in an SQL database.

    *place* is the path of a file for SQLite, or a URL such as ``postgresql://user@host/name``. Use
    the store in ``async with``. Entering it makes missing tables, in a new file or beside your own,
    and brings older tables up to date. With ``create=False`` it makes and changes nothing, and
    fails if there are no tables. In PostgreSQL the tables are in *schema*, which is made if it is
    missing, or else in the first schema of the user's search path. Any number of tasks of one event
    loop can share one object. If the holder of a name from ``exclusive`` has not renewed it for
    *lease* seconds, for example because its process stalled, others can take the name.

    Raises ``ConfigurationError`` for an invalid place. Raises ``StoreError``, on entering or later,
    if the database cannot be used.
    """

    def __init__(
        self,
        place: str | os.PathLike[str],
        *,
        create: bool = True,
        schema: str | None = None,
        lease: float = 30.0,
    ) -> None:
        self._create = create
        self._entered = False
        self._database = find_database(place, create=create, schema=schema)
        self._lease = check_seconds("lease", lease)
        self._names = ExclusiveNames(self._database, self._lease)
        self._closings = 0
        self._readers: WeakSet[_Reader] = WeakSet()

    def __repr__(self) -> str:
        # A constructor that fails leaves an incomplete object in the frames of its error, and a
        # tool may show those.
        database: Database | None = getattr(self, "_database", None)
        return f"{type(self).__name__}({'' if database is None else repr(database.name)})"

    async def __aenter__(self) -> Self:
        self._database.enter()
        self._names = ExclusiveNames(self._database, self._lease)
        try:
            await self._database.probe()
            await (self._make() if self._create else self._check())
        except BaseException:
            await self.aclose()
            raise
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections when running transactions have ended.

        You may call this twice, and enter the store again. An iterator over payments that is not at
        its end raises ``StoreError`` when it needs to read more.
        """
        self._entered = False
        # A reader that waits for a batch will get it. A reader that does something else may never
        # come back. In a fork, no reader continues.
        while not self._database.is_forked and any(  # noqa: ASYNC110  # nothing announces it
            reading.is_waiting for reading in self._readers
        ):
            await asyncio.sleep(0.001)
        self._closings += 1
        await self._database.aclose()

    def exclusive(self, name: str) -> AbstractAsyncContextManager[OrderJournal]:
        """Hold *name* while the context lasts, among all processes that share this database.

        Pass it to a provider as ``exclusive=store.exclusive``. Entering waits until the name is
        free: its holder has left, or has died on this machine, or has not renewed its lease for as
        long as the store's *lease* says. No connection and no transaction is in use while the name
        is held, so any number of tasks may hold any number of names.

        It yields the journal of the orders that were sent under the name and are still open.
        ``record_sent`` raises ``LeaseLostError`` if another has taken the name meanwhile, and the
        order is on disk when it returns. The journal outlives every holder.

        Raises ``ConfigurationError`` for what is no name, and ``StoreError`` if the store was not
        entered or its database cannot be used.
        """
        if not self._entered:
            raise StoreError(
                f"The store {self._database.name} is not open, so it cannot hold a name, and "
                "nothing was sent. Use the provider inside "
                "`async with SQLPaymentStore(...) as store:`."
            )
        return self._names.hold(name)

    def payments(self, *, provider: str, account: str = "default") -> AsyncGenerator[Payment]:
        """Yield the stored payments of an account, ordered by invoice number and then id.

        Vanished payments are left out. Texts are ordered by code point, and payments without an
        invoice number come first. The order is read first. Then a few thousand payments are read at
        a time, each time in a transaction of its own. So you may take your time over each payment,
        or stop early. If the store is closed before the end, this raises ``StoreError``.

        Payments that a sync writes meanwhile may or may not be included. No payment comes twice. A
        payment that stays in the store comes as it was at some moment of the reading. Only a
        payment that moves to another invoice meanwhile may be missed.
        """
        return self._payments(provider, account)

    def stored(self, *, provider: str, account: str = "default") -> AsyncGenerator[StoredPayment]:
        """Yield all payments of an account that were ever stored, also vanished ones.

        Otherwise this is like ``payments``.
        """
        return self._stored(provider, account)

    async def changes(self, after: int = 0) -> AsyncGenerator[Change]:
        """Yield the changes of all accounts, from the first one after number *after*.

        Keep the ``sequence`` of the last change that you have processed, and pass it the next time.
        You miss no entry: a smaller number never becomes visible after a larger one. ``before`` and
        ``after`` are exact for changed payments. The ``after`` of a created payment is how it was
        first seen.
        """
        while True:
            async with self._database.transaction(writes=False) as connection:
                rows = (await connection.execute(FEED, {"behind": after})).all()
            for row in rows:
                change = read_change(self._database.backend.codec, row)
                after = change.sequence
                yield change
            if len(rows) < BATCH_ROWS:
                return

    async def _payments(self, provider: str, account: str) -> AsyncGenerator[Payment]:
        read, reading = (
            self._database.backend.codec.to_payment,
            _Reader(self, provider, account, payments.c.vanished_at.is_(None)),
        )
        while rows := await reading.next_batch():
            for row in rows:
                yield read(provider, row[:-1])

    async def _stored(self, provider: str, account: str) -> AsyncGenerator[StoredPayment]:
        codec, reading = self._database.backend.codec, _Reader(self, provider, account)
        while rows := await reading.next_batch():
            for row in rows:
                yield StoredPayment(
                    payment=codec.to_payment(provider, row[:-1]),
                    vanished_at=codec.read_moment(row[-1]),
                )

    async def _make(self) -> None:
        if await self._known_version() != VERSION:
            await self._database.in_transaction(self._migrate)
        await self._database.prepare()

    async def _check(self) -> None:
        version = await self._known_version()
        if version is None:
            raise StoreError(
                f"The database {self._database.name} is no paysdk store, for it has no tables of "
                "paysdk's. Nothing was changed."
            )
        if version != VERSION:
            raise StoreError(
                f"The database {self._database.name} was written by an older paysdk (its tables "
                f"have version {version}, this one reads "
                f"{VERSION}). Nothing was changed: a sync brings it up to date."
            )

    async def _known_version(self) -> int | None:
        async with self._database.transaction(writes=False) as connection:
            return await self._version(connection)

    async def _version(self, connection: AsyncConnection) -> int | None:
        """The version of the tables, or ``None`` if there are none.

        Raises ``StoreError`` if they belong to another program or a newer paysdk.
        """
        names = await self._database.backend.table_names(connection)
        # To SQLite a name is the same in capitals.
        there = (
            {name.lower(): name for name in names}
            if connection.dialect.name == "sqlite"
            else dict(zip(names, names, strict=True))
        )
        if sync_schema.name not in there:
            if taken := there.keys() & metadata.tables.keys():
                raise StoreError(
                    f"The database {self._database.name} has a table {there[min(taken)]} that is "
                    "not paysdk's. Nothing was changed: name "
                    "another database, or in PostgreSQL give paysdk a schema of its own "
                    '(schema="paysdk", or ?schema=paysdk in the URL).'
                )
            return None
        version: int | None = (
            await connection.execute(sa.select(sync_schema.c.version))
        ).scalar_one_or_none()
        if version is None or version < 1:
            raise StoreError(
                f"The database {self._database.name} does not tell which version its tables "
                f"have: sync_schema has version {version}, where "
                "a number from 1 has to be. Nothing was changed: put it right, or sync to "
                "another database."
            )
        if version > VERSION:
            raise StoreError(
                f"The database {self._database.name} was written by a newer paysdk (its tables "
                f"have version {version}, this one knows up "
                f"to {VERSION}). Nothing was changed: update paysdk."
            )
        return version

    async def _migrate(self, connection: AsyncConnection) -> None:
        await self._database.backend.lock_tables(connection)
        version = await self._version(connection)
        if version is None:
            await self._database.backend.make_schema(connection)
            # There is none of them yet, in the one schema that counts.
            await connection.run_sync(metadata.create_all, checkfirst=False)
            await connection.execute(sync_schema.insert().values(version=VERSION))
            return
        for older in range(version, VERSION):
            for statement in MIGRATIONS[older][connection.dialect.name]:
                await connection.exec_driver_sql(statement)
        await connection.execute(sync_schema.update().values(version=VERSION))


class _Reader:
    """Read an account's payments in order, one batch and one transaction at a time.

    The first transaction reads all ids in order. Each later one reads the payments of some of these
    ids. The first batches are small, for a caller that stops early. Between two transactions only
    the ids that are left are kept, a few compressed bytes each. So a caller may take its time. An
    index of the order would cost each sync a third of its speed. *which* filters the payments.
    """

    def __init__(
        self,
        store: SQLPaymentStore,
        provider: str,
        account: str,
        *which: sa.ColumnElement[bool],
    ) -> None:
        self.is_waiting = False
        self._store = store
        store._readers.add(self)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # of this module
        self._database = store._database  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # likewise
        self._closings = store._closings  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # likewise
        self._what = f"account {account!r} of {provider}"
        here = (payments.c.provider == provider, payments.c.account == account, *which)
        order = payments.c.invoice_number.nulls_first(), payments.c.id
        self._ids = self._compile(
            sa.select(payments.c.id, payments.c.invoice_number).where(*here).order_by(*order)
        )
        in_batch = self._database.backend.in_ids(payments.c.id, sa.bindparam("ids", type_=sa.Text))
        rows = sa.select(*content_columns, payments.c.vanished_at).where(*here, in_batch)
        self._rows = self._compile(rows)
        # Ids and invoice numbers, each thousand as compressed JSON.
        self._left: deque[bytes] | None = None
        self._thousands = 1

    async def next_batch(self) -> Sequence[Any]:
        """The next rows; none at the end."""
        self.is_waiting = True
        try:
            if self._left is None:
                self._left = await self._read(self._read_ids)
            rows: Sequence[Any] = ()
            while self._left and not rows:
                rows = await self._read(
                    partial(self._read_rows, list(islice(self._left, self._thousands)))
                )
                for _ in range(min(self._thousands, len(self._left))):
                    self._left.popleft()
                self._thousands = min(self._thousands * 2, _MAX_THOUSANDS)
            return rows
        finally:
            self.is_waiting = False

    def _compile(self, select: sa.ClauseElement) -> Compiled:
        return select.compile(dialect=self._database.engine.dialect)

    async def _read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        if self._closings != self._store._closings:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # of this module
            raise StoreError(
                f"The database {self._database.name} was closed before all payments of "
                f"{self._what} had been read. "
                "Close the store when its readers have come to their end."
            )
        return await self._database.read(work)

    async def _read_ids(self, connection: AsyncConnection) -> deque[bytes]:
        left: deque[bytes] = deque()
        batches = self._database.backend.batches(connection, self._ids, BATCH_ROWS)
        async with aclosing(batches):
            async for pairs in batches:
                left.append(compress(msgspec.json.encode([*zip(*pairs, strict=True)]), 1))
        return left

    async def _read_rows(self, batches: list[bytes], connection: AsyncConnection) -> Sequence[Any]:
        numbers: dict[str, str | None] = {}
        for batch in batches:
            numbers.update(zip(*msgspec.json.decode(decompress(batch)), strict=True))
        values = {"ids": msgspec.json.encode([*numbers]).decode()}
        rows = await self._database.backend.fetch(connection, self._rows, values)
        found = {row[_ID]: row for row in rows}
        # What has moved to another invoice meanwhile has no place in this order.
        return [
            found[payment_id]
            for payment_id, number in numbers.items()
            if payment_id in found and found[payment_id][_NUMBER] == number
        ]


def get_database(store: SQLPaymentStore) -> Database:
    """The database beneath a store, for those who write to it.

    Raises ``ConfigurationError`` for what is no store.
    """
    given: object = store
    if not isinstance(given, SQLPaymentStore):
        raise ConfigurationError(f"The store must be an SQLPaymentStore, not {store!r}.")
    return given._database  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # of this module
