"""Tables for people: as much as fits the width, and never a digit less."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
from rich import box
from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paysdk.cli.output.terminal import as_text
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from rich.console import RenderableType

__all__ = ["PaymentsTables", "amounts", "payments_table", "plain_table"]

_GAP = 2
_WIDEST = 36  # a UUID
_NARROWEST = 10


@attrs.frozen
class _Column:
    header: str
    value: Callable[[Payment], object]
    # Whether it may be cut to fit. What may not is an amount, a date or an id, which says something
    # else when it is cut.
    cuttable: bool = False
    style: str = ""


# As they are shown, from left to right.
_PROVIDER = _Column("Provider", lambda payment: payment.provider)
_ID = _Column("Payment", lambda payment: payment.id)
_DATE = _Column("Date", lambda payment: payment.payment_date)
_INVOICE = _Column("Invoice", lambda payment: payment.invoice.number or payment.invoice.id)
_INVOICE_ID = _Column("Invoice id", lambda payment: payment.invoice.id)
_CUSTOMER = _Column(
    "Customer",
    lambda payment: payment.customer and (payment.customer.name or payment.customer.number),
    cuttable=True,
)
_STATE = _Column("State", lambda payment: "voided" if payment.is_voided else None, style="red")
_VOIDED_ON = _Column("Voided on", lambda payment: payment.voided_date)
_SOURCE = _Column("Source", lambda payment: payment.source, cuttable=True)
_EXTERNAL_ID = _Column("External id", lambda payment: payment.external_id, cuttable=True)
_MODIFIED = _Column(
    "Modified (UTC)",
    lambda payment: payment.modified_at and f"{payment.modified_at:%Y-%m-%d %H:%M}",
)

_BEFORE_AMOUNT = (_PROVIDER, _ID, _DATE, _INVOICE, _INVOICE_ID, _CUSTOMER)
_AFTER_AMOUNT = (_STATE, _VOIDED_ON, _SOURCE, _EXTERNAL_ID, _MODIFIED)
# Which come first when the width is dealt out.
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
# What is the same for all payments of one invoice.
_OF_THE_INVOICE = frozenset({_PROVIDER, _INVOICE, _INVOICE_ID, _CUSTOMER})


# The digits before the point, the point with those behind it, and the currency.
_Parts: TypeAlias = tuple[str, str, str]


@attrs.frozen
class _Texts:
    """What to show of some payments: the text of each column, by importance, and the amounts."""

    by_column: Mapping[_Column, list[str]]
    money: list[_Parts]

    @classmethod
    def of(cls, payments: Sequence[Payment], columns: Iterable[_Column] = _BY_IMPORTANCE) -> _Texts:
        """The texts of these payments in these columns."""
        return cls(
            {column: [as_text(column.value(each)) for each in payments] for column in columns},
            _parts((payment.amount, payment.currency) for payment in payments),
        )


@attrs.frozen
class _AmountWidths:
    wholes: int = 0
    fractions: int = 0
    currencies: int = 0

    def widened(self, parts: Iterable[_Parts]) -> _AmountWidths:
        """The widths that have room for these too."""
        wholes, fractions, currencies = self.wholes, self.fractions, self.currencies
        for whole, fraction, currency in parts:
            wholes = max(wholes, len(whole))
            fractions = max(fractions, len(fraction))
            currencies = max(currencies, cell_len(currency) + 1 if currency else 0)
        return _AmountWidths(wholes, fractions, currencies)


@attrs.frozen
class _Layout:
    """Which columns have anything in them, and the width that each of them needs."""

    needed: Mapping[_Column, int] = attrs.field(factory=dict["_Column", int])
    amounts: _AmountWidths = attrs.field(factory=_AmountWidths)

    def widened(self, texts: _Texts) -> _Layout:
        """The layout that has room for these texts too."""
        needed = {
            column: max(self.needed.get(column, 0), _needed_width(column, of_column))
            for column, of_column in texts.by_column.items()
            if column in self.needed or any(of_column)
        }
        return _Layout(needed, self.amounts.widened(texts.money))

    def dealt(self, texts: _Texts, width: int) -> list[_Dealt]:
        """The columns that *width* has room for, from left to right, with their texts."""
        header, *money = _aligned("Amount", texts.money, self.amounts)
        widths = _dealt(self.needed, width - cell_len(header))
        amount = _Dealt(header, cell_len(header), money)
        return [
            *(_Dealt.of(column, widths, texts) for column in _BEFORE_AMOUNT if column in widths),
            amount,
            *(_Dealt.of(column, widths, texts) for column in _AFTER_AMOUNT if column in widths),
        ]


@attrs.frozen
class _Dealt:
    """A column with its width. Only that of the amounts may be wider than the terminal."""

    header: str
    width: int
    texts: Sequence[str]
    column: _Column | None = None

    @classmethod
    def of(cls, column: _Column, widths: Mapping[_Column, int], texts: _Texts) -> _Dealt:
        """A column that has got a width."""
        return cls(column.header, widths[column], texts.by_column[column], column)


def payments_table(
    payments: Sequence[Payment], width: int, *, of_one_invoice: bool = False
) -> Table:
    """One table of payments, with as many columns as *width* has room for; a column in which nothing stands is left out."""
    omitted = _OF_THE_INVOICE if of_one_invoice else frozenset[_Column]()
    texts = _Texts.of(payments, [each for each in _BY_IMPORTANCE if each not in omitted])
    columns = _Layout().widened(texts).dealt(texts, width)
    table = _header(columns)
    for number, row in enumerate(zip(*(column.texts for column in columns), strict=True), 1):
        ends = number < len(payments) and payments[number - 1].provider != payments[number].provider
        table.add_row(*map(Text, row), end_section=ends)
    return table


def _header(columns: Iterable[_Dealt]) -> Table:
    """A table of these columns, without rows."""
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
    """One long table of payments, written in parts so that memory stays flat.

    The columns keep their widths from part to part. If a part needs wider columns, or further ones,
    it begins with a header again, since no amount, date or id may be cut. rich renders the header
    only: it takes about a millisecond for a row, and a row that is padded here a few microseconds.
    """

    _console: Console
    _width: int = attrs.field(init=False)
    _layout: _Layout | None = attrs.field(default=None, init=False)
    _provider: str | None = attrs.field(default=None, init=False)
    _styled: dict[tuple[str, str], str] = attrs.field(
        factory=dict[tuple[str, str], str], init=False
    )

    def __attrs_post_init__(self) -> None:
        # Measured once, since the parts of one table belong together.
        self._width = self._console.width

    def next_part(self, payments: Sequence[Payment]) -> list[str]:
        """The lines for the next payments."""
        before, texts = self._layout, _Texts.of(payments)
        self._layout = (before or _Layout()).widened(texts)
        columns = self._layout.dealt(texts, self._width)
        lines: list[str] = []
        if self._layout != before:
            lines += [] if before is None else [""]
            lines += self._rendered(_header(columns)).splitlines()
            self._provider = None
        rows = zip(*map(self._fitted, columns), strict=True)
        for payment, row in zip(payments, rows, strict=True):
            if self._provider not in (None, payment.provider):
                lines.append("")
            self._provider = payment.provider
            lines += self._folded(row)
        return lines

    def _fitted(self, column: _Dealt) -> Iterable[str]:
        if column.column is None:
            return column.texts
        fitted = (_fit(text, column.width) for text in column.texts)
        style = column.column.style
        return (self._in_style(text, style) for text in fitted) if style else fitted

    def _folded(self, row: tuple[str, ...]) -> list[str]:
        # If the amounts alone are wider than the terminal, there is no other column.
        if len(row) == 1 and cell_len(row[0]) > self._width:
            return chop_cells(row[0].strip(), self._width)
        return [(" " * _GAP).join(row)]

    def _in_style(self, text: str, style: str) -> str:
        """The text as the terminal gets it. What is styled has few different texts."""
        if not text.strip():
            return text
        if (text, style) not in self._styled:
            self._styled[text, style] = self._rendered(Text(text, style), end="")
        return self._styled[text, style]

    def _rendered(self, part: RenderableType, end: str = "\n") -> str:
        with self._console.capture() as rendered:
            self._console.print(part, end=end, width=self._width, soft_wrap=not end)
        return rendered.get()


def _fit(text: str, width: int) -> str:
    """The text in exactly so many cells of a terminal, cut as rich cuts it."""
    spare = width - (len(text) if text.isascii() else cell_len(text))
    return text + " " * spare if spare >= 0 else set_cell_size(text, width - 1) + "…"


def plain_table() -> Table:
    """An empty table with a line below its header, and none around it."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def amounts(header: str, values: Iterable[tuple[Decimal | None, str | None]]) -> list[str]:
    """Amounts under their header, with exactly their digits, so padded that decimal points and currencies stand below each other."""
    parts = _parts(values)
    return _aligned(header, parts, _AmountWidths().widened(parts))


def _parts(values: Iterable[tuple[Decimal | None, str | None]]) -> list[_Parts]:
    parts: list[_Parts] = []
    for amount, currency in values:
        whole, point, digits = ("" if amount is None else f"{amount:,}").partition(".")
        parts.append((whole, point + digits, as_text(currency)))
    return parts


def _aligned(header: str, parts: Iterable[_Parts], widths: _AmountWidths) -> list[str]:
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


def _needed_width(column: _Column, texts: Iterable[str]) -> int:
    return min(max(map(cell_len, (column.header, *texts))), _WIDEST)


def _dealt(needed: Mapping[_Column, int], width: int) -> dict[_Column, int]:
    """How wide each column is: what does not fit is left out, or cut where it may be."""
    widths: dict[_Column, int] = {}
    for column, wanted in needed.items():
        room = width - _GAP
        least = min(wanted, _NARROWEST) if column.cuttable else wanted
        if least <= room:
            widths[column] = min(wanted, room)
            width -= widths[column] + _GAP
    return widths
