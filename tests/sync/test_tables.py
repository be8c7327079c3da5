"""The tables, and what each version added."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from paysdk.orders import OpenOrder
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.tables import MIGRATIONS, VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]

BOOKING_TABLES = (
    "paysdk_booking_policies",
    "paysdk_booking_runs",
    "paysdk_bookings",
    "paysdk_booking_history",
)


async def test_an_older_database_is_brought_up_to_date(
    place: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of the migration runs once, in order."""
    async with SQLPaymentStore(place):
        pass
    steps = [
        ("ALTER TABLE payments ADD COLUMN first INTEGER",),
        ("ALTER TABLE payments ADD COLUMN second INTEGER",),
    ]
    monkeypatch.setattr("paysdk.sync.table_versions.VERSION", VERSION + 2)
    monkeypatch.setattr(
        "paysdk.sync.table_versions.MIGRATIONS",
        {
            VERSION + at: dict.fromkeys(("sqlite", "postgresql"), step)
            for at, step in enumerate(steps)
        },
    )
    for _ in range(2):
        async with SQLPaymentStore(place) as store:
            assert [(VERSION + 2,)] == list(await rows(store, "SELECT version FROM sync_schema"))
            assert [] == list(await rows(store, "SELECT first, second FROM payments"))


async def test_version_2_gets_the_columns_of_waiting_records(
    place: str, rows: Rows, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """The columns and indexes are then those of a new database, and the account continues."""

    async def described(store: SQLPaymentStore) -> dict[str, Any]:
        def describe(connection: sa.Connection) -> dict[str, Any]:
            found = sa.inspect(connection)
            return {
                name: (
                    {
                        column["name"]: (str(column["type"]), column["nullable"])
                        for column in found.get_columns(name)
                    },
                    sorted(
                        (index["name"] or "", tuple(index["column_names"]))
                        for index in found.get_indexes(name)
                    ),
                )
                for name in ("payments", "sync_state")
            }

        async with store._database.transaction(writes=False) as connection:
            return await connection.run_sync(describe)

    shelf.payments = [make(1, 1), make(2, 1, voided_date=date(2026, 1, 3))]
    async with SQLPaymentStore(place) as store:
        new = await described(store)
        await sync_payments(shelf, store)
        await rows(store, "ALTER TABLE payments DROP COLUMN voided", writes=True)
        for column in ("pass_since", "oldest_malformed", "waiting_since"):
            await rows(store, f"ALTER TABLE sync_state DROP COLUMN {column}", writes=True)
        for name in ("paysdk_tokens", *BOOKING_TABLES):
            await rows(store, f"DROP TABLE {name}", writes=True)
        await rows(store, "DROP INDEX payments_by_booking", writes=True)
        await rows(store, "UPDATE sync_schema SET version = 2", writes=True)
    async with SQLPaymentStore(place) as store:
        assert new == await described(store)
        assert [(0,), (1,)] == [
            tuple(map(int, row))
            for row in await rows(store, "SELECT voided FROM payments ORDER BY id")
        ]
        report = await sync_payments(shelf, store, full=True)
        assert ("full", 2, 0, 0) == (report.kind, report.unchanged, report.changed, report.voided)


@pytest.mark.parametrize(
    ("version", "names"), [(1, ("paysdk_held_names", "paysdk_open_orders")), (5, BOOKING_TABLES)]
)
async def test_an_older_version_gets_the_tables_of_a_new_database(
    place: str, rows: Rows, version: int, names: tuple[str, ...]
) -> None:
    """Version 1 has no tables of names, and version 5 has none of bookings."""
    columns = {"sqlite": "SELECT name, \"notnull\", pk FROM pragma_table_info('{}')"}
    postgresql = (
        "SELECT column_name, data_type, is_nullable, collation_name FROM information_schema.columns"
        " WHERE table_name = '{}' AND table_schema = current_schema() ORDER BY ordinal_position"
    )

    async def described(store: SQLPaymentStore) -> list[Any]:
        statement = columns.get(store._database.engine.dialect.name, postgresql)
        return [list(await rows(store, statement.format(name))) for name in names]

    async with SQLPaymentStore(place) as store:
        new = await described(store)
        for name in names:
            await rows(store, f"DROP TABLE {name}", writes=True)
        for statement in MIGRATIONS[version][store._database.engine.dialect.name]:
            await rows(store, statement, writes=True)
        assert new == await described(store)
        async with store.exclusive("receipt-1") as journal:
            await journal.record_sent(OpenOrder(id="1", sent_at=datetime.now(UTC), details="{}"))


async def test_the_view_of_the_guide_counts_what_counts(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, make: Make
) -> None:
    """It has neither voided nor vanished payments, and PostgreSQL adds months exactly."""
    guide = (Path(__file__).parents[2] / "docs/how-to/tables.md").read_text(encoding="utf-8")
    live, months = (
        re.findall(rf'{name} = """\n(.*?)"""', guide, re.DOTALL)[0] for name in ("LIVE", "MONTHS")
    )
    shelf.payments = [
        make(1, 1, amount=Decimal("0.1"), payment_date=date(2026, 1, 31)),
        make(2, 1, amount=Decimal("12345678901234567.89"), payment_date=date(2026, 1, 1)),
        make(3, 1, amount=Decimal(7), payment_date=date(2026, 2, 1)),
        make(4, 1, voided_date=date(2026, 1, 2)),
        make(5, 1),
    ]
    await sync_payments(shelf, store)
    shelf.payments.pop()
    await sync_payments(shelf, store, full=True)
    async with store._database.transaction(writes=True) as connection:
        await connection.exec_driver_sql(live)

    found = await rows(store, "SELECT id FROM payments_live ORDER BY id")
    assert [("1",), ("2",), ("3",)] == found
    if store._database.engine.dialect.name == "postgresql":
        assert [
            ("acme", "default", "EUR", date(2026, 1, 1), 2, Decimal("12345678901234567.99")),
            ("acme", "default", "EUR", date(2026, 2, 1), 1, Decimal(7)),
        ] == await rows(store, months)
    # The view is the user's, and a store with it can be opened and synced.
    await sync_payments(shelf, store)
