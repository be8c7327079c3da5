"""The outcomes of a reconciliation, for people and for programs.

``formats`` and ``tables`` write payments, whose rows have other columns.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.cli.output.formats import CsvStyle, begin_csv
from paysdk.cli.output.layout import align_amounts
from paysdk.cli.output.tables import fit_table, plain_table
from paysdk.cli.output.terminal import make_console, print_table, to_printable
from paysdk.converter import make_converter
from paysdk.reconcile import Status, in_words
from paysdk.reconcile.totals import order_totals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from typing import TextIO

    from rich.table import Table

    from paysdk.payment import Payment
    from paysdk.reconcile import Outcome, Report, Sides

__all__ = ["COLUMNS", "csv_writer", "jsonl_writer", "print_report", "summarise"]

_MAX_ROWS_SHOWN = 20
# On each side of an outcome.
_MAX_PAYMENTS_SHOWN = 5

# The order is a promise: a new column comes at the end. One row is one payment. The payments of one
# outcome share its number.
COLUMNS = (
    *(
        "outcome",
        "status",
        "rule",
        "key",
        "difference",
        "currency_assumed",
        "side",
        "provider",
        "id",
        "amount",
        "currency",
    ),
    *("payment_date", "invoice_number", "customer_name", "external_id", "voided_date"),
)
_NUMBERS = frozenset({"outcome", "difference", "amount"})


def jsonl_writer(out: TextIO) -> Callable[[Outcome], object]:
    """Return a function that writes each outcome as a line of JSON.

    Payments have the form of ``make_converter``.
    """
    converter = make_converter()

    def write(outcome: Outcome) -> None:
        record = {
            "status": outcome.status.value,
            "rule": outcome.rule.value,
            "key": outcome.key,
            "difference": _text(outcome.difference),
            "currency_assumed": outcome.currency_assumed,
            "left": [converter.unstructure(payment) for payment in outcome.left],
            "right": [converter.unstructure(payment) for payment in outcome.right],
        }
        out.write(json.dumps(record, ensure_ascii=False) + "\n")

    return write


def csv_writer(
    out: TextIO,
    style: CsvStyle = CsvStyle(),  # noqa: B008  # it is frozen
) -> Callable[[Outcome], object]:
    """Write the header, and return a function that writes a row of CSV for each payment."""
    write_row = begin_csv(out, COLUMNS, _NUMBERS, style)
    number = 0

    def write(outcome: Outcome) -> None:
        nonlocal number
        number += 1
        start = (number, outcome.status.value, outcome.rule.value, outcome.key, outcome.difference)
        for side, payments in (("left", outcome.left), ("right", outcome.right)):
            for payment in payments:
                write_row((*start, outcome.currency_assumed, side, *_fields(payment)))

    return write


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _fields(payment: Payment) -> tuple[object, ...]:
    customer = None if payment.customer is None else payment.customer.name
    paid = (payment.amount, payment.currency, payment.payment_date, payment.invoice.number)
    return (payment.provider, payment.id, *paid, customer, payment.external_id, payment.voided_date)


def summarise(report: Report) -> str:
    """The number of outcomes of each kind, in one line."""
    names = in_words(report.left, report.right)
    counts = (
        f"{count:,} {names[status].lower()}"
        for status in Status
        if (count := report.totals.outcomes[status])
    )
    return f"{report.left} and {report.right}: {', '.join(counts)}"


def print_report(report: Report, numbers: NumberStyle = ENGLISH) -> None:
    """Print the totals and the largest differences."""
    width = make_console(sys.stdout).width
    for currency, found in report.totals.by_currency().items():
        print_table(fit_table(_totals(report, currency, found, numbers), width), "")
    largest = report.largest()[:_MAX_ROWS_SHOWN]
    if largest:
        print_table(fit_table(_differences(report, largest, numbers), width), "")
    print_table(Text(to_printable(summarise(report))))
    if report.totals.differences > len(largest):
        print_table(
            Text(
                f"These are the {len(largest)} largest of {report.totals.differences:,} "
                "differences. To get all of them, use --format csv."
            )
        )


def _totals(
    report: Report, currency: str | None, found: dict[Status, Sides], numbers: NumberStyle
) -> Table:
    names = in_words(report.left, report.right)
    rows = order_totals(found)
    differences = [
        None if status is Status.VOIDED_OR_VANISHED else sides.difference for status, sides in rows
    ]
    columns = [
        align_amounts(header, [(value, None) for value in values], numbers, of_currency=currency)
        for header, values in (
            (report.left, [sides.left.amount for _, sides in rows]),
            (report.right, [sides.right.amount for _, sides in rows]),
            ("Difference", differences),
        )
    ]
    table = plain_table()
    for header in ("no currency" if currency is None else currency, *(each[0] for each in columns)):
        table.add_column(Text(to_printable(header)), no_wrap=True)
    for (status, _), *cells in zip(rows, *(column[1:] for column in columns), strict=True):
        name = "Total" if status is None else names[status]
        style = "bold" if status is None else ""
        table.add_row(Text(to_printable(name)), *map(Text, cells), style=style)
    return table


def _differences(report: Report, outcomes: Sequence[Outcome], numbers: NumberStyle) -> Table:
    names = in_words(report.left, report.right)
    table = plain_table()
    for header in ("Invoice", "Finding", report.left, report.right, "Rule"):
        table.add_column(Text(to_printable(header)), overflow="fold")
    for outcome in outcomes:
        table.add_row(
            Text(to_printable(outcome.key) or "no number"),
            Text(to_printable(names[outcome.status])),
            _payments(outcome.left, numbers),
            _payments(outcome.right, numbers),
            outcome.rule.value,
        )
    return table


def _payments(payments: Sequence[Payment], numbers: NumberStyle) -> Text:
    lines = [_amount(payment, numbers) for payment in payments[:_MAX_PAYMENTS_SHOWN]]
    rest = len(payments) - _MAX_PAYMENTS_SHOWN
    return Text("\n".join([*lines, *([f"and {rest:,} more"] if rest > 0 else [])]))


def _amount(payment: Payment, numbers: NumberStyle) -> str:
    amount = numbers.format_amount(payment.amount, payment.currency)
    return f"{amount} {to_printable(payment.currency)}".rstrip()
