"""Tests of `python -m paysdk`."""

from __future__ import annotations

import runpy
import subprocess
import sys

import pytest

import paysdk
import paysdk.__main__


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


def test_importing_the_module_runs_nothing() -> None:
    """Tools that import every module do not run the command."""
    assert paysdk.__main__.__name__ == "paysdk.__main__"


def test_the_module_is_the_command_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in this process, so that its coverage is measured."""
    monkeypatch.setattr(sys, "argv", ["paysdk", "--version"])
    with pytest.raises(SystemExit) as raised:
        runpy.run_path(paysdk.__main__.__file__, run_name="__main__")

    assert (0, f"paysdk {paysdk.__version__}\n") == (raised.value.code, capsys.readouterr().out)
