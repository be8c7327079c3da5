"""Tables for people: as much as fits the width, and never a digit less."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from paysdk.cli.screen import as_text
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
    # Whether it may be cut to fit. What may not is an amount, a date or an id, which says something else when it is cut.
    cuttable: bool = False
    style: str = ""


# As they are shown, from left to right.
_PROVIDER = _Column("Provider", lambda payment: payment.provider)
_ID = _Column("Payment", lambda payment: payment.id)
_DATE = _Column("Date", lambda payment: payment.payment_date)
_INVOICE = _Column("Invoice", lambda payment: payment.invoice.number or payment.invoice.id)
_INVOICE_ID = _Column("Invoice id", lambda payment: payment.invoice.id)
_CUSTOMER = _Column("Customer", lambda payment: payment.customer and (payment.customer.name or payment.customer.number), cuttable=True)
_STATE = _Column("State", lambda payment: "voided" if payment.is_voided else None, style="red")
_VOIDED_ON = _Column("Voided on", lambda payment: payment.voided_date)
_SOURCE = _Column("Source", lambda payment: payment.source, cuttable=True)
_EXTERNAL_ID = _Column("External id", lambda payment: payment.external_id, cuttable=True)
_MODIFIED = _Column("Modified (UTC)", lambda payment: payment.modified_at and f"{payment.modified_at:%Y-%m-%d %H:%M}")

_BEFORE_AMOUNT = (_PROVIDER, _ID, _DATE, _INVOICE, _INVOICE_ID, _CUSTOMER)
_AFTER_AMOUNT = (_STATE, _VOIDED_ON, _SOURCE, _EXTERNAL_ID, _MODIFIED)
# Which come first when the width is dealt out.
_BY_IMPORTANCE = (_PROVIDER, _DATE, _INVOICE, _STATE, _CUSTOMER, _SOURCE, _ID, _VOIDED_ON, _EXTERNAL_ID, _INVOICE_ID, _MODIFIED)
# What is the same for all payments of one invoice.
_OF_THE_INVOICE = frozenset({_PROVIDER, _INVOICE, _INVOICE_ID, _CUSTOMER})


# The digits before the point, the point with those behind it, and the currency.
_Parts: TypeAlias = tuple[str, str, str]


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


def payments_table(payments: Sequence[Payment], width: int, *, of_one_invoice: bool = False) -> Table:
    """One table of payments, with as many columns as *width* has room for; a column in which nothing stands is left out."""
    shown = [column for column in _BY_IMPORTANCE if not (of_one_invoice and column in _OF_THE_INVOICE)]
    return _table(payments, _Layout(shown).widened(payments), width)


@attrs.define
class PaymentsTables:
    """One long table of payments, made in parts so that memory stays flat.

    The columns keep their widths from part to part. If a part needs wider columns, or further ones,
    it begins with a header again, since no amount, date or id may be cut.
    """

    width: int
    _layout: _Layout | None = attrs.field(default=None, init=False)
    _last: Payment | None = attrs.field(default=None, init=False)

    def next_part(self, payments: Sequence[Payment]) -> list[RenderableType]:
        """What to print for the next payments, of which there is at least one."""
        before = self._layout
        self._layout = (before or _Layout([*_BY_IMPORTANCE])).widened(payments)
        new = self._layout != before
        starts_provider = self._last is not None and self._last.provider != payments[0].provider
        table = _table(payments, self._layout, self.width, show_header=new)
        gap = [""] if starts_provider or (new and before is not None) else []
        self._last = payments[-1]
        return [*gap, table]


@attrs.frozen
class _Layout:
    """Which columns have anything in them, and the width that each of them needs."""

    columns: Sequence[_Column]
    needed: Mapping[_Column, int] = attrs.field(factory=dict["_Column", int])
    amounts: _AmountWidths = attrs.field(factory=_AmountWidths)

    def widened(self, payments: Sequence[Payment]) -> _Layout:
        """The layout that has room for these payments too."""
        needed = dict(self.needed)
        for column in self.columns:
            texts = [as_text(column.value(payment)) for payment in payments]
            if column in needed or any(texts):
                needed[column] = max(needed.get(column, 0), _needed(column, texts))
        ordered = {column: needed[column] for column in self.columns if column in needed}
        money = _parts((payment.amount, payment.currency) for payment in payments)
        return _Layout(self.columns, ordered, self.amounts.widened(money))


def _table(payments: Sequence[Payment], layout: _Layout, width: int, *, show_header: bool = True) -> Table:
    money = _aligned("Amount", _parts((payment.amount, payment.currency) for payment in payments), layout.amounts)
    widths = _dealt(layout.needed, width - cell_len(money[0]))
    table = plain_table()
    table.show_header = show_header
    texts: list[list[str]] = []
    for column in (*_BEFORE_AMOUNT, None, *_AFTER_AMOUNT):
        if column is None:
            table.add_column(Text(money[0]), width=cell_len(money[0]), overflow="fold")
            texts.append(money[1:])
        elif column in widths:
            table.add_column(Text(column.header), width=widths[column], no_wrap=True, style=column.style)
            texts.append([as_text(column.value(payment)) for payment in payments])
    last = len(payments) - 1
    for number, row in enumerate(zip(*texts, strict=True)):
        ends = number < last and payments[number].provider != payments[number + 1].provider
        table.add_row(*map(Text, row), end_section=ends)
    return table


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
    lines = [
        whole.rjust(widths.wholes) + fraction.ljust(widths.fractions) + (f" {currency}" if currency else "").ljust(widths.currencies)
        for whole, fraction, currency in parts
    ]
    room = max(widths.wholes + widths.fractions, len(header))
    return [header.rjust(room) + " " * widths.currencies, *(line.rjust(room + widths.currencies) for line in lines)]


def _needed(column: _Column, texts: Iterable[str]) -> int:
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
