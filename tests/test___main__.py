"""Tests of `python -m paysdk`."""

from __future__ import annotations

import subprocess
import sys


def test_the_module_is_the_command() -> None:
    """`python -m paysdk` runs the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "paysdk", "list", "nowhere"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("paysdk: ")
