"""Amounts, dates and counts as the report writes them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from paysdk.amounts import ENGLISH, NumberStyle

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import date
    from decimal import Decimal

    from paysdk.reconcile.totals import Month

__all__ = [
    "format_count",
    "format_day",
    "format_money",
    "format_month",
    "format_number",
    "format_title",
    "replace_control_characters",
    "use_numbers",
]

# HTML may not contain control characters. The others change the direction of the text after them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The templates call the functions of this module, so the style is not an argument.
_numbers: ContextVar[NumberStyle] = ContextVar("numbers", default=ENGLISH)
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


def replace_control_characters(text: str) -> str:
    """The text with U+FFFD for each character that could change how the page is read."""
    # Nearly all texts are printable, and this is faster than the search.
    return text if text.isprintable() else _CONTROL.sub("\ufffd", text)


@contextmanager
def use_numbers(style: NumberStyle) -> Generator[None]:
    """Write the numbers of the page in this way until the context ends."""
    before = _numbers.set(style)
    try:
        yield
    finally:
        _numbers.reset(before)


def format_money(
    amount: Decimal, currency: str | None = None, *, signed: bool = False, of: str | None = None
) -> str:
    """An amount with all its digits, and its currency.

    It has at least the decimals of the currency. *of* is a currency that is named elsewhere.
    """
    style = _numbers.get()
    sign = "+" if signed and amount > 0 else ""
    text = sign + style.format_amount(amount, currency or of)
    return text.replace("-", "\u2212") + ("" if currency is None else f" {currency}")


def format_title(currency: str | None) -> str:
    """The title of the amounts in a currency."""
    return "No currency named" if currency is None else currency


def format_number(number: int) -> str:
    """A number of things."""
    return _numbers.get().format_count(number)


def format_count(number: int, one: str, several: str) -> str:
    """A number and its noun, such as "1 payment" or "2 payments"."""
    return f"{format_number(number)} {one if number == 1 else several}"


def format_day(value: date | None) -> str:
    """A date such as 2026-01-31, or "no date"."""
    return "no date" if value is None else value.isoformat()


def format_month(month: Month) -> str:
    """A month such as January 2026, or "No date"."""
    return "No date" if month is None else f"{_MONTHS[month[1] - 1]} {month[0]}"
