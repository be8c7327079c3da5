"""Print plans and bookings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.cli.output.layout import align_amounts
from paysdk.cli.output.tables import plain_table
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    print_lines,
    print_table,
    to_printable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from rich.table import Table

    from paysdk.booking import Booking, BookingPlan, ReviewLine, State

__all__ = ["print_bookings", "print_json", "print_plan", "print_states"]


def print_plan(plan: BookingPlan) -> None:
    """Print what would be booked, what is for review, and the totals."""
    if plan.lines:
        print_table(
            "Would be booked",
            _table(
                ["Payment", "Invoice", "Date", "Client"],
                [
                    [line.payment_id, line.invoice_number, line.payment_date, line.client_name]
                    for line in plan.lines
                ],
                [(line.amount, line.currency) for line in plan.lines],
            ),
        )
    if plan.review:
        print_table(
            "For review",
            _table(
                ["Payment", "Invoice", "Reason", "Why"],
                [
                    [line.payment_id, line.number, line.reason, _explain(line)]
                    for line in plan.review
                ],
                [(line.amount, line.currency) for line in plan.review],
            ),
        )
    totals = ", ".join(f"{amount:f} {currency}" for currency, amount in plan.totals.items())
    left_out = ", ".join(f"{count} {reason}" for reason, count in plan.left_out.items())
    print_lines(
        [
            f"{len(plan.lines)} to book: {totals or 'nothing'}. {len(plan.review)} for review.",
            *([f"Left out: {left_out}."] if left_out else []),
            f"Account: {plan.policy.account_id} ({to_printable(plan.policy.account_name)}).",
            f"Digest: {plan.digest}",
        ]
    )


def _explain(line: ReviewLine) -> str:
    return line.sentence if line.nearest is None else f"{line.sentence} Nearest: {line.nearest}"


def print_bookings(bookings: Sequence[Booking], output_format: str) -> None:
    """Print each booking with its state and the reason."""
    if output_format == "json":
        content = [
            {
                "payment_id": each.key.payment_id,
                "generation": each.key.generation,
                "invoice": each.line.invoice_number,
                "amount": str(each.line.amount),
                "state": each.state.value,
                "payments": list(each.payment_ids),
                "details": dict(each.details),
            }
            for each in bookings
        ]
        print_json("".join(f"{json.dumps(each)}\n" for each in content))
        return
    print_table(
        _table(
            ["Payment", "Invoice", "State", "Why"],
            [
                [each.key.payment_id, each.line.invoice_number, each.state, each.sentence]
                for each in bookings
            ],
            [(each.line.amount, each.line.currency) for each in bookings],
        )
    )


def print_states(states: Mapping[State, int], output_format: str) -> None:
    """Print how many bookings are in each state."""
    if output_format == "json":
        print_json(json.dumps({state.value: count for state, count in states.items()}) + "\n")
        return
    print_lines(f"{count:>6}  {state.value}" for state, count in states.items())


def print_json(text: str) -> None:
    """Write JSON for programs to stdout."""
    configure_utf8_stdout().write(text)


def _table(
    headers: list[str],
    rows: list[list[object]],
    amounts: list[tuple[Decimal | None, str | None]],
) -> Table:
    table = plain_table()
    header, *shown = align_amounts("Amount", amounts)
    for each in headers:
        table.add_column(each, overflow="fold")
    table.add_column(header, no_wrap=True)
    for row, amount in zip(rows, shown, strict=True):
        table.add_row(*(Text(to_printable(value)) for value in row), Text(amount))
    return table
