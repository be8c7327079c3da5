"""The charts by month, with two bars for each month, and the same amounts as a table.

``chart.html`` writes the SVG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import attrs

from paysdk.exact import EXACT
from paysdk.reconcile.report.table import Cell, Row, Table, difference_cell
from paysdk.reconcile.report.text import format_money, format_month, format_title
from paysdk.reconcile.report.totals_table import MAX_CURRENCIES
from paysdk.reconcile.totals import Month, Sides

if TYPE_CHECKING:
    from paysdk.reconcile.report.names import Names
    from paysdk.reconcile.totals import Totals

__all__ = ["Chart", "ChartsSection", "Drawing", "make_chart", "make_charts_section"]

# The bars of this many months can still be told apart on a phone.
_MAX_MONTHS = 36
# Fifty years of months. A longer span comes from mistyped dates.
_MAX_ROWS = 600
_HEIGHT_PX = 200
_DECEMBER = 12


@attrs.frozen
class Line:
    """A horizontal line of the chart, and the amount at its end of the axis."""

    amount: Decimal
    y: Decimal


@attrs.frozen(kw_only=True)
class Bar:
    """One side's bar in a month."""

    kind: str
    name: str
    amount: Decimal
    x: str
    y: Decimal
    height: Decimal


@attrs.frozen(kw_only=True)
class DrawnMonth:
    """One month of the chart. ``label`` and ``year`` are empty if they do not fit."""

    name: str
    middle: str
    bars: Sequence[Bar] = ()
    difference: Decimal = Decimal(0)
    label: str = ""
    label_kind: str = ""
    year: str = ""


@attrs.frozen(kw_only=True)
class Drawing:
    """The bars of a chart.

    Horizontal positions are percentages, so that the chart fits any width. Vertical ones are
    pixels.
    """

    lines: list[Line]
    months: list[DrawnMonth]
    bar_width: str
    height: int = _HEIGHT_PX


@attrs.frozen(kw_only=True)
class Chart:
    """The chart and the table of one currency. ``left_out`` counts the months in neither."""

    title: str
    currency: str | None
    drawing: Drawing | None
    table: Table
    left_out: int


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
    is_shortened = any(len(months) > _MAX_MONTHS for months in currencies.values())
    return ChartsSection(
        charts=[
            make_chart(currency, months, names.sides)
            for currency, months in list(currencies.items())[:MAX_CURRENCIES]
        ],
        left_out=max(0, len(currencies) - MAX_CURRENCIES),
        max_months=_MAX_MONTHS if is_shortened else None,
    )


def make_chart(
    currency: str | None, months: Mapping[Month, Sides], names: tuple[str, str]
) -> Chart:
    """The chart of one currency; *names* are those of the sides."""
    dated = [month for month in months if month is not None][-_MAX_MONTHS:]
    with localcontext(EXACT):
        drawing = _draw(_fill_gaps(dated), months, names) if dated else None
    return Chart(
        title=format_title(currency),
        currency=currency,
        drawing=drawing,
        table=_table(currency, months, names),
        left_out=max(0, len(months) - _MAX_ROWS),
    )


def _fill_gaps(months: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """All months from the first to the last, unless those are too many."""
    filled = [months[0]]
    while filled[-1] < months[-1] and len(filled) <= _MAX_MONTHS:
        year, month = filled[-1]
        filled.append((year + 1, 1) if month == _DECEMBER else (year, month + 1))
    return filled if len(filled) <= _MAX_MONTHS else months


def _draw(
    shown: Sequence[tuple[int, int]], months: Mapping[Month, Sides], names: tuple[str, str]
) -> Drawing:
    amounts = [
        total.amount
        for month in shown
        if month in months
        for total in (months[month].left, months[month].right)
    ]
    scale = _scale(min(*amounts, Decimal(0)), max(*amounts, Decimal(0)))
    builder = _ChartBuilder(shown=shown, months=months, names=names, scale=scale)
    return Drawing(
        lines=[Line(amount, scale.y(amount)) for amount in scale.amounts],
        months=[builder.draw_month(place, month) for place, month in enumerate(shown)],
        bar_width=builder.x(0, "0.34"),
    )


@attrs.frozen
class _Scale:
    """The amounts that have a line in the chart, from the lowest to the highest."""

    amounts: tuple[Decimal, ...]

    def y(self, amount: Decimal) -> Decimal:
        """How far an amount is below the upper edge, in pixels."""
        low, high = self.amounts[0], self.amounts[-1]
        return ((high - amount) / (high - low) * _HEIGHT_PX).quantize(Decimal("0.1"))


def _scale(low: Decimal, high: Decimal) -> _Scale:
    """About four round amounts, from below the lowest amount to above the highest."""
    spread = high - low or Decimal(1)
    unit = Decimal(10) ** (spread / 4).adjusted()
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor * 4 >= spread)
    first, last = (
        (low / step).to_integral_value("ROUND_FLOOR"),
        (high / step).to_integral_value("ROUND_CEILING"),
    )
    last = max(last, first + 1)
    return _Scale(tuple(step * place for place in range(int(first), int(last) + 1)))


@attrs.frozen(kw_only=True)
class _ChartBuilder:
    """Computes where each month is drawn."""

    shown: Sequence[tuple[int, int]]
    months: Mapping[Month, Sides]
    names: tuple[str, str]
    scale: _Scale

    def x(self, place: int, offset: str) -> str:
        """How far right a month is; *offset* is a part of the month's own width."""
        return f"{Decimal(100) / len(self.shown) * (place + Decimal(offset)):.2f}%"

    def draw_month(self, place: int, month: tuple[int, int]) -> DrawnMonth:
        """The bars and the labels of one month."""
        year, number = month
        every, every_narrow = (1, 3) if len(self.shown) <= _DECEMBER else (3, 6)
        name = format_month(month)
        sides = self.months.get(month)
        return DrawnMonth(
            name=name,
            middle=self.x(place, "0.5"),
            bars=[] if sides is None else self._bars(place, sides),
            difference=Decimal(0) if sides is None else sides.difference,
            label="" if (number - 1) % every else name[:3],
            label_kind="minor" if (number - 1) % every_narrow else "major",
            year=str(year) if place == 0 or number == 1 else "",
        )

    def _bars(self, place: int, sides: Sides) -> list[Bar]:
        return [
            self._bar("left", self.names[0], sides.left.amount, self.x(place, "0.14")),
            self._bar("right", self.names[1], sides.right.amount, self.x(place, "0.52")),
        ]

    def _bar(self, kind: str, name: str, amount: Decimal, x: str) -> Bar:
        top, bottom = sorted((self.scale.y(amount), self.scale.y(Decimal(0))))
        return Bar(kind=kind, name=name, amount=amount, x=x, y=top, height=bottom - top)


def _table(currency: str | None, months: Mapping[Month, Sides], names: tuple[str, str]) -> Table:
    headers = [Cell("Month"), *(Cell(name, "money") for name in (*names, "Difference"))]
    rows = [
        Row(
            [
                Cell(format_month(month)),
                Cell(format_money(sides.left.amount, of=currency), "money"),
                Cell(format_money(sides.right.amount, of=currency), "money"),
                difference_cell(sides, currency),
            ]
        )
        for month, sides in list(months.items())[-_MAX_ROWS:]
    ]
    return Table(headers, rows)
