"""Process each change of a store exactly once: `ledger.py STORE LEDGER`."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

from paysdk.sync import SQLPaymentStore

if TYPE_CHECKING:
    from paysdk.sync import Change

TABLES = """
CREATE TABLE IF NOT EXISTS entries (sequence INTEGER, kind TEXT, payment_id TEXT);
CREATE TABLE IF NOT EXISTS position (sequence INTEGER);
INSERT INTO position SELECT 0 WHERE NOT EXISTS (SELECT * FROM position);
"""


def process(ledger: sqlite3.Connection, change: Change) -> None:
    """Write what follows from the change, and the position, in one transaction."""
    entry = (change.sequence, change.kind, change.payment_id)
    with ledger:
        ledger.execute("INSERT INTO entries VALUES (?, ?, ?)", entry)
        ledger.execute("UPDATE position SET sequence = ?", [change.sequence])


async def main(place: str, ledger_place: str) -> None:
    """Follow the store from the position that was written last."""
    with closing(sqlite3.connect(ledger_place)) as ledger:
        ledger.executescript(TABLES)
        (position,) = ledger.execute("SELECT sequence FROM position").fetchone()
        async with (
            SQLPaymentStore(place, create=False) as store,
            aclosing(store.follow(after=position)) as changes,
        ):
            async for change in changes:
                process(ledger, change)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
