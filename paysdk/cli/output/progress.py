"""Walking the listings of several providers, with a display of how far they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paysdk.cli.errors import as_paysdk_error
from paysdk.cli.output.terminal import console_on
from paysdk.errors import PaysdkError
from paysdk.events import RetryPlanned, Waiting
from paysdk.payment import Payment
from paysdk.provider import Listing, PaymentsProvider

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractContextManager

    from paysdk.events import Event
    from paysdk.provider import Page

__all__ = ["Walk", "display", "expected", "running", "show_waiting"]


@runtime_checkable
class _KnowsTestKeys(Protocol):
    @property
    def test_mode(self) -> bool | None: ...


@attrs.define(kw_only=True)
class Walk:
    """A pass over one provider's listing, up to ``limit``: what it gives goes to ``take``, and what ends it early is kept in ``error``."""

    provider: PaymentsProvider
    listing: Listing
    limit: int | None
    take: Callable[[Sequence[Payment]], object]
    given: int = 0
    error: PaysdkError | None = None
    _complete: bool = attrs.field(default=False, init=False)
    _key: str = attrs.field(default="", init=False)

    async def run(self, progress: Progress) -> None:
        """Walk, and show it."""
        bar = progress.add_task(self.provider.name, total=None, note="")
        async with aclosing(self._pages()) as pages:
            async for payments, total in pages:
                self.take(payments)
                progress.update(bar, completed=self.given, total=total, note="")

    async def _pages(self) -> AsyncGenerator[tuple[Sequence[Payment], int | None]]:
        """The payments of each page, and how many there will be.

        What the provider raises ends them, unlike what the caller does.
        """
        try:
            self._key = _kind_of_key(self.provider)
            cut = False
            # Left at the limit, it is closed with its provider.
            async for page in self.listing.pages():
                payments = (
                    page.payments
                    if self.limit is None
                    else page.payments[: self.limit - self.given]
                )
                self.given += len(payments)
                cut = len(payments) < len(page.payments)
                yield payments, expected(page, self.given, self.limit)
                if self.given == self.limit:
                    break
            self._complete = not cut and self.listing.report.complete
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            self.error = as_paysdk_error(self.provider.name, error)

    def __str__(self) -> str:
        how_far = "failed after " if self.error else "" if self._complete else "the first "
        return (
            f"{self.provider.name}: {how_far}{self.given:,} "
            f"payment{'' if self.given == 1 else 's'}{self._key}"
        )


def _kind_of_key(provider: PaymentsProvider) -> str:
    if not isinstance(provider, _KnowsTestKeys) or provider.test_mode is None:
        return ""
    return ", test key" if provider.test_mode else ", live key"


def expected(page: Page, given: int, limit: int | None) -> int | None:
    """How many payments there will be, as far as that can be known.

    A provider may report the number of all payments, or that of the page; what does not exceed what
    is there already cannot be all, unless this was the last page.
    """
    if page.checkpoint is None or given == limit:
        return given
    return min(
        (total for total in (page.reported_count, limit) if total is not None and total > given),
        default=None,
    )


def display(*, data_on_screen: bool) -> Progress:
    """What shows the progress on stderr: nothing unless that is a terminal, nor where the data themselves run over the screen."""
    hidden = not sys.stderr.isatty() or (data_on_screen and sys.stdout.isatty())
    return Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:>8,.0f} payments"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=console_on(sys.stderr),
        transient=True,
        disable=hidden,
        # What is written to stdout is for whoever reads it, and must not be led to stderr.
        redirect_stdout=False,
        redirect_stderr=False,
    )


def running(progress: Progress) -> AbstractContextManager[object]:
    """The display while it works.

    One that is disabled is left alone: starting it writes a line end in older versions of rich.
    """
    return nullcontext() if progress.disable else progress


def show_waiting(progress: Progress, event: Event) -> None:
    """Show that a provider's requests are held back, so that a display that stands still explains itself."""
    if isinstance(event, RetryPlanned | Waiting):
        for bar in progress.tasks:
            if bar.description == event.provider:
                progress.update(bar.id, note=f"waits {event.wait:.1f} s")
