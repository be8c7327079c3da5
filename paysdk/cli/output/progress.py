"""The display on stderr that shows how far each provider is."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paysdk.cli.output.terminal import make_console
from paysdk.events import RetryPlanned, Waiting

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from paysdk.events import Event

__all__ = ["make_progress", "show_progress", "show_wait"]


def make_progress(*, data_on_screen: bool) -> Progress:
    """A display on stderr.

    It is disabled if stderr is not a terminal, or if the data itself is printed on the same screen.
    """
    hidden = not sys.stderr.isatty() or (data_on_screen and sys.stdout.isatty())
    return Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:>8,.0f} payments"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=make_console(sys.stderr),
        transient=True,
        disable=hidden,
        # The data on stdout must not be redirected to stderr.
        redirect_stdout=False,
        redirect_stderr=False,
    )


def show_progress(progress: Progress) -> AbstractContextManager[object]:
    """Show the display until the context ends.

    A disabled display is not started: older versions of rich would write a line end.
    """
    return nullcontext() if progress.disable else progress


def show_wait(progress: Progress, event: Event) -> None:
    """Show how long a provider waits before its next request, so that the display explains it."""
    if isinstance(event, RetryPlanned | Waiting):
        for bar in progress.tasks:
            if bar.description == event.provider:
                progress.update(bar.id, note=f"waits {event.wait:.1f} s")
