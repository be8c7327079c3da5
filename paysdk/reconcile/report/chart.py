"""The chart by month: two bars a month, drawn so that it fits any width, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.outcome import EXACT
from paysdk.reconcile.report.markup import Cell, money, month_name, row, safe, table
from paysdk.reconcile.totals import Month, Sides

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_MONTHS", "chart"]

# What is wide enough to be seen on a telephone.
MAX_MONTHS = 36
# Fifty years of figures; more are mistyped dates.
_MAX_ROWS = 600
_HEIGHT = 200
_DECEMBER = 12


@attrs.frozen
class _Scale:
    """Which amounts the lines of the chart stand for, from the lowest to the highest."""

    lines: tuple[Decimal, ...]

    def height(self, amount: Decimal) -> Decimal:
        """How far below the upper edge an amount stands, in pixels."""
        low, high = self.lines[0], self.lines[-1]
        return ((high - amount) / (high - low) * _HEIGHT).quantize(Decimal("0.1"))


def chart(currency: str | None, months: Mapping[Month, Sides], names: tuple[str, str]) -> str:
    """The chart of one currency; *names* are those of the sides, fit for HTML."""
    dated = [month for month in months if month is not None][-MAX_MONTHS:]
    title = "No currency named" if currency is None else safe(currency)
    drawn = ""
    with localcontext(EXACT):
        if dated:
            drawn = _draw(_without_gaps(dated), months, names, title)
    return f'<div class="card chart">\n<h3>{title}</h3>\n{drawn}{_figures(months, names, title)}</div>\n'


def _without_gaps(months: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """All months from the first to the last, unless those are too many."""
    filled = [months[0]]
    while filled[-1] < months[-1] and len(filled) <= MAX_MONTHS:
        year, month = filled[-1]
        filled.append((year + 1, 1) if month == _DECEMBER else (year, month + 1))
    return filled if len(filled) <= MAX_MONTHS else months


@attrs.frozen(kw_only=True)
class _Drawing:
    """The bars of the months that are shown.

    Where they stand from left to right is said in percent, so that they fit any width.
    """

    shown: Sequence[tuple[int, int]]
    months: Mapping[Month, Sides]
    names: tuple[str, str]
    scale: _Scale

    def parts(self) -> Iterator[str]:
        """What the drawing is made of, from back to front."""
        for line in self.scale.lines:
            height = self.scale.height(line)
            yield (
                f'<line class="{"other" if line else "zero"}" x1="0" x2="100%" y1="{height}" '
                f'y2="{height}"/>'
            )
        for place, month in enumerate(self.shown):
            if (sides := self.months.get(month)) is not None:
                yield from self._bars(place, month, sides)
            yield from self._labels(place, month)

    def _bars(self, place: int, month: tuple[int, int], sides: Sides) -> Iterator[str]:
        zero = self.scale.height(Decimal(0))
        for kind, name, total, offset in (
            ("left", self.names[0], sides.left, "0.14"),
            ("right", self.names[1], sides.right, "0.52"),
        ):
            top, bottom = sorted((self.scale.height(total.amount), zero))
            yield (
                f'<rect class="fill-{kind}" x="{self._across(place, offset)}" '
                f'width="{self._across(0, "0.34")}" y="{top}" '
                f'height="{bottom - top}" rx="1.5"><title>{month_name(month)}, {name}: '
                f"{money(total.amount)}</title></rect>"
            )
        if sides.difference:
            yield (
                f'<circle class="fill-off" cx="{self._across(place, "0.5")}" cy="{_HEIGHT + 9}" '
                'r="3.5">'
                f"<title>{month_name(month)}: "
                f"{money(sides.difference, signed=True)}</title></circle>"
            )

    def _labels(self, place: int, month: tuple[int, int]) -> Iterator[str]:
        """The month's name where there is room for it, and the year below where one begins."""
        year, number = month
        middle = self._across(place, "0.5")
        every, every_narrow = (1, 3) if len(self.shown) <= _DECEMBER else (3, 6)
        if (number - 1) % every == 0:
            kind = "minor" if (number - 1) % every_narrow else "major"
            yield (
                f'<text class="{kind}" x="{middle}" y="{_HEIGHT + 29}" '
                f'text-anchor="middle">{month_name(month)[:3]}</text>'
            )
        if place == 0 or number == 1:
            yield f'<text x="{middle}" y="{_HEIGHT + 45}" text-anchor="middle">{year}</text>'

    def _across(self, place: int, offset: str) -> str:
        return f"{Decimal(100) / len(self.shown) * (place + Decimal(offset)):.2f}%"


def _draw(
    shown: Sequence[tuple[int, int]],
    months: Mapping[Month, Sides],
    names: tuple[str, str],
    title: str,
) -> str:
    amounts = [
        total.amount
        for month in shown
        if month in months
        for total in (months[month].left, months[month].right)
    ]
    scale = _scale(min(*amounts, Decimal(0)), max(*amounts, Decimal(0)))
    axis = "".join(f"<span>{money(line)}</span>" for line in reversed(scale.lines))
    body = "".join(_Drawing(shown=shown, months=months, names=names, scale=scale).parts())
    label = (
        f"{title}: amounts by month of {names[0]} and {names[1]}. The table that follows has "
        "the figures."
    )
    legend = "".join(
        f'<li><svg aria-hidden="true" viewBox="0 0 10 10"><rect class="fill-{kind}" width="10" '
        f'height="10" rx="{radius}"/></svg>{name}</li>'
        for kind, radius, name in (
            ("left", 2, names[0]),
            ("right", 2, names[1]),
            ("off", 5, "the sides differ"),
        )
    )
    return (
        f'<ul class="legend">{legend}</ul>\n<div class="plot"><div class="axis" '
        f'aria-hidden="true">{axis}</div>'
        f'<svg role="img" aria-label="{label}">{body}</svg></div>\n'
    )


def _scale(low: Decimal, high: Decimal) -> _Scale:
    """Lines at round amounts, about four of them, from below the lowest amount to above the highest."""
    spread = high - low or Decimal(1)
    unit = Decimal(10) ** (spread / 4).adjusted()
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor * 4 >= spread)
    first, last = (
        (low / step).to_integral_value("ROUND_FLOOR"),
        (high / step).to_integral_value("ROUND_CEILING"),
    )
    last = max(last, first + 1)
    return _Scale(tuple(step * place for place in range(int(first), int(last) + 1)))


def _figures(months: Mapping[Month, Sides], names: tuple[str, str], title: str) -> str:
    headers = [
        Cell("Month"),
        Cell(names[0], "money"),
        Cell(names[1], "money"),
        Cell("Difference", "money"),
    ]
    rows = [
        row(
            headers,
            [
                Cell(month_name(month)),
                Cell(money(sides.left.amount), "money"),
                Cell(money(sides.right.amount), "money"),
                Cell(
                    money(sides.difference, signed=True),
                    "money off" if sides.difference else "money",
                ),
            ],
        )
        for month, sides in months.items()
    ]
    return f"<details><summary>{_summary(len(rows), title)}</summary>\n{table(headers, rows[-_MAX_ROWS:])}</details>\n"


def _summary(months: int, title: str) -> str:
    return f"The figures of {title} by month" + (
        f": the last {_MAX_ROWS} of {months:,}" if months > _MAX_ROWS else ""
    )
