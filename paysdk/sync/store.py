"""The store: payments that can be read back, and the feed of what has happened to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from paysdk.errors import ConfigurationError
from paysdk.sync.changes import Change
from paysdk.sync.database import database_at
from paysdk.sync.errors import StoreError
from paysdk.sync.tables import CONTENT, MIGRATIONS, VERSION, metadata, payment_changes, payments, sync_schema
from paysdk.sync.writing import content_of, from_json

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator
    from types import TracebackType

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.payment import Payment
    from paysdk.sync.database import Database

__all__ = ["SQLPaymentStore", "database_of"]

# Rows that are held at a time while the tables are read.
_BATCH = 1000


class SQLPaymentStore:
    """Payments in an SQL database: *place* is the path of a file for SQLite, or a URL such as ``postgresql://user@host/name``.

    Use it in ``async with``: entering it makes the tables where there are none, in a new file or beside your own, and brings older ones up
    to date. Raises ``ConfigurationError`` for a place that cannot be one, and ``StoreError``, on entering it or later, where the database
    cannot be used. One object serves any number of tasks of one event loop.
    """

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self._database = database_at(place)

    def __repr__(self) -> str:
        # A constructor that fails leaves a half-made object in the frames of its error, which may be shown.
        database: Database | None = getattr(self, "_database", None)
        return f"{type(self).__name__}({'' if database is None else repr(database.name)})"

    async def __aenter__(self) -> Self:
        try:
            await self._database.written(self._up_to_date)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connections back. Doing it twice is fine; afterwards the object can be entered again."""
        await self._database.engine.dispose()

    async def payments(self, *, provider: str, account: str = "default") -> AsyncGenerator[Payment]:
        """The stored payments of an account, without those that have vanished, by invoice number and then id.

        Texts are ordered by code point, and payments without an invoice number come first. All are of one moment, and a thousand are held
        at a time; leaving early is best done with ``contextlib.aclosing``, for a connection is in use until then.
        """
        here = sa.and_(payments.c.provider == provider, payments.c.account == account, payments.c.vanished_at.is_(None))
        ordered = sa.select(*content_of).where(here).order_by(payments.c.invoice_number.nulls_first(), payments.c.id)
        read = self._database.backend.codec.payment
        async with self._database.transaction(writes=False) as connection:
            async with connection.stream(ordered, execution_options={"yield_per": _BATCH}) as rows:
                async for batch in rows.partitions():
                    for row in batch:
                        yield read(provider, row)

    async def changes(self, after: int = 0) -> AsyncGenerator[Change]:
        """What has happened to the payments of all accounts, from the entry behind number *after* to the latest there is.

        Keep the ``sequence`` of the last one that you have dealt with, and pass it the next time. No entry becomes visible behind your
        back: a smaller number is never committed after a larger one was read. ``before`` and ``after`` are exact for changed payments, and
        for one that was created the ``after`` is how it was first seen.
        """
        while True:
            async with self._database.transaction(writes=False) as connection:
                rows = (await connection.execute(_FEED, {"behind": after})).all()
            for row in rows:
                change = self._change(row)
                after = change.sequence
                yield change
            if len(rows) < _BATCH:
                return

    def _change(self, row: sa.Row[Any]) -> Change:
        codec = self._database.backend.codec
        sequence, kind, provider, account, payment_id, noticed_at, fields, before, then, known, *content = row
        states = [None if text is None else from_json()(text) for text in (before, then)]
        if kind in {"created", "vanished"}:
            state = codec.payment(provider, content) if known is None and content[0] is not None else known and from_json()(known)
            states = [None, state] if kind == "created" else [state, None]
        moment = codec.read_moment(noticed_at)
        if moment is None:
            raise StoreError(
                f"payment_changes of {self._database.name} was changed by another program: entry {sequence} has no noticed_at."
            )
        return Change(
            sequence=sequence,
            kind=kind,
            provider=provider,
            account=account,
            payment_id=payment_id,
            before=states[0],
            after=states[1],
            fields=tuple((fields or "").split()),
            noticed_at=moment,
        )

    async def _up_to_date(self, connection: AsyncConnection) -> None:
        await self._database.backend.take_turns_with_the_tables(connection)
        there = set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))
        if sync_schema.name not in there:
            await self._made(connection, there & metadata.tables.keys())
            return
        version = (await connection.execute(sa.select(sync_schema.c.version))).scalar_one_or_none()
        if version is None or version > VERSION:
            raise StoreError(
                f"The database {self._database.name} was written by a newer paysdk (its tables have version {version}, this one knows up "
                f"to {VERSION}). Nothing was changed: update paysdk."
            )
        for older in range(version, VERSION):
            for statement in MIGRATIONS[older][connection.dialect.name]:
                await connection.exec_driver_sql(statement)
            await connection.execute(sync_schema.update().values(version=older + 1))

    async def _made(self, connection: AsyncConnection, taken: set[str]) -> None:
        if taken:
            raise StoreError(
                f"The database {self._database.name} has a table {sorted(taken)[0]} that is not paysdk's. Nothing was changed: name another "
                "database, or a schema of its own (?options=-csearch_path%3Dpaysdk)."
            )
        await connection.run_sync(metadata.create_all)
        await connection.execute(sync_schema.insert().values(version=VERSION))


def database_of(store: SQLPaymentStore) -> Database:
    """The database beneath a store, for those who write to it. Raises ``ConfigurationError`` for what is no store."""
    given: object = store
    if not isinstance(given, SQLPaymentStore):
        raise ConfigurationError(f"The store must be an SQLPaymentStore, not {store!r}.")
    return given._database  # noqa: SLF001  # of this package


def _feed() -> sa.Select[Any]:
    change, later = payment_changes, payment_changes.alias("later")
    same = [later.c[name] == change.c[name] for name in ("provider", "account", "payment_id")]
    # How a payment was that is not kept beside its entry: as the next change found it, or, without one, as it is.
    found = (
        sa.select(later.c.before)
        .where(*same, later.c.sequence > change.c.sequence, later.c.before.is_not(None))
        .order_by(later.c.sequence)
        .limit(1)
        .scalar_subquery()
    )
    known = sa.case((change.c.kind.in_(["created", "vanished"]), found))
    mine = [payments.c.provider == change.c.provider, payments.c.account == change.c.account, payments.c.id == change.c.payment_id]
    columns = ("sequence", "kind", "provider", "account", "payment_id", "noticed_at", "fields", "before", "after")
    return (
        sa.select(*(change.c[name] for name in columns), known, *(payments.c[name] for name in CONTENT))
        .select_from(change.outerjoin(payments, sa.and_(*mine)))
        .where(change.c.sequence > sa.bindparam("behind"))
        .order_by(change.c.sequence)
        .limit(_BATCH)
    )


_FEED = _feed()
