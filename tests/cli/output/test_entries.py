"""Entries with sentences below them."""

from __future__ import annotations

from paysdk.cli.output.entries import Entry, render_entries

HEADERS = ["Id", "Name", "Client"]
ENTRIES = [
    Entry(["1", "short", "Ann"], ["A sentence that is longer than the terminal is wide."]),
    Entry(["22", None, "B\x1b"]),
]


def render(width: int) -> list[str]:
    """The lines in a terminal of this width."""
    return [line.rstrip() for line in render_entries(HEADERS, ENTRIES, width, needed=2)]


def test_sentences_are_wrapped_below_their_entry() -> None:
    """Control characters are replaced."""
    assert [
        "Id  Name   Client",
        "─────────────────",
        "1   short  Ann",
        "    A sentence that is",
        "    longer than the",
        "    terminal is wide.",
        "22         B\ufffd",
    ] == render(24)


def test_columns_that_do_not_fit_are_left_out() -> None:
    """Those that are needed are always shown whole."""
    assert ["Id  Name", "─────────", "1   short"] == render(12)[:3]


def test_a_narrow_terminal_gets_two_lines_for_a_row() -> None:
    """No id, date or amount is broken in the middle."""
    assert ["Id", "Name", "─────", "1", "short"] == render(7)[:5]
