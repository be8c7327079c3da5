"""Output to the terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from rich.text import Text

from paysdk import Checkpoint, NotFoundError, UnsupportedFilterError
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    print_message,
    print_table,
    report_error,
    to_one_line,
    to_printable,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Stream


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"),
    [(True, False, True), (True, True, False), (False, False, False)],
    ids=["terminal", "NO_COLOR", "pipe"],
)
def test_colour_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch,
    stream: type[Stream],
    *,
    terminal: bool,
    no_color: bool,
    coloured: bool,
) -> None:
    """A pipe gets plain text, and so does a terminal with NO_COLOR."""
    monkeypatch.setattr(sys, "stdout", out := stream(terminal=terminal))
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")

    print_table(Text("voided", style="red"))

    assert "voided" in out.getvalue()
    assert coloured == ("\x1b" in out.getvalue())


def test_a_character_that_the_encoding_lacks_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that lacks a character shows a question mark; a program gets UTF-8."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)

    print_table(Text("Müller"))
    configure_utf8_stdout().write("Müller\n")
    stream.flush()

    assert "M?ller\nMüller\n".encode() == stream.buffer.getvalue()


def test_messages_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A message loses its line ends and escape sequences."""
    print_message("two\r\n  lines\x1b[2J")

    assert "paysdk: two lines\ufffd[2J\n" == capsys.readouterr().err
    assert "two lines" == to_one_line(" two\nlines ")
    assert ("", "7", "ok") == (to_printable(None), to_printable(7), to_printable("ok"))


def test_an_error_says_how_to_continue(capsys: pytest.CaptureFixture[str]) -> None:
    """An error with a checkpoint ends with the command that continues."""
    error = NotFoundError("404 Not found.")
    error.checkpoint = Checkpoint("acme", "", "there")

    assert 1 == report_error(error)
    assert (
        f"paysdk: 404 Not found. To continue: paysdk list acme --resume {error.checkpoint}\n"
        == capsys.readouterr().err
    )


def test_wrong_input_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """An unsupported filter is wrong input, with exit code 2."""
    assert 2 == report_error(UnsupportedFilterError("No such filter."))
    assert "paysdk: No such filter.\n" == capsys.readouterr().err
