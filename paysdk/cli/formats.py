"""Payments for programs: lines of JSON, and CSV, both exact to the digit."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from paysdk.conversion import make_converter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from paysdk.payment import Payment

__all__ = ["COLUMNS", "csv_writer", "jsonl_writer"]

# The order is a promise: a new column comes at the end.
COLUMNS = (
    *("provider", "id", "amount", "currency", "payment_date", "invoice_id", "invoice_number", "invoice_total", "invoice_balance"),
    *("customer_id", "customer_number", "customer_name", "external_id", "source", "voided_date", "created_at", "modified_at"),
)


def jsonl_writer(out: TextIO) -> Callable[[Sequence[Payment]], object]:
    """What writes payments as one JSON object a line, as ``make_converter`` gives them."""
    converter = make_converter()

    def write(payments: Sequence[Payment]) -> None:
        out.writelines(f"{converter.dumps(payment).decode()}\n" for payment in payments)

    return write


def csv_writer(out: TextIO) -> Callable[[Sequence[Payment]], object]:
    """What writes payments as CSV. The header is written at once, so that there is one even where there are no payments."""
    converter = make_converter()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)

    def write(payments: Sequence[Payment]) -> None:
        for payment in payments:
            fields = _flat(converter.unstructure(payment))
            writer.writerow([fields.get(column) for column in COLUMNS])

    return write


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    flat = dict(record)
    for outer in ("invoice", "customer"):
        parts: dict[str, Any] = record[outer] or {}
        flat |= {f"{outer}_{name}": value for name, value in parts.items()}
    return flat
