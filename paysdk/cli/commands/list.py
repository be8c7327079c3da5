"""``paysdk list``: the payments of several providers."""

from __future__ import annotations

import asyncio
import sys
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

import attrs
from rich.text import Text

from paysdk.cli.errors import as_paysdk_error
from paysdk.cli.output.formats import csv_writer, jsonl_writer
from paysdk.cli.output.progress import Walk, display, running, show_waiting
from paysdk.cli.output.tables import PaymentsTables, payments_table
from paysdk.cli.output.terminal import (
    as_text,
    console_on,
    print_lines,
    print_message,
    print_table,
    report_error,
    utf8_stdout,
)
from paysdk.cli.providers import open_providers
from paysdk.cli.stopping import run_async
from paysdk.errors import ConfigurationError, PaysdkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from paysdk.cli.output.formats import CsvStyle
    from paysdk.cli.providers import ProviderSelection
    from paysdk.payment import Payment
    from paysdk.provider import Listing, PaymentsProvider

__all__ = ["Selection", "list_payments"]

_MAX_ROWS_SHOWN = 20
# A table of more rows is written in parts of so many, so that it is never in memory as a whole.
_ROWS_AT_ONCE = 1000


@attrs.frozen(kw_only=True)
class Selection:
    """Which payments are listed, in the words of ``PaymentsProvider.list_payments``, and how many of each provider at the most."""

    modified_since: date | datetime | None
    modified_until: date | datetime | None
    voided: bool | None
    page_size: int | None
    resume: str | None
    limit: int | None


def list_payments(
    chosen: ProviderSelection,
    selection: Selection,
    output_format: Literal["table", "jsonl", "csv"],
    style: CsvStyle,
) -> int:
    """List, write, and give the exit code: the worst of any provider's."""
    faults: list[PaysdkError] = []
    if output_format == "table" and (selection.limit or 0) <= _ROWS_AT_ONCE:
        listed = _tabulate(chosen, selection, faults)
    elif output_format == "table":
        listed = _tabulated_in_parts(chosen, selection, faults)
    else:
        start = jsonl_writer if output_format == "jsonl" else partial(csv_writer, style=style)
        listed = _stream(chosen, selection, start, faults)
    faults += [walk.error for walk in run_async(listed) if walk.error is not None]
    return max([0, *map(report_error, faults)])


async def _stream(
    chosen: ProviderSelection,
    selection: Selection,
    start: Callable[[TextIO], Callable[[Sequence[Payment]], object]],
    faults: list[PaysdkError],
) -> list[Walk]:
    """Write one provider after the other, page by page, so that nothing has to be kept."""
    progress = display(data_on_screen=True)
    async with open_providers(chosen, faults, partial(show_waiting, progress)) as providers:
        listings = _listings(providers, selection, faults)
        write = start(utf8_stdout())
        walks = [_walk(*pair, selection, write) for pair in listings]
        with running(progress):
            for walk in walks:
                await walk.run(progress)
    sys.stdout.flush()
    if walks:
        print_message(_summary(walks))
    return walks


async def _tabulate(
    chosen: ProviderSelection, selection: Selection, faults: list[PaysdkError]
) -> list[Walk]:
    """Walk all listings at the same time, and keep of each what the table shows."""
    shown = selection.limit or _MAX_ROWS_SHOWN
    progress = display(data_on_screen=False)
    async with open_providers(chosen, faults, partial(show_waiting, progress)) as providers:
        listings = _listings(providers, selection, faults)
        rows: list[list[Payment]] = [[] for _ in listings]
        walks = [
            _walk(*pair, selection, partial(_keep, kept, shown))
            for pair, kept in zip(listings, rows, strict=True)
        ]
        with running(progress):
            async with asyncio.TaskGroup() as tasks:
                for walk in walks:
                    tasks.create_task(walk.run(progress))
    payments = [payment for kept in rows for payment in kept]
    if payments:
        print_table(payments_table(payments, console_on(sys.stdout).width), "")
    if walks:
        print_table(Text(as_text(_summary(walks))))
    if sum(walk.given for walk in walks) > len(payments):
        print_table(
            Text(
                f"The first {shown} of each are shown; --limit N shows more, --format csv gives "
                "all."
            )
        )
    return walks


async def _tabulated_in_parts(
    chosen: ProviderSelection, selection: Selection, faults: list[PaysdkError]
) -> list[Walk]:
    """Show one provider after the other, part by part, so that nothing has to be kept."""
    tables = PaymentsTables(console_on(sys.stdout))
    waiting: list[Payment] = []

    def write(payments: Sequence[Payment]) -> None:
        waiting.extend(payments)
        while len(waiting) >= _ROWS_AT_ONCE:
            print_lines(tables.next_part(waiting[:_ROWS_AT_ONCE]))
            del waiting[:_ROWS_AT_ONCE]

    progress = display(data_on_screen=True)
    async with open_providers(chosen, faults, partial(show_waiting, progress)) as providers:
        walks = [_walk(*pair, selection, write) for pair in _listings(providers, selection, faults)]
        with running(progress):
            for walk in walks:
                await walk.run(progress)
    if waiting:
        print_lines(tables.next_part(waiting))
    if any(walk.given for walk in walks):
        print_table("")
    if walks:
        print_table(Text(as_text(_summary(walks))))
    return walks


def _listings(
    providers: list[PaymentsProvider], selection: Selection, faults: list[PaysdkError]
) -> list[tuple[PaymentsProvider, Listing]]:
    listings: list[tuple[PaymentsProvider, Listing]] = []
    for provider in providers:
        try:
            listings.append((provider, _listing(provider, selection)))
        except PaysdkError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            faults.append(as_paysdk_error(provider.name, error))
    return listings


def _listing(provider: PaymentsProvider, selection: Selection) -> Listing:
    arguments = attrs.asdict(selection, filter=lambda field, _: field.name != "limit")
    try:
        return provider.list_payments(**arguments)
    except ConfigurationError as error:
        raise ConfigurationError(f"{provider.name}: {error}") from None


def _walk(
    provider: PaymentsProvider,
    listing: Listing,
    selection: Selection,
    take: Callable[[Sequence[Payment]], object],
) -> Walk:
    return Walk(provider=provider, listing=listing, limit=selection.limit, take=take)


def _keep(kept: list[Payment], most: int, payments: Sequence[Payment]) -> None:
    kept += payments[: most - len(kept)]


def _summary(walks: list[Walk]) -> str:
    return "; ".join(map(str, walks))
