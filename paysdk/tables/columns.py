"""The columns of a table of payments, and the values of each."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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

_OWN = tuple(name for name in COLUMNS if not name.startswith(("invoice_", "customer_")))
_read_own = attrgetter(*_OWN, "invoice", "customer")
_read_invoice = attrgetter("id", "number", "total", "balance")
_read_customer = attrgetter("id", "number", "name")
_NO_CUSTOMER = (None, None, None)


def split_into_columns(payments: Sequence[Payment]) -> Columns:
    """The values of each column, one for each payment."""
    *own, invoices, customers = _transpose(map(_read_own, payments), len(_OWN) + 2)
    found = dict(zip(_OWN, own, strict=True))
    of_invoice = ("invoice_id", "invoice_number", "invoice_total", "invoice_balance")
    found.update(zip(of_invoice, _transpose(map(_read_invoice, invoices), 4), strict=True))
    of_customer = ("customer_id", "customer_number", "customer_name")
    read = (_NO_CUSTOMER if each is None else _read_customer(each) for each in customers)
    found.update(zip(of_customer, _transpose(read, 3), strict=True))
    return {name: found[name] for name in COLUMNS}


def _transpose(rows: Iterable[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * width
