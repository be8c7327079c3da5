"""``paysdk list``: the payments of several providers."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.cli.commands.reading import (
    ListingReader,
    ListOptions,
    open_listings,
    read_in_turn,
    summarise,
)
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
from paysdk.cli.providers import open_providers
from paysdk.cli.signals import run_async

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from paysdk.cli.output.formats import CsvStyle
    from paysdk.cli.providers import ProviderSelection
    from paysdk.errors import PaysdkError
    from paysdk.payment import Payment

__all__ = ["list_payments"]

_MAX_ROWS_SHOWN = 20
# A table of more rows is printed in parts of this size, so that it is never in memory as a whole.
_ROWS_PER_PART = 1000


def list_payments(
    selection: ProviderSelection,
    options: ListOptions,
    output_format: Literal["table", "jsonl", "csv"],
    style: CsvStyle,
    numbers: NumberStyle = ENGLISH,
) -> int:
    """List and print the payments, and return the highest exit code of any provider."""
    failures: list[PaysdkError] = []
    if output_format == "table" and (options.last or options.limit or 0) <= _ROWS_PER_PART:
        work = _print_table(selection, options, failures, numbers)
    elif output_format == "table":
        work = _print_long_table(selection, options, failures, numbers)
    else:
        start = jsonl_writer if output_format == "jsonl" else partial(csv_writer, style=style)
        work = _write_pages(selection, options, start, failures)
    failures += [reader.error for reader in run_async(work) if reader.error is not None]
    return max([0, *map(report_error, failures)])


async def _write_pages(
    selection: ProviderSelection,
    options: ListOptions,
    start: Callable[[TextIO], Callable[[Sequence[Payment]], object]],
    failures: list[PaysdkError],
) -> list[ListingReader]:
    """Write one provider after another, page by page, so that memory use stays flat."""
    readers = await read_in_turn(
        selection, options, lambda: start(configure_utf8_stdout()), failures
    )
    sys.stdout.flush()
    if readers:
        print_message(summarise(readers))
    return readers


async def _print_table(
    selection: ProviderSelection,
    options: ListOptions,
    failures: list[PaysdkError],
    numbers: NumberStyle,
) -> list[ListingReader]:
    """Read all listings at the same time, and keep only the rows that the table shows."""
    shown = options.last or options.limit or _MAX_ROWS_SHOWN
    progress = make_progress(data_on_screen=False)
    async with open_providers(selection, failures, partial(show_wait, progress)) as providers:
        listings = open_listings(providers, options, failures)
        rows: list[list[Payment]] = [[] for _ in listings]
        readers = [
            ListingReader(*pair, options, kept.extend, shown)
            for pair, kept in zip(listings, rows, strict=True)
        ]
        with show_progress(progress):
            async with asyncio.TaskGroup() as tasks:
                for reader in readers:
                    tasks.create_task(reader.run(progress))
    payments = [payment for kept in rows for payment in kept]
    if payments:
        print_table(payments_table(payments, make_console(sys.stdout).width, numbers), "")
    if readers:
        print_table(Text(to_printable(summarise(readers))))
    if options.last is None and sum(reader.count for reader in readers) > len(payments):
        print_table(
            Text(
                f"Only the first {shown} of each are shown. Use --limit N for more, or "
                "--format csv."
            )
        )
    return readers


async def _print_long_table(
    selection: ProviderSelection,
    options: ListOptions,
    failures: list[PaysdkError],
    numbers: NumberStyle,
) -> list[ListingReader]:
    """Print one provider after another, part by part, so that memory use stays flat."""
    tables = PaymentsTables(make_console(sys.stdout), numbers)
    waiting: list[Payment] = []

    def write(payments: Sequence[Payment]) -> None:
        waiting.extend(payments)
        while len(waiting) >= _ROWS_PER_PART:
            print_lines(tables.render_part(waiting[:_ROWS_PER_PART]))
            del waiting[:_ROWS_PER_PART]

    readers = await read_in_turn(selection, options, lambda: write, failures)
    if waiting:
        print_lines(tables.render_part(waiting))
    if any(reader.count for reader in readers):
        print_table("")
    if readers:
        print_table(Text(to_printable(summarise(readers))))
    return readers
