"""The parts that all tables of the page have: cells and rows. ``table.html`` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.report.text import format_money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.reconcile.totals import Sides

__all__ = ["Cell", "Row", "Table", "difference_cell"]


@attrs.frozen
class Cell:
    """The text of a cell, and its CSS classes."""

    text: str
    kind: str = ""


@attrs.frozen
class Row:
    """The cells of a row, and its CSS class."""

    cells: list[Cell]
    kind: str = ""


@attrs.frozen
class Table:
    """A table whose first column says what each row is about."""

    headers: list[Cell]
    rows: list[Row]
    caption: str = ""

    def amounts(self) -> Iterator[str]:
        """The text of each cell with an amount."""
        for row in self.rows:
            for cell in row.cells:
                if cell.kind.startswith("money"):
                    yield cell.text


def difference_cell(sides: Sides, currency: str | None) -> Cell:
    """The difference between two sides, in red unless it is zero."""
    difference = sides.difference
    return Cell(
        format_money(difference, signed=True, of=currency), "money off" if difference else "money"
    )
