"""Read stored payments, and the feed of their changes."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import attrs

from paysdk.arguments import check_int, check_not_blank, check_seconds
from paysdk.errors import ConfigurationError
from paysdk.paid import PaidRange, check_paid_range
from paysdk.payment import Payment
from paysdk.sync.errors import StoreError
from paysdk.sync.exclusive import ExclusiveNames
from paysdk.sync.feed import BATCH_ROWS, FEED, MAX_SEQUENCE, read_change
from paysdk.sync.follower import FeedFollower
from paysdk.sync.location import check_exists, find_database
from paysdk.sync.reader import PaymentReader
from paysdk.sync.table_versions import check_tables, make_tables
from paysdk.sync.tables import payments

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import date
    from types import TracebackType

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.orders import OrderJournal
    from paysdk.sync.changes import Change
    from paysdk.sync.database import Database

__all__ = ["SQLPaymentStore", "StoredPayment", "get_database"]


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
    the store in ``async with``. Entering it makes missing tables, in a new file or next to your own
    tables, and brings older tables up to date. With ``create=False`` it makes and changes nothing,
    and fails if there are no tables. In PostgreSQL the tables are in *schema*, which is made if it
    is missing, or else in the first schema of the user's search path. Any number of tasks of one
    event loop can share one object. If the holder of a name from ``exclusive`` has not renewed it
    for *lease* seconds, for example because its process stalled, others can take the name.

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
        self._readers: WeakSet[PaymentReader] = WeakSet()
        self._followers: WeakSet[FeedFollower] = WeakSet()

    def __repr__(self) -> str:
        # A constructor that fails leaves an incomplete object in the frames of its error, and a
        # tool may show those.
        database: Database | None = getattr(self, "_database", None)
        return f"{type(self).__name__}({'' if database is None else repr(database.name)})"

    async def __aenter__(self) -> Self:
        self._database.enter()
        self._names = ExclusiveNames(self._database, self._lease)
        try:
            if not self._create:
                check_exists(self._database)
            await self._database.probe()
            await (make_tables if self._create else check_tables)(self._database)
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

        You may call this twice, and enter the store again. After this, an iterator over payments
        raises ``StoreError`` when it needs to read more. An iterator over changes raises it if it
        is waiting.
        """
        self._entered = False
        # A reader that waits for a batch will get it. Any other reader may never come back. In a
        # fork, no reader continues.
        while not self._database.is_forked and any(  # noqa: ASYNC110  # no event exists
            reader.is_waiting for reader in self._readers
        ):
            await asyncio.sleep(0.001)
        for reader in self._readers:
            reader.close()
        if not self._database.is_forked:
            for follower in list(self._followers):
                await follower.aclose()
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

        Raises ``ConfigurationError`` for an invalid name, and ``StoreError`` if the store was not
        entered or its database cannot be used.
        """
        if not self._entered:
            raise StoreError(
                f"The store {self._database.name} is not open, so it cannot hold a name, and "
                "nothing was sent. Use the provider inside "
                "`async with SQLPaymentStore(...) as store:`."
            )
        return self._names.hold(name)

    def payments(
        self,
        *,
        provider: str,
        account: str = "default",
        paid_since: date | None = None,
        paid_until: date | None = None,
    ) -> AsyncGenerator[Payment]:
        """Yield the stored payments of an account, ordered by invoice number and then id.

        With *paid_since* or *paid_until*, only payments with a ``payment_date`` from the one day to
        the other are yielded, both days included. A payment without a date is then left out.
        Vanished payments are left out. Texts are ordered by code point, and payments without an
        invoice number come first. The order is read first. Then a few thousand payments are read at
        a time, each time in a transaction of its own. So you may take your time over each payment,
        or stop early. If the store is closed before the end, this raises ``StoreError``.

        Payments that a sync writes meanwhile may or may not be included. No payment comes twice. A
        payment that stays in the store comes as it was at some moment of the reading. Only a
        payment that moves to another invoice meanwhile may be missed.

        Raises ``ConfigurationError`` at the call if a bound is not a date.
        """
        paid = check_paid_range(paid_since, paid_until)
        return self._iterate_payments(provider, account, *self._paid_within(paid))

    def stored(
        self,
        *,
        provider: str,
        account: str = "default",
        paid_since: date | None = None,
        paid_until: date | None = None,
    ) -> AsyncGenerator[StoredPayment]:
        """Yield all payments of an account that were ever stored, also vanished ones.

        Otherwise this is like ``payments``.
        """
        paid = check_paid_range(paid_since, paid_until)
        return self._iterate_stored(provider, account, *self._paid_within(paid))

    async def changes(self, after: int = 0) -> AsyncGenerator[Change]:
        """Yield the changes of all accounts, from the first one after number *after*.

        Keep the ``sequence`` of the last change that you have processed, and pass it the next time.
        You miss no entry: a smaller number never becomes visible after a larger one. ``before`` and
        ``after`` are exact for changed payments. For a created payment, ``after`` is the payment as
        it was first seen.

        Raises ``ConfigurationError`` for an *after* that is not the number of a change.
        """
        check_int("after", after, 0, MAX_SEQUENCE)
        while True:
            rows = await self._database.read(partial(_read_feed, after=after))
            for row in rows:
                change = read_change(self._database.backend.codec, row)
                after = change.sequence
                yield change
            if len(rows) < BATCH_ROWS:
                return

    def follow(
        self,
        after: int = 0,
        *,
        provider: str | None = None,
        account: str | None = None,
        every: float = 5.0,
    ) -> AsyncGenerator[Change]:
        """Yield the changes after number *after*, and then each further one as it comes.

        It is like ``changes``, and never ends. With *provider* or *account*, it yields only their
        changes. It looks for changes every *every* seconds. PostgreSQL also tells it at once when a
        sync has committed some, over a connection that this iterator keeps. Behind a pooler,
        PostgreSQL cannot tell it.

        If you write your result and the ``sequence`` in one transaction, you process each change
        exactly once. If the store is closed, or its database cannot be used, this raises
        ``StoreError``. Then follow again, after the number of your last change.

        Raises ``ConfigurationError`` for a wrong argument.
        """
        check_int("after", after, 0, MAX_SEQUENCE)
        check_seconds("every", every)
        for name, value in (("provider", provider), ("account", account)):
            if value is not None:
                check_not_blank(name, value)
        follower = FeedFollower(self._database, after, provider, account, every)
        self._followers.add(follower)
        return follower.changes()

    async def _iterate_payments(
        self, provider: str, account: str, *which: sa.ColumnElement[bool]
    ) -> AsyncGenerator[Payment]:
        to_payment = self._database.backend.codec.to_payment
        reader = self._make_reader(provider, account, payments.c.vanished_at.is_(None), *which)
        while rows := await reader.next_batch():
            for row in rows:
                yield to_payment(provider, row[:-1])

    async def _iterate_stored(
        self, provider: str, account: str, *which: sa.ColumnElement[bool]
    ) -> AsyncGenerator[StoredPayment]:
        codec = self._database.backend.codec
        reader = self._make_reader(provider, account, *which)
        while rows := await reader.next_batch():
            for row in rows:
                yield StoredPayment(
                    payment=codec.to_payment(provider, row[:-1]),
                    vanished_at=codec.read_moment(row[-1]),
                )

    def _paid_within(self, paid: PaidRange) -> Iterator[sa.ColumnElement[bool]]:
        # In SQLite the dates are texts. Their order is the order of the days.
        encode = self._database.backend.codec.encode
        if paid.since is not None:
            yield payments.c.payment_date >= encode(paid.since)
        if paid.until is not None:
            yield payments.c.payment_date <= encode(paid.until)

    def _make_reader(
        self, provider: str, account: str, *which: sa.ColumnElement[bool]
    ) -> PaymentReader:
        reader = PaymentReader(self._database, provider, account, *which)
        self._readers.add(reader)
        return reader


async def _read_feed(connection: AsyncConnection, after: int) -> Sequence[Any]:
    rows: Sequence[Any] = (await connection.execute(FEED, {"after_sequence": after})).all()
    return rows


def get_database(store: SQLPaymentStore) -> Database:
    """Return the database of a store, for code that writes to it.

    Raises ``ConfigurationError`` if *store* is not a store.
    """
    given: object = store
    if not isinstance(given, SQLPaymentStore):
        raise ConfigurationError(f"The store must be an SQLPaymentStore, not {store!r}.")
    return given._database  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # of this module
