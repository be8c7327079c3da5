"""Tests of currency codes."""

from __future__ import annotations

import pytest

from paysdk import ConfigurationError, NotifyProvider
from paysdk.currencies import check_currency, minor_digits, normalise_currency


@pytest.mark.parametrize("code", ["EUR", "eur", "Eur", "gbp", "XAU", "CHW", "HRK", "xxx"])
def test_accepts_a_code_in_any_case(code: str) -> None:
    """The code is returned in capitals; funds, metals and withdrawn codes are codes, too."""
    assert code.upper() == check_currency("currency", code)


@pytest.mark.parametrize(
    "code",
    [
        "EURO",
        "EU",
        "E1R",
        "\u20ac",
        " eur ",
        "EUR ",
        "",
        "ERU",
        "CNH",
        "ABC",
        "\u0435ur",
        "eu\u017f",
        978,
        None,
        b"EUR",
    ],
)
def test_refuses_anything_else(code: object) -> None:
    """The message has the name of the setting."""
    with pytest.raises(
        ConfigurationError,
        match=r"--currency must be a code of ISO 4217, such as 'EUR', or None, not",
    ):
        check_currency("--currency", code)


async def test_a_provider_keeps_the_capital_form() -> None:
    """A provider stores the code in capitals, and refuses a wrong one when it is made."""
    async with NotifyProvider("test_sandbox", currency="eur") as notify:
        assert "EUR" == notify._currency
    with pytest.raises(ConfigurationError, match="EURO"):
        NotifyProvider("test_sandbox", currency="EURO")


def test_codes_are_compared_in_capitals() -> None:
    """Codes are compared in capitals, and None stays None."""
    assert ["EUR", "EUR", None] == [normalise_currency(code) for code in ("eur", "EUR", None)]


@pytest.mark.parametrize(
    ("code", "digits"),
    [("EUR", 2), ("jpy", 0), ("KWD", 3), ("CLF", 4), ("XAU", 0), ("MGA", 2), ("???", 0)],
)
def test_a_currency_has_its_own_decimals(code: str, digits: int) -> None:
    """Most currencies have two, and a code that is not in ISO 4217 gets none."""
    assert digits == minor_digits(code)
