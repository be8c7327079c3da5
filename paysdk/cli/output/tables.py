"""Tables for people: they show as much as fits the width, and never cut an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.cli.output.layout import (
    BY_IMPORTANCE,
    GAP,
    INVOICE_COLUMNS,
    Column,
    FittedColumn,
    Layout,
    Texts,
    fit_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType
    from rich.table import Column as RichColumn

    from paysdk.payment import Payment

__all__ = ["PaymentsTables", "fit_table", "payments_table", "plain_table"]


def payments_table(
    payments: Sequence[Payment],
    width: int,
    numbers: NumberStyle = ENGLISH,
    *,
    of_one_invoice: bool = False,
) -> Table:
    """A table of payments with the columns that fit into *width*, without empty columns."""
    left_out = INVOICE_COLUMNS if of_one_invoice else frozenset[Column]()
    texts = Texts.of(payments, [each for each in BY_IMPORTANCE if each not in left_out], numbers)
    columns = Layout().widen(texts).fit(texts, width)
    table = _empty_table(columns)
    for number, row in enumerate(zip(*(column.texts for column in columns), strict=True), 1):
        ends = number < len(payments) and payments[number - 1].provider != payments[number].provider
        table.add_row(*map(Text, row), end_section=ends)
    return table


def _empty_table(columns: Iterable[FittedColumn]) -> Table:
    """A table with these columns and no rows."""
    table = plain_table()
    for each in columns:
        header = Text(each.header)
        if each.column is None:
            table.add_column(header, width=each.width, overflow="fold")
        else:
            table.add_column(header, width=each.width, no_wrap=True, style=each.column.style)
    return table


@attrs.define
class PaymentsTables:
    """One long table of payments, rendered in parts so that memory use stays flat.

    The columns keep their widths from part to part. A part that needs wider or additional columns
    begins with a new header, because no amount, date or id may be cut. rich renders the header
    only: it takes about a millisecond for each row, and the padding here a few microseconds.
    """

    _console: Console
    _numbers: NumberStyle = ENGLISH
    _width: int = attrs.field(init=False)
    _layout: Layout | None = attrs.field(default=None, init=False)
    _provider: str | None = attrs.field(default=None, init=False)
    _style_cache: dict[tuple[str, str], str] = attrs.field(
        factory=dict[tuple[str, str], str], init=False
    )

    def __attrs_post_init__(self) -> None:
        # Measured once, so that all parts of the table have the same width.
        self._width = self._console.width

    def render_part(self, payments: Sequence[Payment]) -> list[str]:
        """The lines of the next payments."""
        before, texts = self._layout, Texts.of(payments, numbers=self._numbers)
        self._layout = (before or Layout()).widen(texts)
        columns = self._layout.fit(texts, self._width)
        lines: list[str] = []
        if self._layout != before:
            lines += [] if before is None else [""]
            lines += self._render(_empty_table(columns)).splitlines()
            self._provider = None
        rows = zip(*map(self._pad, columns), strict=True)
        for payment, row in zip(payments, rows, strict=True):
            if self._provider not in (None, payment.provider):
                lines.append("")
            self._provider = payment.provider
            lines += self._fold(row)
        return lines

    def _pad(self, column: FittedColumn) -> Iterable[str]:
        if column.column is None:
            return column.texts
        texts = (fit_text(text, column.width) for text in column.texts)
        style = column.column.style
        return (self._apply_style(text, style) for text in texts) if style else texts

    def _fold(self, row: tuple[str, ...]) -> list[str]:
        # If the amounts are wider than the terminal, they are the only column.
        if len(row) == 1 and cell_len(row[0]) > self._width:
            return chop_cells(row[0].strip(), self._width)
        return [(" " * GAP).join(row)]

    def _apply_style(self, text: str, style: str) -> str:
        """The text with its style. Such columns have few different texts, so they are cached."""
        if not text.strip():
            return text
        if (text, style) not in self._style_cache:
            self._style_cache[text, style] = self._render(Text(text, style), end="")
        return self._style_cache[text, style]

    def _render(self, part: RenderableType, end: str = "\n") -> str:
        with self._console.capture() as rendered:
            self._console.print(part, end=end, width=self._width, soft_wrap=not end)
        return rendered.get()


def fit_table(table: Table, width: int) -> RenderableType:
    """The table, if it fits *width* without a cut word, or else a list of each row's values."""
    needed = sum(map(_find_least_width, table.columns)) + GAP * (len(table.columns) - 1)
    if needed <= width:
        return table
    records = Table.grid(padding=(0, GAP, 0, 0))
    records.add_column(no_wrap=True)
    records.add_column(overflow="fold")
    for row in zip(*(column.cells for column in table.columns), strict=True):
        if records.row_count:
            records.add_row("", "")
        for column, cell in zip(table.columns, row, strict=True):
            records.add_row(str(column.header).strip(), Text(str(cell).strip()))
    return records


def _find_least_width(column: RichColumn) -> int:
    texts = [str(column.header), *map(str, column.cells)]
    parts = (text.splitlines() if column.no_wrap else text.split() for text in texts)
    return max((cell_len(part) for each in parts for part in each), default=0)


def plain_table() -> Table:
    """A table without columns, with a line below its header and no border."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
