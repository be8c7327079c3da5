"""``paysdk export``: payments in a file for a spreadsheet, a notebook or another program."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from paysdk.cli.commands.reading import ListOptions, read_in_turn, summarise
from paysdk.cli.output.exports import check_export, open_export
from paysdk.cli.output.formats import CsvStyle
from paysdk.cli.output.progress import make_progress, show_progress
from paysdk.cli.output.terminal import print_message, report_error
from paysdk.cli.signals import run_async
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.paid import PaidRange
from paysdk.tables.batches import read_batches

if TYPE_CHECKING:
    from paysdk.cli.output.exports import Write
    from paysdk.cli.providers import ProviderSelection

__all__ = ["Export", "StoredSource", "export_listed", "export_stored"]


@attrs.frozen(kw_only=True)
class Export:
    """The file to write, the style of CSV, and the days of the payments."""

    path: Path
    style: CsvStyle
    paid: PaidRange


@attrs.frozen(kw_only=True)
class StoredSource:
    """The stored payments of some providers."""

    names: tuple[str, ...]
    database: str
    account: str


class _IncompleteError(Exception):
    """Not all payments could be read."""


def export_listed(selection: ProviderSelection, export: Export, *, customers: bool) -> int:
    """Write what the providers list, and return the exit code.

    If a provider fails, no file is written.
    """
    check_export(export.path, export.style)
    options = ListOptions(
        modified_since=None,
        modified_until=None,
        voided=None,
        page_size=None,
        resume=None,
        limit=None,
        paid=export.paid,
        customers=customers,
    )
    failures: list[PaysdkError] = []
    try:
        with open_export(export.path, export.style) as write:
            readers = run_async(read_in_turn(selection, options, lambda: write, failures))
            failures += [reader.error for reader in readers if reader.error is not None]
            _check_complete(failures)
    except _IncompleteError:
        for failure in failures:
            # The file that was written before the error is gone, so nothing can be continued.
            failure.checkpoint = None
        code = max(map(report_error, failures))
        print_message(f"{export.path} was not written, because not all payments could be read.")
        return code
    print_message(f"{summarise(readers)}: written to {export.path}")
    return 0


def export_stored(source: StoredSource, export: Export) -> int:
    """Write the stored payments, and return the exit code."""
    from paysdk.cli.stores import find_filled_file, run_on_store  # noqa: PLC0415  # an extra

    check_export(export.path, export.style)
    file = find_filled_file(source.database, source.names, source.account)
    if file is not None and file.resolve() == export.path.resolve():
        raise ConfigurationError(f"--to would overwrite the database {source.database}.")
    with open_export(export.path, export.style) as write:
        counts = run_on_store(_write_stored(source, export.paid, write))
    text = "; ".join(f"{name}: {count:,} payments" for name, count in counts.items())
    print_message(f"{text}: written to {export.path}")
    return 0


def _check_complete(failures: list[PaysdkError]) -> None:
    if failures:
        raise _IncompleteError


async def _write_stored(source: StoredSource, paid: PaidRange, write: Write) -> dict[str, int]:
    from paysdk.sync import SQLPaymentStore  # noqa: PLC0415  # the extra may be missing

    progress = make_progress(data_on_screen=False)
    counts: dict[str, int] = {}
    async with SQLPaymentStore(source.database, create=False) as store:
        with show_progress(progress):
            for name in source.names:
                payments = store.payments(
                    provider=name,
                    account=source.account,
                    paid_since=paid.since,
                    paid_until=paid.until,
                )
                bar = progress.add_task(name, total=None, note="")
                counts[name] = 0
                async with aclosing(read_batches(payments)) as batches:
                    async for batch in batches:
                        write(batch)
                        counts[name] += len(batch)
                        progress.update(bar, completed=counts[name])
    return counts
