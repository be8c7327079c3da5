"""Tables for people: as much as fits the width, and never a digit less."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from paysdk.cli.screen import as_text
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

__all__ = ["amounts", "payments_table", "plain_table"]

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


def payments_table(payments: Sequence[Payment], width: int, *, of_one_invoice: bool = False) -> Table:
    """One table of payments, with as many columns as *width* has room for; a column in which nothing stands is left out."""
    wanted = [column for column in _BY_IMPORTANCE if not (of_one_invoice and column in _OF_THE_INVOICE)]
    money = amounts("Amount", [(payment.amount, payment.currency) for payment in payments])
    cells = {column: [as_text(column.value(payment)) for payment in payments] for column in wanted}
    widths = _dealt({column: _needed(column, texts) for column, texts in cells.items() if any(texts)}, width - cell_len(money[0]))
    table = plain_table()
    texts: list[list[str]] = []
    for column in (*_BEFORE_AMOUNT, None, *_AFTER_AMOUNT):
        if column is None:
            table.add_column(Text(money[0]), width=cell_len(money[0]), overflow="fold")
            texts.append(money[1:])
        elif column in widths:
            table.add_column(Text(column.header), width=widths[column], no_wrap=True, style=column.style)
            texts.append(cells[column])
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
    parts = [("" if amount is None else f"{amount:,}", as_text(currency)) for amount, currency in values]
    split = [(text.partition("."), currency) for text, currency in parts]
    wholes = max((len(whole) for (whole, _, _), _ in split), default=0)
    fractions = max((len(point + digits) for (_, point, digits), _ in split), default=0)
    currencies = max((cell_len(currency) + 1 for _, currency in split if currency), default=0)
    lines = [
        whole.rjust(wholes) + (point + digits).ljust(fractions) + (f" {currency}" if currency else "").ljust(currencies)
        for (whole, point, digits), currency in split
    ]
    room = max(wholes + fractions, len(header))
    return [header.rjust(room) + " " * currencies, *(line.rjust(room + currencies) for line in lines)]


def _needed(column: _Column, texts: Iterable[str]) -> int:
    return min(max(map(cell_len, (column.header, *texts))), _WIDEST)


def _dealt(needed: dict[_Column, int], width: int) -> dict[_Column, int]:
    """How wide each column is: what does not fit is left out, or cut where it may be."""
    widths: dict[_Column, int] = {}
    for column, wanted in needed.items():
        room = width - _GAP
        least = min(wanted, _NARROWEST) if column.cuttable else wanted
        if least <= room:
            widths[column] = min(wanted, room)
            width -= widths[column] + _GAP
    return widths
