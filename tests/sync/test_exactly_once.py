"""The example that processes each change exactly once."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk import Payment

    from .conftest import Shelf

    Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

pytestmark = pytest.mark.slow

LEDGER = Path(__file__).parents[2] / "docs" / "examples" / "exactly_once" / "ledger.py"


def entries(file: Path) -> list[int]:
    """Return the numbers of the changes that were processed, in their order."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as ledger:
            found = ledger.execute("SELECT sequence FROM entries ORDER BY rowid")
            return [sequence for (sequence,) in found]
    except sqlite3.OperationalError:  # not made yet
        return []


async def test_a_kill_loses_and_repeats_no_change(
    tmp_path: Path, shelf: Shelf, make: Callable[..., Payment], start: Start
) -> None:
    """However often it is killed, each change is in the ledger once, in the order of the feed."""
    place, ledger = tmp_path / "payments.db", tmp_path / "ledger.db"
    shelf.page_size = 100
    async with SQLPaymentStore(place) as store:
        # In the middle of its work, except the last time.
        for round_, enough in enumerate((15, 50, 110, 200)):
            shelf.payments = [make(number, round_) for number in range(20 * (round_ + 1))]
            await sync_payments(shelf, store)
            process = await start(sys.executable, str(LEDGER), str(place), str(ledger))
            async with asyncio.timeout(240):
                while len(entries(ledger)) < enough:  # another process's
                    assert process.returncode is None
                    await asyncio.sleep(0.01)
            process.kill()
            await process.wait()
        feed = [change.sequence async for change in store.changes()]

    assert 200 == len(feed)
    assert feed == entries(ledger)
