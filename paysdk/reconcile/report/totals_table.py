"""The tables with the totals of both sides, one for each currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.outcome import Status
from paysdk.reconcile.report.table import Cell, Row, Table, difference_cell
from paysdk.reconcile.report.text import format_money, format_number, format_title
from paysdk.reconcile.totals import order_totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.reconcile.report.names import Names
    from paysdk.reconcile.totals import Sides, Total, Totals

__all__ = ["MAX_CURRENCIES", "TotalsSection", "make_totals_section"]

# The page shows the totals and the charts of this many currencies.
MAX_CURRENCIES = 12
_NOTHING = Cell("\u2013", "money soft")


@attrs.frozen(kw_only=True)
class TotalsSection:
    """A table for each currency; ``left_out`` counts the currencies that are not shown."""

    tables: list[Table]
    left_out: int
    some_without_currency: bool


def make_totals_section(totals: Totals, names: Names) -> TotalsSection:
    """The totals of each side, by currency and status."""
    currencies = totals.by_currency()
    return TotalsSection(
        tables=[
            _make_totals_table(currency, found, names)
            for currency, found in list(currencies.items())[:MAX_CURRENCIES]
        ],
        left_out=max(0, len(currencies) - MAX_CURRENCIES),
        some_without_currency=None in currencies and len(currencies) > 1,
    )


def _make_totals_table(currency: str | None, found: dict[Status, Sides], names: Names) -> Table:
    headers = [Cell("Finding")]
    for name in names.sides:
        headers += [Cell(f"{name}: payments", "number"), Cell(f"{name}: amount", "money")]
    headers.append(Cell("Difference", "money"))
    rows = list(_make_totals_rows(currency, found, names))
    return Table(headers, rows, format_title(currency))


def _make_totals_rows(
    currency: str | None, found: dict[Status, Sides], names: Names
) -> Iterator[Row]:
    for status, sides in order_totals(found):
        *amounts, difference = _cells(sides, currency)
        if status is None:
            yield Row([Cell("Total"), *amounts, difference], "sum")
        elif status is Status.VOIDED_OR_VANISHED:
            name = Cell(names.statuses[status], "soft")
            yield Row([name, *amounts, Cell("", "nothing")], "soft")
        else:
            yield Row([Cell(names.statuses[status]), *amounts, difference])


def _cells(sides: Sides, currency: str | None) -> list[Cell]:
    return [
        *_total(sides.left, currency),
        *_total(sides.right, currency),
        difference_cell(sides, currency),
    ]


def _total(total: Total, currency: str | None) -> tuple[Cell, Cell]:
    if not total.count:
        return _NOTHING, _NOTHING
    amount = format_money(total.amount, of=currency)
    return Cell(format_number(total.count), "number"), Cell(amount, "money")
