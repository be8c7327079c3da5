"""Keeps OAuth2 tokens in the database of a store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import attrs
import sqlalchemy as sa

from paysdk.errors import ConfigurationError
from paysdk.oauth2.holders import note_holder, refuse_to_wait_for_itself
from paysdk.oauth2.tokens import Tokens
from paysdk.sync.database import Database
from paysdk.sync.errors import StoreError
from paysdk.sync.exclusive import StoredJournal, as_key
from paysdk.sync.store import SQLPaymentStore, get_database
from paysdk.sync.tables import stored_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SQLTokenStore"]


class SQLTokenStore:
    """Keeps the tokens of one authorization in the database of *store*.

    *name* tells this authorization from others in the same database. The lock is a lease. If its
    holder was killed, or has stalled for longer than the store's *lease*, another process can take
    the lock. The former holder can then no longer save. Anyone who can read the database can use
    the tokens. Use it while *store* is open.

    Raises ``ConfigurationError`` for an invalid *store* or *name*. Raises ``StoreError`` if the
    database cannot be used.
    """

    def __init__(self, store: SQLPaymentStore, name: str) -> None:
        given: object = name
        if not isinstance(given, str) or not given:
            raise ConfigurationError(
                f"The name of the tokens must be a non-empty string, not {name!r}."
            )
        self._database = get_database(store)
        self._store = store
        self._name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._store!r}, {self._name!r})"

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[_LockedRow]:
        """Hold the lock while the context lasts. Waits until it is free.

        Load and save with the object that this yields. Raises ``ConfigurationError`` if this task
        holds the lock already: ``save`` of the store takes it, too.
        """
        place = (self._database, self._name)
        refuse_to_wait_for_itself(place)
        async with self._store.exclusive(f"tokens of {self._name}") as journal:
            with note_holder(place):
                yield _LockedRow(self._database, self._name, cast("StoredJournal", journal))

    async def load(self) -> Tokens | None:
        """Return the stored tokens, or ``None`` if there are none."""
        return await _load(self._database, self._name)

    async def save(self, tokens: Tokens) -> None:
        """Replace the stored tokens, under the lock. They are on the disk when this returns.

        Inside ``lock``, call ``save`` of the object that ``lock`` yields instead.
        """
        async with self.lock() as locked:
            await locked.save(tokens)


@attrs.frozen
class _LockedRow:
    """The row of the tokens, while its lock is held."""

    _database: Database
    _name: str
    _journal: StoredJournal

    async def load(self) -> Tokens | None:
        return await _load(self._database, self._name)

    async def save(self, tokens: Tokens) -> None:
        async def write(connection: AsyncConnection) -> None:
            # This comes first, because it fails if another caller has the lock by now.
            await self._journal.renew(connection)
            await connection.execute(stored_tokens.delete().where(_row(self._name)))
            row = {"name": as_key(self._name), "content": tokens.to_json()}
            await connection.execute(stored_tokens.insert().values(row))

        await self._database.in_transaction(write, durable=True)


async def _load(database: Database, name: str) -> Tokens | None:
    async def read(connection: AsyncConnection) -> str | None:
        found = sa.select(stored_tokens.c.content).where(_row(name))
        return (await connection.execute(found)).scalar_one_or_none()

    content = await database.read(read)
    try:
        return None if content is None else Tokens.from_json(content)
    except ValueError as error:
        del content
        failure = StoreError(
            f"The tokens {name!r} in {database.name} cannot be read. {error} Authorise again and "
            "save new tokens."
        )
    raise failure


def _row(name: str) -> sa.ColumnElement[bool]:
    return stored_tokens.c.name == as_key(name)
