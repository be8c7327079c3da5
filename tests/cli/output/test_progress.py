"""How far a walk is, and what of it is seen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paysdk import Checkpoint, Page
from paysdk.cli.output.progress import display, expected, running, show_waiting
from paysdk.events import PageRead, RetryPlanned, Waiting

if TYPE_CHECKING:
    from tests.cli.conftest import Stream

MORE = Checkpoint("acme", "", "there")


@pytest.mark.parametrize(
    ("reported", "checkpoint", "given", "limit", "total"),
    [
        (3000, MORE, 100, None, 3000),
        (50, MORE, 50, None, None),
        (None, MORE, 50, None, None),
        (3000, MORE, 100, 120, 120),
        (50, MORE, 50, 120, 120),
        (3000, MORE, 120, 120, 120),
        (3000, None, 2999, None, 2999),
    ],
)
def test_only_what_can_be_known_is_expected(
    reported: int | None,
    checkpoint: Checkpoint | None,
    given: int,
    limit: int | None,
    total: int | None,
) -> None:
    """A number that a page reports is believed only where it may be that of all payments."""
    assert total == expected(Page([], reported, checkpoint), given, limit)


@pytest.mark.parametrize(
    ("err", "out", "data_on_screen", "shown"),
    [
        (True, False, True, True),
        (True, True, False, True),
        (True, True, True, False),
        (False, True, False, False),
    ],
)
def test_progress_is_for_a_terminal_that_shows_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
    stream: type[Stream],
    *,
    err: bool,
    out: bool,
    data_on_screen: bool,
    shown: bool,
) -> None:
    """It is shown on stderr where that is a terminal, unless the data run over the same screen."""
    monkeypatch.setattr(sys, "stderr", stderr := stream(terminal=err))
    monkeypatch.setattr(sys, "stdout", stdout := stream(terminal=out))

    progress = display(data_on_screen=data_on_screen)
    with running(progress):
        progress.add_task("acme", note="")
        sys.stdout.write("data")

    assert shown == ("acme" in stderr.getvalue()) == bool(stderr.getvalue())
    assert "data" == stdout.getvalue()


def test_a_display_that_waits_says_so() -> None:
    """Whose requests are held back, and for how long, is seen beside their provider only."""
    progress = display(data_on_screen=False)
    acme, beta = (progress.add_task(name, note="") for name in ("acme", "beta"))

    show_waiting(progress, RetryPlanned("acme", "GET", "/", 1, "ServerError", 2.04))
    show_waiting(progress, PageRead("beta", 1, 50, None))
    assert ["waits 2.0 s", ""] == [progress.tasks[bar].fields["note"] for bar in (acme, beta)]

    show_waiting(progress, Waiting("beta", "GET", "/", 30))
    assert ["waits 2.0 s", "waits 30.0 s"] == [
        progress.tasks[bar].fields["note"] for bar in (acme, beta)
    ]
