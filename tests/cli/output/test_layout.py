"""The widths and the texts of columns."""

from __future__ import annotations

from decimal import Decimal

from paysdk.cli.output.layout import align_amounts


def test_amounts_line_up_at_their_points() -> None:
    """Amounts keep their digits, and decimal points and currencies line up."""
    values = [
        (Decimal(1200), "USD"),
        (Decimal("1234567.5"), "EUR"),
        (Decimal("-0.10"), None),
        (None, None),
    ]

    assert [
        "      Amount    ",
        "    1,200.00 USD",
        "1,234,567.50 EUR",
        "       -0.10    ",
        "                ",
    ] == align_amounts("Amount", values)
