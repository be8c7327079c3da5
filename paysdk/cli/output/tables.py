"""Tables for people: they show as much as fits the width, and never cut an amount."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
from rich import box
from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paysdk.cli.output.terminal import printable
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from rich.console import RenderableType

__all__ = ["PaymentsTables", "align_amounts", "payments_table", "plain_table"]

# In cells of a terminal.
_GAP = 2
_MAX_WIDTH = 36  # a UUID
_MIN_WIDTH = 10


@attrs.frozen
class _Column:
    header: str
    value: Callable[[Payment], object]
    # Whether a value may be cut to fit. An amount, a date or an id would be wrong if it were cut.
    can_be_cut: bool = False
    style: str = ""


# From left to right.
_PROVIDER = _Column("Provider", lambda payment: payment.provider)
_ID = _Column("Payment", lambda payment: payment.id)
_DATE = _Column("Date", lambda payment: payment.payment_date)
_INVOICE = _Column("Invoice", lambda payment: payment.invoice.number or payment.invoice.id)
_INVOICE_ID = _Column("Invoice id", lambda payment: payment.invoice.id)
_CUSTOMER = _Column(
    "Customer",
    lambda payment: payment.customer and (payment.customer.name or payment.customer.number),
    can_be_cut=True,
)
_STATE = _Column("State", lambda payment: "voided" if payment.is_voided else None, style="red")
_VOIDED_ON = _Column("Voided on", lambda payment: payment.voided_date)
_SOURCE = _Column("Source", lambda payment: payment.source, can_be_cut=True)
_EXTERNAL_ID = _Column("External id", lambda payment: payment.external_id, can_be_cut=True)
_MODIFIED = _Column(
    "Modified (UTC)",
    lambda payment: payment.modified_at and f"{payment.modified_at:%Y-%m-%d %H:%M}",
)

_BEFORE_AMOUNT = (_PROVIDER, _ID, _DATE, _INVOICE, _INVOICE_ID, _CUSTOMER)
_AFTER_AMOUNT = (_STATE, _VOIDED_ON, _SOURCE, _EXTERNAL_ID, _MODIFIED)
# The first columns get their width first.
_BY_IMPORTANCE = (
    _PROVIDER,
    _DATE,
    _INVOICE,
    _STATE,
    _CUSTOMER,
    _SOURCE,
    _ID,
    _VOIDED_ON,
    _EXTERNAL_ID,
    _INVOICE_ID,
    _MODIFIED,
)
# These are the same for all payments of one invoice.
_INVOICE_COLUMNS = frozenset({_PROVIDER, _INVOICE, _INVOICE_ID, _CUSTOMER})


# The digits before the point, the point with the digits after it, and the currency.
_AmountParts: TypeAlias = tuple[str, str, str]


@attrs.frozen
class _Texts:
    """The texts of some payments: those of each column, by importance, and the amounts."""

    by_column: Mapping[_Column, list[str]]
    money: list[_AmountParts]

    @classmethod
    def of(cls, payments: Sequence[Payment], columns: Iterable[_Column] = _BY_IMPORTANCE) -> _Texts:
        """The texts of these payments in these columns."""
        return cls(
            {column: [printable(column.value(each)) for each in payments] for column in columns},
            _split_amounts((payment.amount, payment.currency) for payment in payments),
        )


@attrs.frozen
class _AmountWidths:
    wholes: int = 0
    fractions: int = 0
    currencies: int = 0

    def widen(self, parts: Iterable[_AmountParts]) -> _AmountWidths:
        """The widths that also have room for these amounts."""
        wholes, fractions, currencies = self.wholes, self.fractions, self.currencies
        for whole, fraction, currency in parts:
            wholes = max(wholes, len(whole))
            fractions = max(fractions, len(fraction))
            currencies = max(currencies, cell_len(currency) + 1 if currency else 0)
        return _AmountWidths(wholes, fractions, currencies)


@attrs.frozen
class _Layout:
    """The columns that are not empty, and the width that each of them needs."""

    needed: Mapping[_Column, int] = attrs.field(factory=dict["_Column", int])
    amounts: _AmountWidths = attrs.field(factory=_AmountWidths)

    def widen(self, texts: _Texts) -> _Layout:
        """The layout that also has room for these texts."""
        needed = {
            column: max(self.needed.get(column, 0), _column_width(column, of_column))
            for column, of_column in texts.by_column.items()
            if column in self.needed or any(of_column)
        }
        return _Layout(needed, self.amounts.widen(texts.money))

    def fit(self, texts: _Texts, width: int) -> list[_FittedColumn]:
        """The columns that fit into *width*, from left to right, with their texts."""
        header, *money = _align("Amount", texts.money, self.amounts)
        widths = _assign_widths(self.needed, width - cell_len(header))
        amount = _FittedColumn(header, cell_len(header), money)
        return [
            *(
                _FittedColumn.of(column, widths, texts)
                for column in _BEFORE_AMOUNT
                if column in widths
            ),
            amount,
            *(
                _FittedColumn.of(column, widths, texts)
                for column in _AFTER_AMOUNT
                if column in widths
            ),
        ]


@attrs.frozen
class _FittedColumn:
    """A column with its width. Only the column of the amounts may be wider than the terminal."""

    header: str
    width: int
    texts: Sequence[str]
    column: _Column | None = None

    @classmethod
    def of(cls, column: _Column, widths: Mapping[_Column, int], texts: _Texts) -> _FittedColumn:
        """The column with its width and its texts."""
        return cls(column.header, widths[column], texts.by_column[column], column)


def payments_table(
    payments: Sequence[Payment], width: int, *, of_one_invoice: bool = False
) -> Table:
    """A table of payments with the columns that fit into *width*, without empty columns."""
    left_out = _INVOICE_COLUMNS if of_one_invoice else frozenset[_Column]()
    texts = _Texts.of(payments, [each for each in _BY_IMPORTANCE if each not in left_out])
    columns = _Layout().widen(texts).fit(texts, width)
    table = _empty_table(columns)
    for number, row in enumerate(zip(*(column.texts for column in columns), strict=True), 1):
        ends = number < len(payments) and payments[number - 1].provider != payments[number].provider
        table.add_row(*map(Text, row), end_section=ends)
    return table


def _empty_table(columns: Iterable[_FittedColumn]) -> Table:
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
    _width: int = attrs.field(init=False)
    _layout: _Layout | None = attrs.field(default=None, init=False)
    _provider: str | None = attrs.field(default=None, init=False)
    _style_cache: dict[tuple[str, str], str] = attrs.field(
        factory=dict[tuple[str, str], str], init=False
    )

    def __attrs_post_init__(self) -> None:
        # Measured once, so that all parts of the table have the same width.
        self._width = self._console.width

    def next_part(self, payments: Sequence[Payment]) -> list[str]:
        """The lines of the next payments."""
        before, texts = self._layout, _Texts.of(payments)
        self._layout = (before or _Layout()).widen(texts)
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

    def _pad(self, column: _FittedColumn) -> Iterable[str]:
        if column.column is None:
            return column.texts
        texts = (_fit(text, column.width) for text in column.texts)
        style = column.column.style
        return (self._apply_style(text, style) for text in texts) if style else texts

    def _fold(self, row: tuple[str, ...]) -> list[str]:
        # If the amounts are wider than the terminal, there is no other column.
        if len(row) == 1 and cell_len(row[0]) > self._width:
            return chop_cells(row[0].strip(), self._width)
        return [(" " * _GAP).join(row)]

    def _apply_style(self, text: str, style: str) -> str:
        """The text with its style. Columns with a style have few different texts: a cache pays."""
        if not text.strip():
            return text
        if (text, style) not in self._style_cache:
            self._style_cache[text, style] = self._render(Text(text, style), end="")
        return self._style_cache[text, style]

    def _render(self, part: RenderableType, end: str = "\n") -> str:
        with self._console.capture() as rendered:
            self._console.print(part, end=end, width=self._width, soft_wrap=not end)
        return rendered.get()


def _fit(text: str, width: int) -> str:
    """The text in exactly *width* cells of a terminal, cut as rich cuts it."""
    spare = width - (len(text) if text.isascii() else cell_len(text))
    return text + " " * spare if spare >= 0 else set_cell_size(text, width - 1) + "…"


def plain_table() -> Table:
    """A table without columns, with a line below its header and no border."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def align_amounts(header: str, values: Iterable[tuple[Decimal | None, str | None]]) -> list[str]:
    """The header and the exact amounts, padded so that decimal points and currencies line up."""
    parts = _split_amounts(values)
    return _align(header, parts, _AmountWidths().widen(parts))


def _split_amounts(values: Iterable[tuple[Decimal | None, str | None]]) -> list[_AmountParts]:
    parts: list[_AmountParts] = []
    for amount, currency in values:
        whole, point, digits = ("" if amount is None else f"{amount:,}").partition(".")
        parts.append((whole, point + digits, printable(currency)))
    return parts


def _align(header: str, parts: Iterable[_AmountParts], widths: _AmountWidths) -> list[str]:
    room = max(widths.wholes + widths.fractions, len(header))
    before = room - widths.fractions
    return [
        header.rjust(room) + " " * widths.currencies,
        *(
            whole.rjust(before)
            + fraction.ljust(widths.fractions)
            + _fit(f" {currency}" if currency else "", widths.currencies)
            for whole, fraction, currency in parts
        ),
    ]


def _column_width(column: _Column, texts: Iterable[str]) -> int:
    return min(max(map(cell_len, (column.header, *texts))), _MAX_WIDTH)


def _assign_widths(needed: Mapping[_Column, int], width: int) -> dict[_Column, int]:
    """The width of each column. A column that does not fit is left out, or cut if it may be."""
    widths: dict[_Column, int] = {}
    for column, full in needed.items():
        room = width - _GAP
        least = min(full, _MIN_WIDTH) if column.can_be_cut else full
        if least <= room:
            widths[column] = min(full, room)
            width -= widths[column] + _GAP
    return widths
