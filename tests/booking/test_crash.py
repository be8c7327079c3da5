"""Workers that are killed while they book, and workers that apply one run together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
# The session `crash` kills at every statement.
KILLS = os.environ.get("PAYSDK_BOOKING_KILLS", "3")


@pytest.fixture(params=["books", "campfire"])
def target(request: pytest.FixtureRequest) -> str:
    """What `killing.py` books in."""
    return str(request.param)


def run_script(place: str, what: str, target: str) -> dict[str, int]:
    """Run `killing.py`, and return what it tells."""
    command = [sys.executable, str(HERE / "killing.py"), place, what, target, KILLS]
    told: dict[str, int] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return told


def test_a_kill_at_any_statement_of_apply_books_each_payment_once(place: str, target: str) -> None:
    """Only a worker that dies between writing down and sending leaves an unknown order."""
    told = run_script(place, "apply", target)

    points, killed = told.pop("points"), told.pop("killed")
    unknown = told.pop("unknown", 0)
    assert points > 20
    assert {"booked": killed + 1 - unknown} == told
    # Campfire's own journal is written in between, too.
    assert unknown <= 1 if target == "books" else unknown <= killed / 2


def test_a_kill_at_any_statement_of_undo_voids_each_payment_once(place: str, target: str) -> None:
    """The next undo continues, unless the worker had written down a void in Campfire's journal."""
    told = run_script(place, "undo", target)

    points, killed = told.pop("points"), told.pop("killed")
    open_voids = told.pop("void_requested", 0)
    assert points > 10
    assert {"voided": killed + 1 - open_voids} == told
    assert open_voids == 0 if target == "books" else open_voids <= killed / 2


def test_several_processes_apply_one_run_and_one_is_killed(place: str, target: str) -> None:
    """Each payment is booked once, and at most the dead one's last order is unknown."""
    told = run_script(place, "together", target)

    assert told in ({"booked": 8}, {"booked": 7, "unknown": 1})
