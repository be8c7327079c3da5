"""Workers that are killed at every statement, and workers that apply one run together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def run_script(place: str, what: str) -> dict[str, int]:
    """Run `killing.py`, and return what it tells."""
    command = [sys.executable, str(HERE / "killing.py"), place, what]
    told: dict[str, int] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return told


def test_a_kill_at_any_statement_of_apply_books_each_payment_once(place: str) -> None:
    """Only a worker that dies between writing down and sending leaves an unknown order."""
    told = run_script(place, "apply")

    assert told["points"] > 20
    assert {"booked": told["points"], "unknown": 1} == {
        name: count for name, count in told.items() if name != "points"
    }


def test_a_kill_at_any_statement_of_undo_voids_each_payment_once(place: str) -> None:
    """The next undo continues."""
    told = run_script(place, "undo")

    assert told["points"] > 10
    assert told["points"] + 1 == told["voided"]


def test_several_processes_apply_one_run(place: str) -> None:
    """Each payment is booked once."""
    assert {"payments": 8} == run_script(place, "together")
