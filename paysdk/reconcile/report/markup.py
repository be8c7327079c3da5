"""What the report's page is made of: text that is safe in HTML, amounts, and tables that can be read on a telephone."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from paysdk.reconcile.totals import Month

__all__ = ["Cell", "count_noun", "day", "head", "money", "month_name", "row", "safe", "table"]

# Control characters, which HTML may not hold, and those that turn the direction of what follows
# them.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_DIGITS = 40
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def safe(text: object) -> str:
    """Text that a provider or a user gave, as it may stand in HTML, in an attribute too."""
    return escape(_UNSHOWABLE.sub("\ufffd", str(text)))


def money(amount: Decimal, currency: str | None = None, *, signed: bool = False) -> str:
    """An amount with all its digits, and its currency."""
    sign = "+" if signed and amount else ""
    # An exponent is written out, unless that would be absurd.
    text = f"{amount:{sign},f}" if abs(amount.adjusted()) < _MAX_DIGITS else f"{amount:{sign},}"
    return text.replace("-", "\u2212") + ("" if currency is None else f" {safe(currency)}")


def count_noun(number: int, one: str, several: str) -> str:
    """A number, and what there are so many of."""
    return f"{number:,} {one if number == 1 else several}"


def day(value: date | None) -> str:
    """A date, or that there is none."""
    return "no date" if value is None else value.isoformat()


def month_name(month: Month) -> str:
    """Such as January 2026."""
    return "No date" if month is None else f"{_MONTHS[month[1] - 1]} {month[0]}"


@attrs.frozen
class Cell:
    """A cell of a table: *html*, and the classes that it has."""

    html: str
    kind: str = ""


def table(
    headers: Sequence[Cell], rows: Iterable[str], *, caption: str = "", name: str = ""
) -> str:
    """A table that becomes a list of cards where there is no room for its columns.

    The roles say that it is a table then too.
    """
    titled = f"<caption>{caption}</caption>\n" if caption else ""
    identity = f' id="{name}"' if name else ""
    return (
        f'<table class="stacked" role="table"{identity}>\n{titled}<thead '
        f'role="rowgroup">{head(headers)}</thead>\n'
        f'<tbody role="rowgroup">\n{"".join(rows)}</tbody>\n</table>\n'
    )


def head(headers: Sequence[Cell]) -> str:
    """The row of headers."""
    cells = "".join(
        f'<th role="columnheader" scope="col"{_classed(cell.kind)}>{cell.html}</th>'
        for cell in headers
    )
    return f'<tr role="row">{cells}</tr>'


def row(headers: Sequence[Cell], cells: Sequence[Cell], attributes: str = "") -> str:
    """A row. Its first cell says what it is about; the others repeat their headers for where those are not seen."""
    first, *rest = cells
    others = "".join(
        f'<td role="cell"{_classed(cell.kind)} data-label="{header.html}">{cell.html}</td>'
        for header, cell in zip(headers[1:], rest, strict=True)
    )
    return (
        f'<tr role="row"{attributes}><th role="rowheader" '
        f'scope="row"{_classed(first.kind)}>{first.html}</th>{others}</tr>\n'
    )


def _classed(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
