"""The tiles, totals, charts and rules as data. The templates have the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.outcome import RULES, Status
from paysdk.reconcile.report.chart import MAX_MONTHS, Chart, make_chart
from paysdk.reconcile.report.names import Names, status_class
from paysdk.reconcile.report.table import Cell, Row, Table, difference_cell
from paysdk.reconcile.report.text import format_money
from paysdk.reconcile.totals import Sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.reconcile.totals import Total, Totals

__all__ = [
    "ChartsSection",
    "Tile",
    "TotalsSection",
    "make_charts_section",
    "make_rules_table",
    "make_tiles",
    "make_totals_section",
]

_MAX_CURRENCIES = 12
_NOTHING = Cell("\u2013", "money soft")


@attrs.frozen(kw_only=True)
class Tile:
    """How many outcomes have a status."""

    kind: str
    name: str
    count: str
    is_difference: bool


def make_tiles(totals: Totals, names: Names) -> list[Tile]:
    """A tile for each status."""
    return [
        Tile(
            kind=status_class(status),
            name=name,
            count=f"{totals.outcomes[status]:,}",
            is_difference=status.is_difference,
        )
        for status, name in names.statuses.items()
    ]


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
            for currency, found in list(currencies.items())[:_MAX_CURRENCIES]
        ],
        left_out=max(0, len(currencies) - _MAX_CURRENCIES),
        some_without_currency=None in currencies and len(currencies) > 1,
    )


def _make_totals_table(currency: str | None, found: dict[Status, Sides], names: Names) -> Table:
    headers = [Cell("Finding")]
    for name in names.sides:
        headers += [Cell(f"{name}: payments", "number"), Cell(f"{name}: amount", "money")]
    headers.append(Cell("Difference", "money"))
    caption = "No currency named" if currency is None else currency
    return Table(headers, list(_make_totals_rows(found, names)), caption)


def _make_totals_rows(found: dict[Status, Sides], names: Names) -> Iterator[Row]:
    total = Sides()
    for status, name in names.statuses.items():
        if status in found and status is not Status.VOIDED_OR_VANISHED:
            total.include(found[status])
            yield Row([Cell(name), *_cells(found[status])])
    yield Row([Cell("Total"), *_cells(total)], "sum")
    if (gone := found.get(Status.VOIDED_OR_VANISHED)) is not None:
        name = names.statuses[Status.VOIDED_OR_VANISHED]
        yield Row([Cell(name, "soft"), *_cells(gone)[:-1], Cell("", "nothing")], "soft")


def _cells(sides: Sides) -> list[Cell]:
    return [*_total(sides.left), *_total(sides.right), difference_cell(sides)]


def _total(total: Total) -> tuple[Cell, Cell]:
    if not total.count:
        return _NOTHING, _NOTHING
    return Cell(f"{total.count:,}", "number"), Cell(format_money(total.amount), "money")


@attrs.frozen(kw_only=True)
class ChartsSection:
    """A chart for each currency; ``left_out`` counts the currencies that are not shown.

    ``max_months`` is how many months a chart shows if there are more, else ``None``.
    """

    charts: list[Chart]
    left_out: int
    max_months: int | None


def make_charts_section(totals: Totals, names: Names) -> ChartsSection:
    """The totals by month."""
    currencies = totals.by_month()
    is_shortened = any(len(months) > MAX_MONTHS for months in currencies.values())
    return ChartsSection(
        charts=[
            make_chart(currency, months, names.sides)
            for currency, months in list(currencies.items())[:_MAX_CURRENCIES]
        ],
        left_out=max(0, len(currencies) - _MAX_CURRENCIES),
        max_months=MAX_MONTHS if is_shortened else None,
    )


def make_rules_table(totals: Totals) -> Table:
    """The rules that decided an outcome, and how many they decided."""
    rows = [
        Row(
            [
                Cell(rule.value.replace("_", " ")),
                Cell(sentence),
                Cell(f"{totals.rules[rule]:,}", "number"),
            ]
        )
        for rule, sentence in RULES.items()
        if totals.rules[rule]
    ]
    return Table([Cell("Rule"), Cell("What it says"), Cell("Findings", "number")], rows)
