"""``paysdk reconcile``: which stored payments of one provider have their counterpart in another."""

from __future__ import annotations

import shlex
import sys
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

import attrs

from paysdk.cli.output.outcomes import csv_writer, jsonl_writer, show_report, summary
from paysdk.cli.output.progress import display, running
from paysdk.cli.output.terminal import discard_output, print_message, utf8_stdout
from paysdk.cli.stopping import run_async
from paysdk.errors import ConfigurationError
from paysdk.reconcile import Report, Vanished, reconcile
from paysdk.sync import SQLPaymentStore, StoreError
from paysdk.sync.location import database_at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rich.progress import Progress

    from paysdk.cli.output.formats import CsvStyle
    from paysdk.payment import Payment
    from paysdk.reconcile import Outcome

__all__ = ["Comparison", "reconcile_stored"]

# The exit code where the sides differ, or it cannot be told whether they do. Neither an error nor a
# wrong input has it.
_DIFFERENT = 3
_START_OF_A_PAGE = b"<!doctype html>"
_SQLITES = ("", "-wal", "-shm", "-journal")


@attrs.frozen(kw_only=True)
class Comparison:
    """Which stored payments are compared, and how far apart counterparts may be."""

    left: str
    right: str
    place: str
    account: str
    days: int
    tolerance: Decimal

    @property
    def facts(self) -> tuple[str, str]:
        """What was compared, in sentences."""
        amounts = f"differ by at most {self.tolerance:f}" if self.tolerance else "are equal"
        days = f"{self.days} day{'' if self.days == 1 else 's'}"
        return (
            f"Account {self.account}",
            f"Matched payments are at most {days} apart, and their amounts {amounts}",
        )

    @property
    def everything(self) -> str:
        """The command that gives every outcome. A URL, which may hold a password, is left out."""
        place = "DATABASE" if "://" in self.place else self.place
        options = [
            "--from",
            place,
            "--account",
            self.account,
            "--days",
            str(self.days),
            "--tolerance",
            f"{self.tolerance:f}",
        ]
        return shlex.join(
            ["paysdk", "reconcile", self.left, self.right, *options, "--format", "csv"]
        )


def reconcile_stored(
    comparison: Comparison,
    output_format: Literal["table", "jsonl", "csv"],
    style: CsvStyle,
    html: Path | None,
) -> int:
    """Reconcile, write, and give the exit code."""
    _check(comparison, html)
    report = Report(
        left=comparison.left,
        right=comparison.right,
        facts=comparison.facts,
        everything=comparison.everything,
    )
    try:
        write = _writer(output_format, style)
        if write is not None and html is not None:
            write = _until_closed(write)
        progress = display(data_on_screen=output_format != "table")
        run_async(_reconcile(comparison, report, write, progress))
    except StoreError as error:
        print_message(error)
        return 2
    if html is not None:
        report.write(html)
    if output_format == "table":
        show_report(report)
    else:
        sys.stdout.flush()
        print_message(summary(report))
    return _DIFFERENT if report.totals.differences else 0


def _check(comparison: Comparison, html: Path | None) -> None:
    if comparison.left == comparison.right:
        raise ConfigurationError(f"Name two providers to be compared, not {comparison.left} twice.")
    file = _file(comparison.place)
    if file is not None and not file.is_file():
        raise ConfigurationError(
            f"There is no database {comparison.place}. "
            f"{_how_to_fill(comparison, comparison.left, comparison.right)}"
        )
    if html is not None:
        _check_page(html, file)


def _file(place: str) -> Path | None:
    """The file of an SQLite database, ``None`` for a server's."""
    name = database_at(place).name
    if "://" in name:
        return None
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)


def _check_page(html: Path, database: Path | None) -> None:
    if html.is_dir() or not html.parent.is_dir():
        raise ConfigurationError(
            f"--html takes the path of a file, in a folder that is there, not {html}."
        )
    # SQLite keeps what belongs to a database beside it, and makes these files when it needs them.
    taken = (
        []
        if database is None
        else [
            Path(f"{file}{suffix}")
            for file in {database, database.resolve()}
            for suffix in _SQLITES
        ]
    )
    if html.resolve() in [path.resolve() for path in taken] or not _may_be_replaced(html):
        raise ConfigurationError(
            f"--html would overwrite {html}, which is not a report. Name another file."
        )


def _may_be_replaced(html: Path) -> bool:
    """Whether nothing is lost where a report takes the place of what is there."""
    if not html.exists():
        return True
    if not html.is_file():
        return False
    with html.open("rb") as there:
        start = there.read(len(_START_OF_A_PAGE))
    return not start or start.lower() == _START_OF_A_PAGE


def _how_to_fill(comparison: Comparison, *names: str) -> str:
    place = "DATABASE" if "://" in comparison.place else comparison.place
    account = [] if comparison.account == "default" else ["--account", comparison.account]
    return f"To fill it: {shlex.join(['paysdk', 'sync', *names, '--to', place, *account])}"


def _writer(
    output_format: Literal["table", "jsonl", "csv"], style: CsvStyle
) -> Callable[[Outcome], object] | None:
    if output_format == "table":
        return None
    out = utf8_stdout()
    return jsonl_writer(out) if output_format == "jsonl" else csv_writer(out, style)


def _until_closed(write: Callable[[Outcome], object]) -> Callable[[Outcome], object]:
    """*write*, until the reader closes the pipe: the report needs the outcomes that follow too."""

    def write_if_open(outcome: Outcome) -> None:
        try:
            write(outcome)
        except BrokenPipeError:
            discard_output(sys.stdout)

    return write_if_open


async def _reconcile(
    comparison: Comparison,
    report: Report,
    write: Callable[[Outcome], object] | None,
    progress: Progress,
) -> None:
    async with SQLPaymentStore(comparison.place, create=False) as store:
        for name in (comparison.left, comparison.right):
            await _check_is_stored(store, comparison, name)
        left, right = (
            _side(store, comparison, name) for name in (comparison.left, comparison.right)
        )
        outcomes = reconcile(
            left, right, days=comparison.days, tolerance=comparison.tolerance, ordered=True
        )
        with running(progress):
            bar = progress.add_task("reconciled", total=None, note="")
            async with aclosing(outcomes):
                async for outcome in outcomes:
                    report.add(outcome)
                    if write is not None:
                        write(outcome)
                    progress.advance(bar, len(outcome.left) + len(outcome.right))


async def _side(
    store: SQLPaymentStore, comparison: Comparison, name: str
) -> AsyncGenerator[Payment | Vanished]:
    async with aclosing(store.stored(provider=name, account=comparison.account)) as payments:
        async for stored in payments:
            yield stored.payment if stored.vanished_at is None else Vanished(stored.payment)


async def _check_is_stored(store: SQLPaymentStore, comparison: Comparison, name: str) -> None:
    """A side without any payment is more likely a mistyped name than a provider that has none, and all of the other would be missing."""
    async with aclosing(store.stored(provider=name, account=comparison.account)) as payments:
        first = await anext(payments, None)
    if first is None:
        raise ConfigurationError(
            f"There are no payments of {name} for the account {comparison.account}. "
            f"{_how_to_fill(comparison, name)}"
        )
