"""Amounts as people read them."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import ConfigurationError
from paysdk.amounts import ENGLISH, NumberStyle, load_number_style

LOCALES = ("en", "de", "de_CH", "fr", "en_IN", "sv", "ar_EG", "es")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1236.5", "EUR", "1,236.50"),
        ("1236.5", "eur", "1,236.50"),
        ("0.001", "EUR", "0.001"),
        ("1236.500", "EUR", "1,236.500"),
        ("100", "EUR", "100.00"),
        ("1234567", "JPY", "1,234,567"),
        ("0.5", "JPY", "0.5"),
        ("1.5", "KWD", "1.500"),
        ("1.5", "CLF", "1.5000"),
        ("1236.5", None, "1,236.5"),
        ("1236.5", "POINTS", "1,236.5"),
        ("-1236.5", "EUR", "-1,236.50"),
        ("-0.00", "EUR", "0.00"),
        ("1E+3", "EUR", "1,000.00"),
        ("1E-7", "EUR", "0.0000001"),
        ("1E+40", "EUR", "1E+40"),
        ("-1.5E+60", "EUR", "-1.5E+60"),
        ("123456789012345678901234567890.12", "EUR", "123,456,789,012,345,678,901,234,567,890.12"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(
    amount: str, currency: str | None, text: str
) -> None:
    """It has at least as many as the currency, and never fewer than were sent."""
    assert text == ENGLISH.format_amount(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "-1,234,567.50"),
        ("de", "-1.234.567,50"),
        ("de-DE", "-1.234.567,50"),
        ("fr_FR", "-1\u202f234\u202f567,50"),
        ("sv", "\u22121\xa0234\xa0567,50"),
        ("en_IN", "-12,34,567.50"),
        ("ar_EG", "-1,234,567.50"),
    ],
)
def test_a_locale_groups_in_its_way(locale: str, text: str) -> None:
    """Groups, point and minus are those of the locale, and the digits are always Western."""
    assert text == load_number_style(locale).format_amount(Decimal("-1234567.5"), "EUR")


def test_a_count_is_grouped() -> None:
    """A number of things has no decimals."""
    assert ["7", "1,234", "1.234.567"] == [
        ENGLISH.format_count(7),
        ENGLISH.format_count(1234),
        load_number_style("de").format_count(1234567),
    ]


@pytest.mark.parametrize(
    ("sentence", "english", "german"),
    [
        (
            "-12000.50 and 1234567.89.",
            "-12,000.50 and 1,234,567.89.",
            "-12.000,50 and 1.234.567,89.",
        ),
        ("It is +1000.00, of 2026-03-02", "It is +1,000.00, of 2026-03-02", None),
        ("payment 123456 at http://127.0.0.1:8080/v1.2/x, 1,234.50", None, None),
    ],
)
def test_the_amounts_of_a_sentence_are_grouped(
    sentence: str, english: str | None, german: str | None
) -> None:
    """Ids, days and addresses stay, and so does an amount that has groups."""
    assert (english or sentence) == ENGLISH.format_sentence(sentence)
    if german is not None:
        assert german == load_number_style("de").format_sentence(sentence)


@pytest.mark.parametrize("locale", ["xx", "", "de_DE_de_DE", "not a locale", 7])
def test_an_unknown_locale_is_refused(locale: str) -> None:
    """The message says what a locale looks like."""
    with pytest.raises(ConfigurationError, match="such as 'de' or 'en_IN'"):
        load_number_style(locale)


def test_a_missing_extra_is_named() -> None:
    """Only a locale needs Babel."""
    source = (
        "import sys; sys.modules['babel'] = None; from paysdk.amounts import load_number_style; "
        "load_number_style('de')"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )

    assert "A locale needs babel, which is not installed" in done.stderr


@given(
    amount=st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30
    ),
    locale=st.sampled_from(LOCALES),
    currency=st.sampled_from([None, "EUR", "JPY", "KWD"]),
)
def test_no_digit_is_lost(amount: Decimal, locale: str, currency: str | None) -> None:
    """The text has the value of the amount, in every locale."""
    style: NumberStyle = load_number_style(locale)
    whole, fraction = style.split(amount, currency)

    plain = whole.replace(style.group, "").replace(style.minus, "-")
    assert amount == Decimal(plain + fraction.replace(style.point, "."))
