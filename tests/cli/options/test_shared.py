"""Options that several commands share."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.options.shared import complete_provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]
    Refusal = Callable[..., str]

SANDBOX = ("--sandbox", "--sandbox-payments", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["list", "campfire", "--currency", "EUR", *SANDBOX],
            "--currency is for providers that send no currency. campfire sends one: leave it out.",
        ),
        (
            ["list", "notify", "--currency", " ", *SANDBOX],
            "--currency takes a code of ISO 4217, such as EUR, not ' '.",
        ),
        (
            ["list", "notify", "--currency", "EURO", "--key-file", "notify=none"],
            "--currency takes a code of ISO 4217, such as EUR, not 'EURO'.",
        ),
        (
            ["list", "campfire", "--key-file", "hidden"],
            "--key-file takes NAME=PATH. NAME must be a provider of this command: campfire.",
        ),
        (["list", "campfire", "--key-file", "notify=key"], "--key-file takes NAME=PATH"),
        (
            ["list", "campfire", "--key-file", "campfire=key", *SANDBOX],
            "--sandbox needs no key: leave --key-file out.",
        ),
        (
            ["list", "campfire", "--bom", *SANDBOX],
            "--bom is for CSV: add --format csv, or leave it out.",
        ),
        (
            ["list", "campfire", "--raw-text", "--format", "jsonl", *SANDBOX],
            "--raw-text is for CSV",
        ),
        (["reconcile", "campfire", "notify", "--from", "none.db", "--bom"], "--bom is for CSV"),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)


def test_a_repeated_name_is_listed_once(paysdk: Command) -> None:
    """A repeated name is listed once, in the order of the first mention."""
    outcome = paysdk("list", "notify", "campfire", "notify", *SANDBOX)

    assert "notify: 1 payment, test key; campfire: 1 payment" == outcome.out.splitlines()[-1]


def test_a_key_may_come_from_a_file(
    paysdk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--key-file`` overrides the environment, and an error names it."""
    (tmp_path / "key").write_text("two words\n")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "sandbox-key")
    outcome = paysdk("list", "campfire", "--key-file", f"campfire={tmp_path / 'key'}")

    assert 2 == outcome.code
    assert outcome.err.startswith("paysdk: campfire (--key-file): the key contains a space")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("paysdk rec", ["reconcile"]),
        ("paysdk list cam", ["campfire"]),
        ("paysdk list campfire --format js", ["jsonl"]),
        ("paysdk reconcile campfire not", ["notify"]),
        ("paysdk invoice 1 --provider cam", ["campfire"]),
        ("paysdk doctor not", ["notify"]),
        ("paysdk sandbox not", ["notify"]),
        ("paysdk book plan not", ["notify"]),
    ],
)
def test_the_shell_completes_commands_providers_and_values(words: str, offered: list[str]) -> None:
    """The shell asks in this way for what a word can become."""
    asked = {
        "_PAYSDK_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from paysdk.cli import main; sys.exit(main())"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )

    assert offered == done.stdout.split()


def test_providers_complete_a_name() -> None:
    """The shell offers the installed providers that begin like the word."""
    assert ["campfire"] == complete_provider("cam")
    assert [] == complete_provider("campfires")
