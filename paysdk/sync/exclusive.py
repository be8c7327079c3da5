"""Names that one caller holds at a time, in every process that shares the database.

A lease holds a name, as it holds an account during a sync. The row of a name contains the token of
its holder. Each time that the name is taken, the token is a new one. The holder can write only
while its token is in the row, so a process that stalled past its lease cannot write over its
successor.

Each step is a short transaction. Nothing is kept on the server between two steps, so this works
behind a pooler.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
from contextlib import asynccontextmanager, suppress
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import attrs
import sqlalchemy as sa

from paysdk.errors import ConfigurationError
from paysdk.orders import OpenOrder
from paysdk.sync.database import Database
from paysdk.sync.errors import LeaseLostError, StoreError
from paysdk.sync.lease import has_died, make_holder
from paysdk.sync.tables import held_names, open_orders

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.sync.backends import Backend

__all__ = ["ExclusiveNames", "StoredJournal", "as_key"]

# How long a waiting caller sleeps before it looks again. Each sleep is 1.5 times as long as the one
# before.
_FIRST_WAIT_SECONDS, _MAX_WAIT_SECONDS = 0.01, 0.5
# An entry of PostgreSQL's indexes holds about 2,700 bytes. A longer name is replaced by its
# beginning and its hash.
_MAX_KEY_CHARS = 300


class ExclusiveNames:
    """The names in a database, each held for *seconds* after it was last renewed."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        # Tasks of this process wait for each other here, so only one of them asks the database.
        # A fork gets its own locks: nothing in it would release the locks of its parent.
        self._locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[StoredJournal]:
        """Wait until the name is free, hold it, and yield its journal."""
        given: object = name
        if not isinstance(given, str) or not given:
            raise ConfigurationError(
                f"The name for exclusive must be a non-empty string, not {name!r}."
            )
        self._database.check_process()
        key = as_key(name)
        lock = self._locks.setdefault((os.getpid(), key), asyncio.Lock())
        async with lock:
            journals: list[StoredJournal] = []
            try:
                await self._take(key, name, journals)
                yield journals[0]
            finally:
                # This also runs if the caller was cancelled while the name was being taken. A name
                # that cannot be released is free when its lease runs out, and the first error is
                # the one to raise.
                for journal in journals:
                    with suppress(StoreError):
                        await journal.release()

    async def _take(self, key: str, name: str, journals: list[StoredJournal]) -> None:
        def begin(holder: str | None) -> None:
            if holder is not None:
                journals.append(StoredJournal(self._database, name, key, holder, self._seconds))

        take = partial(_take, backend=self._database.backend, key=key, seconds=self._seconds)
        while True:
            await self._database.in_transaction(take, then=begin)
            if journals:
                return
            await self._wait(key)

    async def _wait(self, key: str) -> None:
        """Wait until the name seems to be free.

        This only reads, because a waiting caller must not keep the holder from writing.
        """
        is_free = partial(_is_free, backend=self._database.backend, key=key)
        seconds = _FIRST_WAIT_SECONDS
        while not await self._database.read(is_free):
            await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311  # no secret
            seconds = min(1.5 * seconds, _MAX_WAIT_SECONDS)


@attrs.define(eq=False)
class StoredJournal:
    """The open orders of a held name, as an ``OrderJournal``."""

    _database: Database
    _name: str
    _key: str
    _holder: str
    _seconds: float
    _renewing: asyncio.Task[None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._renewing = asyncio.create_task(self._keep_renewing())

    async def read_open(self) -> Sequence[OpenOrder]:
        """Return the orders under this name whose outcome is not known, oldest first."""
        return await self._database.read(self._read_open)

    async def record_sent(self, order: OpenOrder) -> None:
        """Record *order*, in place of an entry with its id. It is durable when this returns.

        Raises ``LeaseLostError`` if this process no longer holds the name, and ``StoreError`` if
        the database cannot be used. After either, send nothing.
        """
        await self._database.in_transaction(partial(self._record_sent, order), durable=True)

    async def record_settled(self, order_id: str) -> None:
        """Remove an order whose outcome is known. This also works after the lease was lost."""
        settled = open_orders.delete().where(self._order(order_id))

        async def settle(connection: AsyncConnection) -> None:
            await connection.execute(settled)

        await self._database.in_transaction(settle)

    async def release(self) -> None:
        """Release the name, unless another caller has taken it."""
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        held = held_names.delete().where(self._held)

        async def delete(connection: AsyncConnection) -> None:
            await connection.execute(held)

        await self._database.in_transaction(delete)

    @property
    def _held(self) -> sa.ColumnElement[bool]:
        return sa.and_(held_names.c.name == self._key, held_names.c.holder == self._holder)

    def _order(self, order_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(open_orders.c.name == self._key, open_orders.c.order_id == as_key(order_id))

    async def _keep_renewing(self) -> None:
        """Renew the lease until the name is released, or another caller has taken it."""
        with suppress(LeaseLostError):
            while True:
                await asyncio.sleep(self._seconds / 3)
                # The next attempt may reach the database again. If none does, the lease ends.
                with suppress(StoreError):
                    await self._database.in_transaction(self.renew)

    async def renew(self, connection: AsyncConnection) -> None:
        """Renew the lease in a transaction. Raises ``LeaseLostError`` if another has the name."""
        until = self._database.backend.now() + self._seconds
        renewed = held_names.update().where(self._held).values(leased_until=until)
        if (await connection.execute(renewed)).rowcount != 1:
            raise LeaseLostError(
                f"Another process holds {self._name!r} now, because this one stalled for longer "
                f"than its lease of {self._seconds:g} seconds. Send nothing under this name, and "
                "call again."
            )

    async def _record_sent(self, order: OpenOrder, connection: AsyncConnection) -> None:
        # This comes first. It fails if another caller has the name, and keeps others from taking
        # it until the transaction ends.
        await self.renew(connection)
        await connection.execute(open_orders.delete().where(self._order(order.id)))
        row = {
            "name": self._key,
            "order_id": as_key(order.id),
            "sent_at": self._database.backend.codec.encode(order.sent_at),
            "drafted": order.drafted,
            "content": json.dumps({"id": order.id, "details": order.details}),
        }
        await connection.execute(open_orders.insert().values(row))

    async def _read_open(self, connection: AsyncConnection) -> tuple[OpenOrder, ...]:
        columns = (open_orders.c.sent_at, open_orders.c.drafted, open_orders.c.content)
        found = sa.select(*columns).where(open_orders.c.name == self._key)
        ordered = found.order_by(open_orders.c.sent_at, open_orders.c.order_id)
        read_moment = self._database.backend.codec.read_required_moment
        return tuple(
            OpenOrder(
                sent_at=read_moment(sent_at).astimezone(UTC),
                drafted=bool(drafted),
                **json.loads(content),
            )
            for sent_at, drafted, content in await connection.execute(ordered)
        )


async def _is_free(connection: AsyncConnection, backend: Backend, key: str) -> bool:
    """Whether the name seems to be free.

    It is if it has no holder, if the lease has run out, or if the holder has died.
    """
    rest = (held_names.c.leased_until - backend.now()).label("rest")
    select = sa.select(held_names.c.holder, rest).where(held_names.c.name == key)
    found = (await connection.execute(select)).one_or_none()
    return found is None or found.rest <= 0 or has_died(found.holder)


async def _take(
    connection: AsyncConnection, backend: Backend, key: str, seconds: float
) -> str | None:
    """Take the name and return the new holder's token, or ``None`` if another caller was faster."""
    holder, until = make_holder(), backend.now() + seconds
    added = backend.add_if_new(held_names, {"name": key, "holder": holder, "leased_until": until})
    if (
        await connection.execute(added, execution_options={"preserve_rowcount": True})
    ).rowcount == 1:
        return holder
    here = held_names.c.name == key
    known = (
        await connection.execute(sa.select(held_names.c.holder).where(here))
    ).scalar_one_or_none()
    # The update compares the row again, because its holder may have renewed the lease meanwhile.
    unchanged = held_names.c.holder == known
    if not has_died(known):
        unchanged = sa.and_(unchanged, held_names.c.leased_until <= backend.now())
    taken = held_names.update().where(here, unchanged).values(holder=holder, leased_until=until)
    return holder if (await connection.execute(taken)).rowcount == 1 else None


def as_key(text: str) -> str:
    """Return *text* in ASCII and short enough for an index, for a database of any encoding."""
    escaped = json.dumps(text)[1:-1]
    if len(escaped) <= _MAX_KEY_CHARS:
        return escaped
    digest = hashlib.sha256(escaped.encode()).hexdigest()
    return f"{escaped[:_MAX_KEY_CHARS]}#{digest}"
