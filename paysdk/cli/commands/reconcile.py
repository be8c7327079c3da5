"""``paysdk reconcile``: compare the stored payments of two providers."""

from __future__ import annotations

import shlex
import sys
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import attrs

from paysdk.cli.files import check_page
from paysdk.cli.output.outcomes import csv_writer, jsonl_writer, print_report, summarise
from paysdk.cli.output.progress import make_progress, show_progress
from paysdk.cli.output.terminal import configure_utf8_stdout, discard_output, print_message
from paysdk.cli.parsing import parse_locale
from paysdk.cli.stores import describe_sync, find_filled_file, run_on_store, show_database
from paysdk.errors import ConfigurationError
from paysdk.paid import EVERY_DAY, PaidRange
from paysdk.reconcile import Report, Vanished, reconcile
from paysdk.sync import SQLPaymentStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from rich.progress import Progress

    from paysdk.cli.output.formats import CsvStyle
    from paysdk.payment import Payment
    from paysdk.reconcile import Outcome

__all__ = ["Comparison", "reconcile_stored"]

# The exit code if the sides differ, or if it is not certain that they agree.
_EXIT_DIFFERENT = 3


@attrs.frozen(kw_only=True)
class Comparison:
    """The stored payments to compare, and how far apart counterparts may be."""

    left: str
    right: str
    database: str
    account: str
    days: int
    tolerance: Decimal
    paid: PaidRange = EVERY_DAY

    @property
    def facts(self) -> tuple[str, ...]:
        """Sentences that say what was compared."""
        amounts = f"differ by at most {self.tolerance:f}" if self.tolerance else "are equal"
        days = f"{self.days} day{'' if self.days == 1 else 's'}"
        return (
            f"Account {self.account}",
            f"Matched payments are at most {days} apart, and their amounts {amounts}",
            *self._paid_fact,
        )

    @property
    def _paid_fact(self) -> list[str]:
        since, until = self.paid.since, self.paid.until
        if since is None and until is None:
            return []
        days = f"{f'from {since} ' if since else ''}{f'until {until}' if until else ''}".rstrip()
        return [f"Payments made {days}, and counterparts that were made before or after"]

    @property
    def csv_command(self) -> str:
        """The command that gives every outcome."""
        database = show_database(self.database)
        return shlex.join(
            [
                *("paysdk", "reconcile", self.left, self.right, "--from", database),
                *("--account", self.account, "--days", str(self.days)),
                *("--tolerance", f"{self.tolerance:f}"),
                *(() if self.paid.since is None else ("--paid-since", str(self.paid.since))),
                *(() if self.paid.until is None else ("--paid-until", str(self.paid.until))),
                *("--format", "csv"),
            ]
        )


def reconcile_stored(
    comparison: Comparison,
    output_format: Literal["table", "jsonl", "csv"],
    style: CsvStyle,
    html: Path | None,
    locale: str | None = None,
) -> int:
    """Reconcile, print the outcomes, and return the exit code."""
    _check(comparison, html)
    numbers = parse_locale(locale)
    report = Report(
        left=comparison.left,
        right=comparison.right,
        facts=comparison.facts,
        everything=comparison.csv_command,
        locale=locale,
    )
    write = _writer(output_format, style)
    if write is not None and html is not None:
        write = _ignore_closed_pipe(write)
    progress = make_progress(data_on_screen=output_format != "table")
    run_on_store(_reconcile(comparison, report, write, progress))
    if html is not None:
        report.write(html)
    if output_format == "table":
        print_report(report, numbers)
    else:
        sys.stdout.flush()
        print_message(summarise(report))
    return _EXIT_DIFFERENT if report.totals.differences else 0


def _check(comparison: Comparison, html: Path | None) -> None:
    if comparison.left == comparison.right:
        raise ConfigurationError(
            f"Name two different providers to compare, not {comparison.left} twice."
        )
    names = comparison.left, comparison.right
    file = find_filled_file(comparison.database, names, comparison.account)
    if html is not None:
        check_page("--html", html, file, "report")


def _writer(
    output_format: Literal["table", "jsonl", "csv"], style: CsvStyle
) -> Callable[[Outcome], object] | None:
    if output_format == "table":
        return None
    out = configure_utf8_stdout()
    return jsonl_writer(out) if output_format == "jsonl" else csv_writer(out, style)


def _ignore_closed_pipe(write: Callable[[Outcome], object]) -> Callable[[Outcome], object]:
    """Go on after the reader closes the pipe: the report still needs the other outcomes."""

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
    async with SQLPaymentStore(comparison.database, create=False) as store:
        for name in (comparison.left, comparison.right):
            await _check_side(store, comparison, name)
        left, right = (
            _read_side(store, comparison, name) for name in (comparison.left, comparison.right)
        )
        outcomes = reconcile(
            left,
            right,
            days=comparison.days,
            tolerance=comparison.tolerance,
            ordered=True,
            paid_since=comparison.paid.since,
            paid_until=comparison.paid.until,
        )
        with show_progress(progress):
            bar = progress.add_task("reconciled", total=None, note="")
            async with aclosing(outcomes):
                async for outcome in outcomes:
                    report.add(outcome)
                    if write is not None:
                        write(outcome)
                    progress.advance(bar, len(outcome.left) + len(outcome.right))


async def _read_side(
    store: SQLPaymentStore, comparison: Comparison, name: str
) -> AsyncGenerator[Payment | Vanished]:
    async with aclosing(store.stored(provider=name, account=comparison.account)) as payments:
        async for stored in payments:
            yield stored.payment if stored.vanished_at is None else Vanished(stored.payment)


async def _check_side(store: SQLPaymentStore, comparison: Comparison, name: str) -> None:
    # Without payments, a name is probably mistyped. All payments of the other side would differ.
    async with aclosing(store.stored(provider=name, account=comparison.account)) as payments:
        first = await anext(payments, None)
    if first is None:
        raise ConfigurationError(
            f"There are no payments of {name} for the account {comparison.account}. "
            f"To store them: {describe_sync([name], comparison.database, comparison.account)}"
        )
