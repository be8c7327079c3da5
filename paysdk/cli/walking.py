"""Walking the listings of several providers, with a display of how far they are."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paysdk.cli.screen import console_on
from paysdk.errors import PaysdkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from paysdk.payment import Payment
    from paysdk.provider import Listing, Page, PaymentsProvider

__all__ = ["Walk", "display", "expected", "side_by_side", "summary"]


@runtime_checkable
class _KnowsTestKeys(Protocol):
    @property
    def test_mode(self) -> bool | None: ...


@attrs.define(kw_only=True)
class Walk:
    """A pass over one provider's listing, as far as *limit*: what it gives goes to ``take``, and what ends it early is kept in ``error``."""

    provider: PaymentsProvider
    listing: Listing
    limit: int | None
    take: Callable[[Sequence[Payment]], object]
    given: int = 0
    error: PaysdkError | None = None

    async def run(self, progress: Progress) -> None:
        """Walk, and show it."""
        bar = progress.add_task(self.provider.name, total=None)
        try:
            # Left at the limit, it is closed with its provider.
            async for page in self.listing.pages():
                payments = page.payments if self.limit is None else page.payments[: self.limit - self.given]
                self.given += len(payments)
                self.take(payments)
                progress.update(bar, completed=self.given, total=expected(page, self.given, self.limit))
                if self.given == self.limit:
                    break
        except PaysdkError as error:
            self.error = error

    def __str__(self) -> str:
        ended = self.listing.report.complete or self.error
        payments = f"{'' if ended else 'first '}{self.given:,} payment{'' if self.given == 1 else 's'}"
        return f"{self.provider.name}: {payments}{' until it failed' if self.error else ''}{_kind_of_key(self.provider)}"


def _kind_of_key(provider: PaymentsProvider) -> str:
    if not isinstance(provider, _KnowsTestKeys) or provider.test_mode is None:
        return ""
    return ", test key" if provider.test_mode else ", live key"


def summary(walks: Iterable[Walk]) -> str:
    """How many payments each provider gave."""
    return "; ".join(map(str, walks))


def expected(page: Page, given: int, limit: int | None) -> int | None:
    """How many payments there will be, as far as that can be known.

    A provider may report the number of all payments, or that of the page; what does not exceed what is there already cannot be all, unless
    this was the last page.
    """
    if page.checkpoint is None:
        return given
    known = [number for number in (page.reported_count, limit) if number is not None and number >= given]
    reported = page.reported_count if page.reported_count is not None and page.reported_count > given else None
    return min(known) if reported is not None or limit is not None else None


def display(*, data_on_screen: bool) -> Progress:
    """What shows the progress on stderr: nothing unless that is a terminal, nor where the data themselves run over the screen."""
    hidden = not sys.stderr.isatty() or (data_on_screen and sys.stdout.isatty())
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/green]"),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} payments"),
        TimeElapsedColumn(),
        console=console_on(sys.stderr),
        transient=True,
        disable=hidden,
        # What is written to stdout is for whoever reads it, and must not be led to stderr.
        redirect_stdout=False,
        redirect_stderr=False,
    )


async def side_by_side(walks: Iterable[Walk], progress: Progress) -> None:
    """Walk all listings at the same time."""
    async with asyncio.TaskGroup() as tasks:
        for walk in walks:
            tasks.create_task(walk.run(progress))
