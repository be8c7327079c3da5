"""Currency codes."""

from __future__ import annotations

import pytest

from paysdk import ConfigurationError, NotifyProvider
from paysdk.currencies import check_currency, normalise_currency


@pytest.mark.parametrize("code", ["EUR", "eur", "Eur", "gbp", "XAU", "CHW", "HRK", "xxx"])
def test_a_code_is_taken_in_any_case(code: str) -> None:
    """It comes out in capitals. Funds, metals and what was withdrawn lately are codes, too."""
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
def test_anything_else_is_refused(code: object) -> None:
    """By the name of what it was given for."""
    with pytest.raises(
        ConfigurationError,
        match=r"--currency must be a text such as 'EUR', or None, not .*: ISO 4217 has no such code",
    ):
        check_currency("--currency", code)


async def test_a_provider_keeps_the_capital_form() -> None:
    """And refuses anything else before it is used."""
    async with NotifyProvider("test_sandbox", currency="eur") as notify:
        assert "EUR" == notify._currency
    with pytest.raises(ConfigurationError, match="EURO"):
        NotifyProvider("test_sandbox", currency="EURO")


def test_codes_are_compared_in_capitals() -> None:
    """None stays none."""
    assert ["EUR", "EUR", None] == [normalise_currency(code) for code in ("eur", "EUR", None)]
