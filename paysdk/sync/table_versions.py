"""The versions of a store's tables: make them, bring older ones up to date, or only check them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from paysdk.sync.errors import StoreError
from paysdk.sync.tables import MIGRATIONS, VERSION, metadata, sync_schema

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.sync.database import Database

__all__ = ["check_tables", "make_tables"]


async def make_tables(database: Database) -> None:
    """Make the tables that are missing, and bring older ones up to date, in one transaction."""
    if await _read_version(database) != VERSION:
        await database.in_transaction(partial(_migrate, database))
    await database.prepare()


async def check_tables(database: Database) -> None:
    """Raise ``StoreError`` unless the tables have the version of this paysdk."""
    version = await _read_version(database)
    if version is None:
        raise StoreError(
            f"The database {database.name} is not a paysdk store, because it has none of "
            "paysdk's tables. Nothing was changed."
        )
    if version != VERSION:
        raise StoreError(
            f"The database {database.name} was written by an older paysdk (its tables "
            f"have version {version}, and this one reads {VERSION}). Nothing was changed. A "
            "sync brings it up to date."
        )


async def _read_version(database: Database) -> int | None:
    async with database.transaction(writes=False) as connection:
        return await _find_version(database, connection)


async def _find_version(database: Database, connection: AsyncConnection) -> int | None:
    """Return the version of the tables, or ``None`` if there are none.

    Raises ``StoreError`` if they belong to another program or a newer paysdk.
    """
    names = await database.backend.table_names(connection)
    # SQLite ignores the case of a name.
    existing = (
        {name.lower(): name for name in names}
        if connection.dialect.name == "sqlite"
        else dict(zip(names, names, strict=True))
    )
    if sync_schema.name not in existing:
        if taken := existing.keys() & metadata.tables.keys():
            raise StoreError(
                f"The database {database.name} has a table {existing[min(taken)]} that "
                "is not paysdk's. Nothing was changed. Name another database, or give paysdk a "
                "schema of its own in PostgreSQL "
                '(schema="paysdk", or ?schema=paysdk in the URL).'
            )
        return None
    version: int | None = (
        await connection.execute(sa.select(sync_schema.c.version))
    ).scalar_one_or_none()
    if version is None or version < 1:
        raise StoreError(
            f"The version of the tables in the database {database.name} is unknown: "
            f"sync_schema has version {version} instead of a number from 1. Nothing was "
            "changed. Correct it, or sync to another database."
        )
    if version > VERSION:
        raise StoreError(
            f"The database {database.name} was written by a newer paysdk (its tables "
            f"have version {version}, and this one reads up to {VERSION}). Nothing was "
            "changed. Update paysdk."
        )
    return version


async def _migrate(database: Database, connection: AsyncConnection) -> None:
    await database.backend.lock_tables(connection)
    version = await _find_version(database, connection)
    if version is None:
        await database.backend.make_schema(connection)
        # The current schema has none of them, so no check is needed.
        await connection.run_sync(metadata.create_all, checkfirst=False)
        await connection.execute(sync_schema.insert().values(version=VERSION))
        return
    for older in range(version, VERSION):
        for statement in MIGRATIONS[older][connection.dialect.name]:
            await connection.exec_driver_sql(statement)
    await connection.execute(sync_schema.update().values(version=VERSION))
