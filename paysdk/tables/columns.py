"""The columns of a table of payments, and the values of each."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paysdk.payment import Payment

__all__ = ["AMOUNTS", "COLUMNS", "DAYS", "MOMENTS", "WORDS", "Columns", "split_into_columns"]

# The order is a promise: a new column comes at the end. CSV files have the same columns.
COLUMNS = (
    *(
        "provider",
        "id",
        "amount",
        "currency",
        "payment_date",
        "invoice_id",
        "invoice_number",
        "invoice_total",
        "invoice_balance",
    ),
    *(
        "customer_id",
        "customer_number",
        "customer_name",
        "external_id",
        "source",
        "voided_date",
        "created_at",
        "modified_at",
        "voided",
    ),
)
AMOUNTS = frozenset({"amount", "invoice_total", "invoice_balance"})
DAYS = frozenset({"payment_date", "voided_date"})
MOMENTS = frozenset({"created_at", "modified_at"})
# Texts with few different values.
WORDS = frozenset({"provider", "currency", "source"})

Columns: TypeAlias = "dict[str, Sequence[Any]]"

_OWN = tuple(
    name for name in COLUMNS if name != "id" and not name.startswith(("invoice_", "customer_"))
)
# A payment looks each field up in its row. Going to the row once is twice as fast.
_read_row = attrgetter("_row")
_read_own = {name: attrgetter(name) for name in _OWN}
_read_id, _read_invoice, _read_customer = map(attrgetter, ("id", "invoice", "customer"))
_of_invoice = {name: attrgetter(name) for name in ("id", "number", "total", "balance")}
_of_customer = {name: attrgetter(name) for name in ("id", "number", "name")}


def split_into_columns(payments: Sequence[Payment]) -> Columns:
    """The values of each column, one for each payment."""
    rows = list(map(_read_row, payments))
    invoices, customers = list(map(_read_invoice, rows)), list(map(_read_customer, rows))
    found: Columns = {name: list(map(read, rows)) for name, read in _read_own.items()}
    found["id"] = list(map(str, map(_read_id, rows)))
    for name, read in _of_invoice.items():
        found[f"invoice_{name}"] = list(map(read, invoices))
    has_customers = any(customers)
    for name, read in _of_customer.items():
        found[f"customer_{name}"] = (
            [None if each is None else read(each) for each in customers]
            if has_customers
            else [None] * len(rows)
        )
    return {name: found[name] for name in COLUMNS}
