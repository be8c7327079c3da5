"""Amounts, dates and counts as the report writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from paysdk.reconcile.totals import Month

__all__ = [
    "format_count",
    "format_day",
    "format_money",
    "format_month",
    "replace_control_characters",
]

# HTML may not contain control characters. The others change the direction of the text after them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
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


def replace_control_characters(text: str) -> str:
    """The text with U+FFFD for each character that could change how the page is read."""
    # Nearly all texts are printable, and this is faster than the search.
    return text if text.isprintable() else _CONTROL.sub("\ufffd", text)


def format_money(amount: Decimal, currency: str | None = None, *, signed: bool = False) -> str:
    """An amount with all its digits, and its currency."""
    sign = "+" if signed and amount else ""
    # An exponent is written out, unless that takes too many digits to read.
    text = f"{amount:{sign},f}" if abs(amount.adjusted()) < _MAX_DIGITS else f"{amount:{sign},}"
    return text.replace("-", "\u2212") + ("" if currency is None else f" {currency}")


def format_count(number: int, one: str, several: str) -> str:
    """A number and its noun, such as "1 payment" or "2 payments"."""
    return f"{number:,} {one if number == 1 else several}"


def format_day(value: date | None) -> str:
    """A date such as 2026-01-31, or "no date"."""
    return "no date" if value is None else value.isoformat()


def format_month(month: Month) -> str:
    """A month such as January 2026, or "No date"."""
    return "No date" if month is None else f"{_MONTHS[month[1] - 1]} {month[0]}"
