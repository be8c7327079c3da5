"""Errors of a command, and pipes that are closed."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import typer

from paysdk.cli.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TextIO

    from .conftest import Outcome

    Command = Callable[..., Outcome]

SANDBOX = ("--sandbox", "--sandbox-payments", "1")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "The output cannot be written: No space left on device. It is not complete.",
        ),
        (
            OSError(errno.EACCES, "Permission denied", "report.html"),
            "The file report.html cannot be used: Permission denied.",
        ),
        (OSError(errno.EMFILE, "Too many open files"), "The command failed: Too many open files."),
        (OSError(), "The command failed: OSError."),
    ],
)
def test_an_error_of_the_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    message: str,
) -> None:
    """The line names the file if the error does, and the exit code is 1."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(sys.stdout, "flush", fail)
    code = run(["providers"])
    monkeypatch.undo()

    assert (1, f"paysdk: {message}\n") == (code, capsys.readouterr().err)


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
def test_a_closed_pipe_is_not_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A closed pipe ends the command silently with exit code 0."""
    with closed_pipe() as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code = run(arguments)

    assert (0, "") == (code, capsys.readouterr().err)


def test_a_closed_pipe_for_messages_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If stderr is a closed pipe, the exit code is the same."""
    with closed_pipe() as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        code = run(["list", "nowhere"])

    assert 2 == code


@contextmanager
def closed_pipe() -> Generator[TextIO]:
    """A pipe that the reader closed."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        yield pipe


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "campfire", "--limit", "x"), "'--limit': it must be a whole number, not 'x'"),
        (("list", "campfire", "--limit", "0"), "'--limit': it must be 1 or more, not '0'"),
        (("list", "campfire", "--timeout", "y"), "'--timeout': it must be a number, not 'y'"),
        (("list", "campfire", "--format", "xml"), "'--format': 'xml' is not one of 'table', "),
        (("sandbox", "--port", "99999"), "'--port': it must be 65535 or less, not '99999'"),
        (("list", "campfire", "--limit", "9" * 5000), "'--limit': it has too many digits"),
        (("invoice", "x"), "'ID': it must be a whole number, not 'x'"),
    ],
)
def test_a_wrong_value_is_named_in_plain_words(
    paysdk: Command, arguments: tuple[str, ...], message: str
) -> None:
    """The line says what the value must be, and which help to read."""
    outcome = paysdk(*arguments)

    assert (2, "") == (outcome.code, outcome.out)
    assert outcome.err.startswith(f"paysdk: Invalid value for {message}")
    assert outcome.err.endswith(f". See: paysdk {arguments[0]} --help\n")


def test_another_fault_of_a_value_keeps_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that paysdk does not know is shown as it is."""
    error = typer.BadParameter("It is odd.")

    class UnknownError(Exception):
        def errors(self) -> list[dict[str, str]]:
            return [{"type": "odd", "input": "x"}]

    def fail(**_: object) -> None:
        raise error from UnknownError()

    monkeypatch.setattr("paysdk.cli.run.app", fail)
    assert 2 == run([])
