"""Random histories of both systems, with faults, agents, people, late commits and several workers.

Whatever happens, no payment of the source is live twice, no order exceeds what is due, every
payment is booked or explained, the history leads to the state, and an undo leaves the books as if
paysdk had never booked.
"""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING

import pytest

from paysdk.booking import State
from tests.booking.histories import make_steps, run_histories
from tests.booking.processes import without_threads

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# The session `histories` runs more. It begins at a seed of its own, which it shows.
COUNT = int(os.environ.get("PAYSDK_HISTORIES", "50"))
FIRST = int(os.environ.get("PAYSDK_SEED", "0"))
# SQLite takes fewer processes, so most histories run there.
ON_POSTGRESQL = COUNT // 5


def test_histories_end_in_the_same_books_in_sqlite() -> None:
    """The error of a history that fails shows its seed and its steps."""

    def place(folder: Path) -> str:
        return f"sqlite:///{folder / 'payments.db'}?check_same_thread=false"

    with without_threads():
        seen = asyncio.run(run_histories(place, range(FIRST, FIRST + COUNT - ON_POSTGRESQL)))

    # They meet what they are for.
    assert {"dead", "stalled", "done", "over HTTP"} <= seen.keys()
    assert {State.BOOKED, State.DIVERGED, State.REFUSED, State.VOIDED} <= seen.keys()


def test_histories_end_in_the_same_books_in_postgresql(schema: str) -> None:
    """Here, the transactions of several workers overlap."""
    seeds = range(FIRST + COUNT - ON_POSTGRESQL, FIRST + COUNT)

    seen = asyncio.run(run_histories(lambda _: schema, seeds))

    assert {"dead", "done", State.BOOKED} <= seen.keys()


def test_a_seed_makes_the_same_steps() -> None:
    """So a history that fails can be run again."""
    seed = random.randrange(2**32)  # no secret

    assert make_steps(seed) == make_steps(seed)
    assert make_steps(1) != make_steps(2)
