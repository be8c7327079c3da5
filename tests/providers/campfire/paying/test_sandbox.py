"""What Campfire's sandbox makes of an order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from paysdk.providers.campfire.paying.sandbox import NAME_FORMS, NameForm, split_in_two


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("exact", "  Zahlung\u00a0Für " + "x" * 50),
        ("cut", "  Zahlung\u00a0Für " + "x" * 36),
        ("lower", "  zahlung\u00a0für " + "x" * 50),
        ("NFC", "  Zahlung\u00a0Für " + "x" * 50),
        ("NFD", "  Zahlung\u00a0Fu\u0308r " + "x" * 50),
        ("trimmed", "Zahlung Für " + "x" * 50),
        ("dropped", None),
    ],
)
def test_each_form_of_an_external_id(form: NameForm, expected: str | None) -> None:
    """A server may keep an external id as it is, change it, cut it or drop it."""
    assert expected == NAME_FORMS[form]("  Zahlung\u00a0Für " + "x" * 50)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("10.00", ["9.99", "0.01"]), ("0.02", ["0.01", "0.01"]), ("0.01", ["0.01"])],
)
def test_split_amounts_add_up(amount: str, expected: list[str]) -> None:
    """Two parts have exactly the sum, and a cent stays whole."""
    assert [Decimal(part) for part in expected] == [*split_in_two(Decimal(amount))]
