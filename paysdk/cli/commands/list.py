"""``paysdk list``: the payments of several providers."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import attrs
from rich.text import Text

from paysdk.cli.filters import convert_filters
from paysdk.cli.output.formats import csv_writer, jsonl_writer
from paysdk.cli.output.progress import make_progress, show_progress, show_wait
from paysdk.cli.output.tables import PaymentsTables, payments_table
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    make_console,
    print_lines,
    print_message,
    print_table,
    report_error,
    to_printable,
)
from paysdk.cli.providers import as_paysdk_error, open_providers
from paysdk.cli.signals import run_async
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.payment import Payment
from paysdk.provider import Listing, PaymentsProvider

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import TextIO

    from rich.progress import Progress

    from paysdk.cli.output.formats import CsvStyle
    from paysdk.cli.providers import ProviderSelection
    from paysdk.provider import Page

__all__ = ["ListOptions", "estimate_total", "list_payments"]

_MAX_ROWS_SHOWN = 20
# A table of more rows is printed in parts of this size, so that it is never in memory as a whole.
_ROWS_PER_PART = 1000
_ARE = ("are not payments", "is not a payment")


@attrs.frozen(kw_only=True)
class ListOptions:
    """The arguments of ``PaymentsProvider.list_payments``, and the most payments per provider.

    ``filters`` are filters of a provider's own, as texts.
    """

    modified_since: date | datetime | None
    modified_until: date | datetime | None
    voided: bool | None
    page_size: int | None
    resume: str | None
    limit: int | None
    filters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    concurrency: int | None = None


def list_payments(
    selection: ProviderSelection,
    options: ListOptions,
    output_format: Literal["table", "jsonl", "csv"],
    style: CsvStyle,
) -> int:
    """List and print the payments, and return the highest exit code of any provider."""
    failures: list[PaysdkError] = []
    if output_format == "table" and (options.limit or 0) <= _ROWS_PER_PART:
        work = _print_table(selection, options, failures)
    elif output_format == "table":
        work = _print_long_table(selection, options, failures)
    else:
        start = jsonl_writer if output_format == "jsonl" else partial(csv_writer, style=style)
        work = _write_pages(selection, options, start, failures)
    failures += [reader.error for reader in run_async(work) if reader.error is not None]
    return max([0, *map(report_error, failures)])


@runtime_checkable
class _KnowsTestKeys(Protocol):
    @property
    def test_mode(self) -> bool | None: ...


@attrs.define(kw_only=True)
class _ListingReader:
    """Reads one provider's listing up to ``limit``, and passes each page to ``write``.

    An error of the provider ends the listing and is stored in ``error``.
    """

    provider: PaymentsProvider
    listing: Listing
    limit: int | None
    write: Callable[[Sequence[Payment]], object]
    count: int = 0
    error: PaysdkError | None = None
    _complete: bool = attrs.field(default=False, init=False)
    _key: str = attrs.field(default="", init=False)

    async def run(self, progress: Progress) -> None:
        """Read to the end or to the limit, and show the progress."""
        bar = progress.add_task(self.provider.name, total=None, note="")
        async with aclosing(self._pages()) as pages:
            async for payments, total in pages:
                self.write(payments)
                progress.update(bar, completed=self.count, total=total, note="")

    async def _pages(self) -> AsyncGenerator[tuple[Sequence[Payment], int | None]]:
        """The payments of each page, and the estimated total.

        It stores an error of the provider in ``error``. It does not catch errors of ``write``.
        """
        try:
            self._key = _describe_key(self.provider)
            cut = False
            # A listing that is left at the limit is closed with its provider.
            async for page in self.listing.pages():
                payments = (
                    page.payments
                    if self.limit is None
                    else page.payments[: self.limit - self.count]
                )
                self.count += len(payments)
                cut = len(payments) < len(page.payments)
                yield payments, estimate_total(page, self.count, self.limit)
                if self.count == self.limit:
                    break
            self._complete = not cut and self.listing.report.complete
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            self.error = as_paysdk_error(self.provider.name, error)

    def __str__(self) -> str:
        prefix = "failed after " if self.error else "" if self._complete else "the first "
        left_out = self.listing.report.left_out
        others = f", {left_out:,} left out that {_ARE[left_out == 1]}" if left_out else ""
        return (
            f"{self.provider.name}: {prefix}{self.count:,} "
            f"payment{'' if self.count == 1 else 's'}{others}{self._key}"
        )


def _describe_key(provider: PaymentsProvider) -> str:
    if not isinstance(provider, _KnowsTestKeys) or provider.test_mode is None:
        return ""
    return ", test key" if provider.test_mode else ", live key"


def estimate_total(page: Page, count: int, limit: int | None) -> int | None:
    """The number of payments that the listing will have, if it can be known.

    Some providers report the number of all payments, others that of the page. A number that is not
    larger than *count* can be the total only on the last page.
    """
    if page.checkpoint is None or count == limit:
        return count
    return min(
        (total for total in (page.reported_count, limit) if total is not None and total > count),
        default=None,
    )


async def _write_pages(
    selection: ProviderSelection,
    options: ListOptions,
    start: Callable[[TextIO], Callable[[Sequence[Payment]], object]],
    failures: list[PaysdkError],
) -> list[_ListingReader]:
    """Write one provider after another, page by page, so that memory use stays flat."""
    readers = await _read_in_turn(
        selection, options, lambda: start(configure_utf8_stdout()), failures
    )
    sys.stdout.flush()
    if readers:
        print_message(_summarise(readers))
    return readers


async def _read_in_turn(
    selection: ProviderSelection,
    options: ListOptions,
    start: Callable[[], Callable[[Sequence[Payment]], object]],
    failures: list[PaysdkError],
) -> list[_ListingReader]:
    """Read one listing after another. *start* is called when all of them are open."""
    progress = make_progress(data_on_screen=True)
    async with open_providers(selection, failures, partial(show_wait, progress)) as providers:
        listings = _open_listings(providers, options, failures)
        write = start()
        readers = [_make_reader(*pair, options, write) for pair in listings]
        with show_progress(progress):
            for reader in readers:
                await reader.run(progress)
    return readers


async def _print_table(
    selection: ProviderSelection, options: ListOptions, failures: list[PaysdkError]
) -> list[_ListingReader]:
    """Read all listings at the same time, and keep only the rows that the table shows."""
    shown = options.limit or _MAX_ROWS_SHOWN
    progress = make_progress(data_on_screen=False)
    async with open_providers(selection, failures, partial(show_wait, progress)) as providers:
        listings = _open_listings(providers, options, failures)
        rows: list[list[Payment]] = [[] for _ in listings]
        readers = [
            _make_reader(*pair, options, partial(_keep, kept, shown))
            for pair, kept in zip(listings, rows, strict=True)
        ]
        with show_progress(progress):
            async with asyncio.TaskGroup() as tasks:
                for reader in readers:
                    tasks.create_task(reader.run(progress))
    payments = [payment for kept in rows for payment in kept]
    if payments:
        print_table(payments_table(payments, make_console(sys.stdout).width), "")
    if readers:
        print_table(Text(to_printable(_summarise(readers))))
    if sum(reader.count for reader in readers) > len(payments):
        print_table(
            Text(
                f"Only the first {shown} of each are shown. Use --limit N for more, or "
                "--format csv."
            )
        )
    return readers


async def _print_long_table(
    selection: ProviderSelection, options: ListOptions, failures: list[PaysdkError]
) -> list[_ListingReader]:
    """Print one provider after another, part by part, so that memory use stays flat."""
    tables = PaymentsTables(make_console(sys.stdout))
    waiting: list[Payment] = []

    def write(payments: Sequence[Payment]) -> None:
        waiting.extend(payments)
        while len(waiting) >= _ROWS_PER_PART:
            print_lines(tables.render_part(waiting[:_ROWS_PER_PART]))
            del waiting[:_ROWS_PER_PART]

    readers = await _read_in_turn(selection, options, lambda: write, failures)
    if waiting:
        print_lines(tables.render_part(waiting))
    if any(reader.count for reader in readers):
        print_table("")
    if readers:
        print_table(Text(to_printable(_summarise(readers))))
    return readers


def _open_listings(
    providers: list[PaymentsProvider], options: ListOptions, failures: list[PaysdkError]
) -> list[tuple[PaymentsProvider, Listing]]:
    listings: list[tuple[PaymentsProvider, Listing]] = []
    for provider in providers:
        try:
            listings.append((provider, _open_listing(provider, options)))
        except PaysdkError:
            raise
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            failures.append(as_paysdk_error(provider.name, error))
    return listings


def _open_listing(provider: PaymentsProvider, options: ListOptions) -> Listing:
    own = {"limit", "filters", "concurrency"}
    arguments = attrs.asdict(options, filter=lambda field, _: field.name not in own)
    try:
        filters = convert_filters(provider, options.filters)
        _check_not_given_twice(arguments, filters)
        # A filter of its own is not in the protocol, so the call cannot be typed.
        given: dict[str, Any] = {**arguments, **filters, **_read_ahead(provider, options)}
        return provider.list_payments(**given)
    except ConfigurationError as error:
        raise ConfigurationError(f"{provider.name}: {error}") from None


def _read_ahead(provider: PaymentsProvider, options: ListOptions) -> dict[str, object]:
    """The number of pages to request at a time, if this provider can."""
    can = "concurrency" in inspect.signature(provider.list_payments).parameters
    # A resumed listing has no windows to read side by side.
    if options.concurrency is None or not can or options.resume is not None:
        return {}
    return {"concurrency": options.concurrency}


def _check_not_given_twice(options: Mapping[str, object], filters: Mapping[str, object]) -> None:
    for name in filters:
        if options.get(name) is not None:
            raise ConfigurationError(f"{name} is given by --filter and by an option: use one.")


def _make_reader(
    provider: PaymentsProvider,
    listing: Listing,
    options: ListOptions,
    write: Callable[[Sequence[Payment]], object],
) -> _ListingReader:
    return _ListingReader(provider=provider, listing=listing, limit=options.limit, write=write)


def _keep(kept: list[Payment], most: int, payments: Sequence[Payment]) -> None:
    kept += payments[: most - len(kept)]


def _summarise(readers: list[_ListingReader]) -> str:
    return "; ".join(map(str, readers))
