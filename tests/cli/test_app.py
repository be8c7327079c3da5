"""Options, and what goes wrong with them."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from typing import TextIO

    from .conftest import Outcome

    Command = Callable[..., Outcome]

SANDBOX = ("--sandbox", "--sandbox-payments", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pay"], "No such command 'pay'. See: paysdk --help"),
        (["list"], "Missing argument 'NAME'. See: paysdk --help"),
        (["list", "campfire", "--api-key", "hidden"], "No such option: --api-key"),
        (["list", "campfire", "--limit", "0", *SANDBOX], "Invalid value for '--limit'"),
        (["list", "campfire", "--page-size", "many", *SANDBOX], "Invalid value for '--page-size'"),
        (
            ["list", "campfire", "--page-size", "0", *SANDBOX],
            "campfire: page_size must be a whole number from 1 to 10000, not 0.",
        ),
        (
            ["list", "campfire", "notify", "--page-size", "251", *SANDBOX],
            "notify: page_size must be a whole number from 1 to 250, not 251.",
        ),
        (["list", "campfire"], "There is no key for campfire: set PAYSDK_CAMPFIRE_API_KEY"),
        (
            ["list", "nowhere", *SANDBOX],
            "There is no provider 'nowhere'. Installed are: campfire, notify.",
        ),
        (
            ["list", "campfire", "--since", "yesterday", *SANDBOX],
            "--since takes a date or a time, such as 2026-01-31",
        ),
        (
            ["list", "campfire", "--until", "2026-01-31T08:00", *SANDBOX],
            "--until needs a zone with a time: 2026-01-31T08:00Z, for one",
        ),
        (
            ["list", "campfire", "--since", "2026-02-01", "--until", "2026-01-31", *SANDBOX],
            "campfire: modified_since",
        ),
        (
            ["list", "notify", "--since", "2026-01-31", *SANDBOX],
            "Notify cannot filter by modified_since.",
        ),
        (["list", "notify", "--not-voided", *SANDBOX], "Notify cannot filter by voided."),
        (["list", "campfire", "--resume", "nonsense", *SANDBOX], "campfire: This is no checkpoint"),
        (
            ["list", "campfire", "notify", "--resume", "any", *SANDBOX],
            "--resume is for one provider",
        ),
        (
            ["list", "campfire", "--currency", "EUR", *SANDBOX],
            "--currency is for providers that send none, unlike campfire.",
        ),
        (
            ["list", "notify", "--currency", " ", *SANDBOX],
            "notify: currency must be a text such as 'EUR'",
        ),
        (
            ["list", "campfire", "--key-file", "hidden"],
            "--key-file takes NAME=PATH, where NAME is a provider that is asked for: campfire.",
        ),
        (["list", "campfire", "--key-file", "notify=key"], "--key-file takes NAME=PATH"),
        (
            ["list", "campfire", "--key-file", "campfire=key", *SANDBOX],
            "--sandbox has keys of its own",
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
        (["invoice", "first", *SANDBOX], "Invalid value for 'ID'"),
        (["sandbox", "nowhere"], "There is no sandbox 'nowhere'"),
    ],
)
def test_bad_input_is_one_line(paysdk: Command, arguments: list[str], message: str) -> None:
    """Whatever is wrong with the input is said in one line, with exit code 2 and nothing on stdout."""
    outcome = paysdk(*arguments)

    assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert outcome.err.startswith(f"paysdk: {message}")
    assert "hidden" not in outcome.err


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_the_commands(paysdk: Command, arguments: list[str]) -> None:
    """Without a command, or asked for help, it says what there is."""
    outcome = paysdk(*arguments)

    assert (0, "") == (outcome.code, outcome.err)
    assert all(name in outcome.out for name in ("providers", "list", "invoice", "sandbox"))


def test_what_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk is one line and exit code 1."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.stdout, "flush", full)
    code = run(["providers"])
    monkeypatch.undo()

    assert (1, "paysdk: [Errno 28] No space left on device\n") == (code, capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--help"],
        *(
            [command, "--help"]
            for command in ("providers", "list", "sync", "reconcile", "invoice", "sandbox")
        ),
        ["providers"],
        ["list", "campfire", *SANDBOX],
        *(["list", "campfire", "--format", name, *SANDBOX] for name in ("csv", "jsonl")),
        ["list", "campfire", "--limit", "2000", *SANDBOX],
    ],
    ids=" ".join,
)
def test_a_reader_who_left_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Output into a pipe that nobody reads ends the command, and nothing is said."""
    with closed_pipe() as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code = run(arguments)

    assert (0, "") == (code, capsys.readouterr().err)


def test_a_message_that_nobody_reads_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """If stderr is a closed pipe, the exit code still tells what went wrong."""
    with closed_pipe() as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        code = run(["list", "nowhere"])

    assert 2 == code


@contextmanager
def closed_pipe() -> Generator[TextIO]:
    """A pipe whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        yield pipe


def test_times_with_a_zone_are_taken(paysdk: Command) -> None:
    """Both bounds may be moments: of three payments at 08:00:00 and the next 97 seconds later, the first three are listed."""
    bounds = ("--since", "2025-01-01T09:00+01:00", "--until", "2025-01-01T08:00:30Z")
    outcome = paysdk("list", "campfire", "--sandbox", "--sandbox-payments", "5", *bounds)

    assert (0, "campfire: 3 payments") == (outcome.code, outcome.out.splitlines()[-1])


def test_a_name_given_twice_is_listed_once(paysdk: Command) -> None:
    """Each provider is listed once, in the order of its first mention."""
    outcome = paysdk("list", "notify", "campfire", "notify", *SANDBOX)

    assert "notify: 1 payment, test key; campfire: 1 payment" == outcome.out.splitlines()[-1]


def test_a_key_may_come_from_a_file(
    paysdk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that an option names goes before the environment, and an error says which of them it was."""
    (tmp_path / "key").write_text("two words\n")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "sandbox-key")
    outcome = paysdk("list", "campfire", "--key-file", f"campfire={tmp_path / 'key'}")

    assert 2 == outcome.code
    assert outcome.err.startswith("paysdk: campfire (--key-file): api_key has a space")
