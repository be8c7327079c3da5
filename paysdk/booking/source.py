"""Read single payments from the store, as the last sync left them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from paysdk.errors import ConfigurationError
from paysdk.sync.store import StoredPayment, get_database
from paysdk.sync.tables import CONTENT, has_booking_name, payment_changes, payments, sync_state

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.sync.store import SQLPaymentStore

__all__ = [
    "check_synced",
    "find_new",
    "read_accounts",
    "read_feed_position",
    "read_named",
    "read_origin",
    "read_payments",
]

# The kinds of changes after which a payment is there that was not there before.
_APPEARED = frozenset({"created", "returned"})
# If one of these fields changes, the payment may be the counterpart of another payment.
_COMPARED = frozenset(
    {
        *("amount", "currency", "payment_date", "voided", "voided_date"),
        *("invoice.id", "invoice.number"),
    }
)


async def check_synced(store: SQLPaymentStore, provider: str, account: str) -> None:
    """Raise ``ConfigurationError`` unless the store has a complete copy of an account."""
    select = sa.select(sync_state.c.completed_at).where(
        sync_state.c.provider == provider, sync_state.c.account == account
    )

    async def work(connection: AsyncConnection) -> object:
        return (await connection.execute(select)).scalar_one_or_none()

    if await get_database(store).read(work) is None:
        raise ConfigurationError(
            f"The store has no complete copy of {provider}, account {account}. Sync it first: a "
            "payment that was not read would look as if it were missing."
        )


async def read_accounts(store: SQLPaymentStore, provider: str) -> frozenset[str]:
    """Return the accounts of a provider that were synced."""
    select = sa.select(sync_state.c.account).where(sync_state.c.provider == provider)

    async def work(connection: AsyncConnection) -> frozenset[str]:
        return frozenset((await connection.execute(select)).scalars())

    return await get_database(store).read(work)


async def read_origin(store: SQLPaymentStore, provider: str, account: str) -> str | None:
    """Return where an account was synced from, or ``None`` if that is not known."""
    select = sa.select(sync_state.c.origin).where(
        sync_state.c.provider == provider, sync_state.c.account == account
    )

    async def work(connection: AsyncConnection) -> str | None:
        return (await connection.execute(select)).scalar_one_or_none()

    return await get_database(store).read(work)


async def read_payments(
    store: SQLPaymentStore,
    provider: str,
    account: str,
    ids: Collection[str],
) -> list[StoredPayment]:
    """Return the stored payments with these ids."""
    return await _read(store, provider, account, payments.c.id, ids)


async def read_named(
    store: SQLPaymentStore, provider: str, account: str, external_ids: Collection[str]
) -> list[StoredPayment]:
    """Return the stored payments under these external ids of bookings."""
    return await _read(
        store, provider, account, payments.c.external_id, external_ids, has_booking_name
    )


async def _read(
    store: SQLPaymentStore,
    provider: str,
    account: str,
    column: sa.Column[str],
    values: Collection[str],
    *conditions: sa.ColumnElement[bool],
) -> list[StoredPayment]:
    if not values:
        return []
    database = get_database(store)
    codec = database.backend.codec
    ids = sa.bindparam("ids", json.dumps(sorted(values)), type_=sa.Text)
    select = sa.select(*(payments.c[name] for name in CONTENT), payments.c.vanished_at).where(
        payments.c.provider == provider,
        payments.c.account == account,
        database.backend.in_ids(column, ids),
        *conditions,
    )

    async def work(connection: AsyncConnection) -> list[StoredPayment]:
        return [
            StoredPayment(
                payment=codec.to_payment(provider, tuple(row)[:-1]),
                vanished_at=codec.read_moment(row[-1]),
            )
            for row in await connection.execute(select)
        ]

    return await database.read(work)


async def read_feed_position(store: SQLPaymentStore) -> int:
    """Return the number of the last change in the store's feed, or 0."""
    select = sa.select(sa.func.max(payment_changes.c.sequence))

    async def work(connection: AsyncConnection) -> int:
        return (await connection.execute(select)).scalar_one() or 0

    return await get_database(store).read(work)


async def find_new(
    store: SQLPaymentStore,
    provider: str,
    account: str,
    payment_ids: Collection[str],
    *,
    after: int,
) -> set[str]:
    """Return those of the payments that a plan cannot have compared.

    These are the payments that no sync has stored, those that appeared after the position *after*,
    and those in which a field that matching compares was changed after this position.
    """
    database = get_database(store)
    ids = sa.bindparam("ids", json.dumps(sorted(payment_ids)), type_=sa.Text)

    def of_account(table: sa.Table, column: str) -> list[sa.ColumnElement[bool]]:
        return [
            table.c.provider == provider,
            table.c.account == account,
            database.backend.in_ids(table.c[column], ids),
        ]

    stored = sa.select(payments.c.id).where(*of_account(payments, "id"))
    changes = sa.select(*(payment_changes.c[name] for name in ("payment_id", "kind", "fields")))
    changes = changes.where(
        payment_changes.c.sequence > after, *of_account(payment_changes, "payment_id")
    )

    async def work(connection: AsyncConnection) -> set[str]:
        known = set((await connection.execute(stored)).scalars())
        changed = {
            row.payment_id
            for row in await connection.execute(changes)
            if row.kind in _APPEARED or not _COMPARED.isdisjoint((row.fields or "").split())
        }
        return (set(payment_ids) - known) | changed

    return await database.read(work)
