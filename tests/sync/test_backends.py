"""The statements that each database has its own form of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from paysdk.sync.tables import held_names

if TYPE_CHECKING:
    from paysdk.sync import SQLPaymentStore

IDS = ["b", "ü", "a", 'quo"te', "", "b"]


@pytest.fixture
def ids() -> sa.BindParameter[str]:
    """The parameter that takes ids as a JSON array."""
    return sa.bindparam("ids", type_=sa.Text)


async def test_ids_become_rows_in_their_order(
    store: SQLPaymentStore, ids: sa.BindParameter[str]
) -> None:
    """An id that comes twice becomes two rows."""
    database = store._database
    async with database.transaction(writes=False) as connection:
        rows = await connection.execute(database.backend.ids_as_rows(ids), {"ids": json.dumps(IDS)})

        assert IDS == list(rows.scalars())


async def test_a_condition_finds_the_ids(
    store: SQLPaymentStore, ids: sa.BindParameter[str]
) -> None:
    """It does not find a text that only begins like an id."""
    backend = store._database.backend
    async with store._database.transaction(writes=True) as connection:
        for name in ("a", "ab", "ü", 'quo"te'):
            values: dict[str, object] = {"name": name, "holder": "ann", "leased_until": 0.0}
            await connection.execute(backend.add_if_new(held_names, values))
        found = await connection.execute(
            sa.select(held_names.c.name).where(backend.in_ids(held_names.c.name, ids)),
            {"ids": json.dumps(IDS)},
        )

        assert {"a", "ü", 'quo"te'} == set(found.scalars())


async def test_an_existing_row_is_left_alone(store: SQLPaymentStore) -> None:
    """The second insert with the same key does nothing."""
    backend = store._database.backend
    async with store._database.transaction(writes=True) as connection:
        for holder in ("ann", "bob"):
            values: dict[str, object] = {"name": "receipt-1", "holder": holder, "leased_until": 0.0}
            await connection.execute(backend.add_if_new(held_names, values))
        found = await connection.execute(sa.select(held_names.c.holder))

        assert ["ann"] == list(found.scalars())
