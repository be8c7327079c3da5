"""The display on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.output.progress import make_progress, show_progress, show_wait
from paysdk.events import PageRead, RetryPlanned, Waiting

if TYPE_CHECKING:
    from tests.cli.conftest import Stream


@pytest.mark.parametrize(
    ("err", "out", "data_on_screen", "shown"),
    [
        (True, False, True, True),
        (True, True, False, True),
        (True, True, True, False),
        (False, True, False, False),
    ],
)
def test_progress_shows_on_a_terminal_without_data(
    monkeypatch: pytest.MonkeyPatch,
    stream: type[Stream],
    *,
    err: bool,
    out: bool,
    data_on_screen: bool,
    shown: bool,
) -> None:
    """Progress shows if stderr is a terminal and the data is not on the same screen."""
    monkeypatch.setattr(sys, "stderr", stderr := stream(terminal=err))
    monkeypatch.setattr(sys, "stdout", stdout := stream(terminal=out))

    progress = make_progress(data_on_screen=data_on_screen)
    with show_progress(progress):
        progress.add_task("acme", note="")
        sys.stdout.write("data")

    assert shown == ("acme" in stderr.getvalue()) == bool(stderr.getvalue())
    assert "data" == stdout.getvalue()


def test_a_wait_shows_beside_its_provider() -> None:
    """A wait is shown beside its provider only."""
    progress = make_progress(data_on_screen=False)
    acme, beta = (progress.add_task(name, note="") for name in ("acme", "beta"))

    show_wait(progress, RetryPlanned("acme", "GET", "/", 1, "ServerError", 2.04))
    show_wait(progress, PageRead("beta", 1, 50, None))
    assert ["waits 2.0 s", ""] == [progress.tasks[bar].fields["note"] for bar in (acme, beta)]

    show_wait(progress, Waiting("beta", "GET", "/", 30))
    assert ["waits 2.0 s", "waits 30.0 s"] == [
        progress.tasks[bar].fields["note"] for bar in (acme, beta)
    ]
