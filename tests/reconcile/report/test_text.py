"""Amounts, dates and counts as the report writes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from paysdk.amounts import load_number_style
from paysdk.reconcile.report.text import (
    format_count,
    format_day,
    format_money,
    format_month,
    format_number,
    replace_control_characters,
    use_numbers,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234567.50", "1,234,567.50"),
        ("-5.00", "\u22125.00"),
        ("1e3", "1,000"),
        ("1e-3", "0.001"),
        ("1e40", "1E+40"),
        ("0E+50", "0E+50"),
    ],
)
def test_an_amount_keeps_all_its_digits(amount: str, text: str) -> None:
    """Exponents are written out up to forty digits."""
    assert text == format_money(Decimal(amount))


def test_a_difference_has_a_sign() -> None:
    """Zero has no sign, and the currency follows the amount."""
    assert ("+5.00 EUR", "\u22125", "0.00") == (
        format_money(Decimal(5), "EUR", signed=True),
        format_money(Decimal(-5), signed=True),
        format_money(Decimal("0.00"), signed=True),
    )


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    """A currency that is named elsewhere counts, too."""
    assert ("1,236.50 EUR", "1,236.50", "500 JPY", "0.001 EUR") == (
        format_money(Decimal("1236.5"), "EUR"),
        format_money(Decimal("1236.5"), of="EUR"),
        format_money(Decimal(500), "JPY"),
        format_money(Decimal("0.001"), "EUR"),
    )


def test_a_locale_lasts_as_long_as_its_context() -> None:
    """Amounts and counts are written in its way."""
    with use_numbers(load_number_style("de")):
        written = format_money(Decimal("-1236.5"), "EUR"), format_number(12345)

    assert ("\u22121.236,50 EUR", "12.345") == written
    assert "12,345" == format_number(12345)


def test_a_count_agrees_with_its_noun() -> None:
    """One takes the singular, every other number the plural."""
    assert ["0 payments", "1 payment", "1,000 payments"] == [
        format_count(number, "payment", "payments") for number in (0, 1, 1000)
    ]


def test_a_missing_date_is_named() -> None:
    """Days and months say so if there is no date."""
    assert ("2026-01-31", "no date") == (format_day(date(2026, 1, 31)), format_day(None))
    assert ("December 2026", "No date") == (format_month((2026, 12)), format_month(None))


def test_control_characters_are_replaced() -> None:
    """Characters that HTML forbids or that change the direction of text become U+FFFD."""
    assert "a\ufffdb\ufffd\ufffd\ufffdé<&" == replace_control_characters(
        "a\x00b\u202e\u2066\ud800é<&"
    )
