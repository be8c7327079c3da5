"""Which columns fit the width of a terminal, how wide they are, and their texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
from rich.cells import cell_len, set_cell_size

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.cli.output.terminal import to_printable
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

__all__ = [
    "BY_IMPORTANCE",
    "GAP",
    "INVOICE_COLUMNS",
    "Column",
    "FittedColumn",
    "Layout",
    "Texts",
    "align_amounts",
    "fit_text",
]

# In cells of a terminal.
GAP = 2
_MAX_COLUMN_CHARS = 36  # a UUID
_MIN_COLUMN_CHARS = 10


@attrs.frozen
class Column:
    """A column of a table of payments."""

    header: str
    value: Callable[[Payment], object]
    # Whether a value may be cut to fit. An amount, a date or an id would be wrong if it were cut.
    can_be_cut: bool = False
    style: str = ""


# From left to right.
_PROVIDER = Column("Provider", lambda payment: payment.provider)
_ID = Column("Payment", lambda payment: payment.id)
_DATE = Column("Date", lambda payment: payment.payment_date)
_INVOICE = Column("Invoice", lambda payment: payment.invoice.number or payment.invoice.id)
_INVOICE_ID = Column("Invoice id", lambda payment: payment.invoice.id)
_CUSTOMER = Column(
    "Customer",
    lambda payment: payment.customer and (payment.customer.name or payment.customer.number),
    can_be_cut=True,
)
_STATE = Column("State", lambda payment: "voided" if payment.is_voided else None, style="red")
_VOIDED_ON = Column("Voided on", lambda payment: payment.voided_date)
_SOURCE = Column("Source", lambda payment: payment.source, can_be_cut=True)
_EXTERNAL_ID = Column("External id", lambda payment: payment.external_id, can_be_cut=True)
_MODIFIED = Column(
    "Modified (UTC)",
    lambda payment: payment.modified_at and f"{payment.modified_at:%Y-%m-%d %H:%M}",
)

_BEFORE_AMOUNT = (_PROVIDER, _ID, _DATE, _INVOICE, _INVOICE_ID, _CUSTOMER)
_AFTER_AMOUNT = (_STATE, _VOIDED_ON, _SOURCE, _EXTERNAL_ID, _MODIFIED)
# The first columns get their width first.
BY_IMPORTANCE = (
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
INVOICE_COLUMNS = frozenset({_PROVIDER, _INVOICE, _INVOICE_ID, _CUSTOMER})


# The digits before the point, the point with the digits after it, and the currency.
_AmountParts: TypeAlias = tuple[str, str, str]


@attrs.frozen
class Texts:
    """The texts of some payments: those of each column, by importance, and the amounts."""

    by_column: Mapping[Column, list[str]]
    money: list[_AmountParts]

    @classmethod
    def of(
        cls,
        payments: Sequence[Payment],
        columns: Iterable[Column] = BY_IMPORTANCE,
        numbers: NumberStyle = ENGLISH,
    ) -> Texts:
        """The texts of these payments in these columns."""
        return cls(
            {column: [to_printable(column.value(each)) for each in payments] for column in columns},
            _split_amounts(((each.amount, each.currency) for each in payments), numbers),
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
class Layout:
    """The columns that are not empty, and the width that each of them needs."""

    needed: Mapping[Column, int] = attrs.field(factory=dict["Column", int])
    amounts: _AmountWidths = attrs.field(factory=_AmountWidths)

    def widen(self, texts: Texts) -> Layout:
        """The layout that also has room for these texts."""
        needed = {
            column: max(self.needed.get(column, 0), _column_width(column, of_column))
            for column, of_column in texts.by_column.items()
            if column in self.needed or any(of_column)
        }
        return Layout(needed, self.amounts.widen(texts.money))

    def fit(self, texts: Texts, width: int) -> list[FittedColumn]:
        """The columns that fit into *width*, from left to right, with their texts."""
        header, *money = _align("Amount", texts.money, self.amounts)
        widths = _assign_widths(self.needed, width - cell_len(header))
        amount = FittedColumn(header, cell_len(header), money)
        return [
            *(
                FittedColumn.of(column, widths, texts)
                for column in _BEFORE_AMOUNT
                if column in widths
            ),
            amount,
            *(
                FittedColumn.of(column, widths, texts)
                for column in _AFTER_AMOUNT
                if column in widths
            ),
        ]


@attrs.frozen
class FittedColumn:
    """A column with its width. Only the column of the amounts may be wider than the terminal."""

    header: str
    width: int
    texts: Sequence[str]
    column: Column | None = None

    @classmethod
    def of(cls, column: Column, widths: Mapping[Column, int], texts: Texts) -> FittedColumn:
        """The column with its width and its texts."""
        return cls(column.header, widths[column], texts.by_column[column], column)


def align_amounts(
    header: str,
    values: Iterable[tuple[Decimal | None, str | None]],
    numbers: NumberStyle = ENGLISH,
    *,
    of_currency: str | None = None,
) -> list[str]:
    """The header and the exact amounts, padded so that decimal points and currencies line up.

    *of_currency* is the currency of amounts whose currency is not shown.
    """
    parts = _split_amounts(values, numbers, of_currency)
    return _align(header, parts, _AmountWidths().widen(parts))


def _split_amounts(
    values: Iterable[tuple[Decimal | None, str | None]],
    numbers: NumberStyle,
    of_currency: str | None = None,
) -> list[_AmountParts]:
    parts: list[_AmountParts] = []
    for amount, currency in values:
        whole, fraction = (
            ("", "") if amount is None else numbers.split(amount, currency or of_currency)
        )
        parts.append((whole, fraction, to_printable(currency)))
    return parts


def _align(header: str, parts: Iterable[_AmountParts], widths: _AmountWidths) -> list[str]:
    room = max(widths.wholes + widths.fractions, len(header))
    before = room - widths.fractions
    return [
        header.rjust(room) + " " * widths.currencies,
        *(
            whole.rjust(before)
            + fraction.ljust(widths.fractions)
            + fit_text(f" {currency}" if currency else "", widths.currencies)
            for whole, fraction, currency in parts
        ),
    ]


def _column_width(column: Column, texts: Iterable[str]) -> int:
    return min(max(map(cell_len, (column.header, *texts))), _MAX_COLUMN_CHARS)


def _assign_widths(needed: Mapping[Column, int], width: int) -> dict[Column, int]:
    """The width of each column. A column that does not fit is cut if it may be, else left out."""
    widths: dict[Column, int] = {}
    for column, full in needed.items():
        room = width - GAP
        least = min(full, _MIN_COLUMN_CHARS) if column.can_be_cut else full
        if least <= room:
            widths[column] = min(full, room)
            width -= widths[column] + GAP
    return widths


def fit_text(text: str, width: int) -> str:
    """The text in exactly *width* cells of a terminal, cut as rich cuts it."""
    spare = width - (len(text) if text.isascii() else cell_len(text))
    return text + " " * spare if spare >= 0 else set_cell_size(text, width - 1) + "…"
