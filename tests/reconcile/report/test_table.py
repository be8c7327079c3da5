"""Tables as data."""

from __future__ import annotations

from decimal import Decimal

from paysdk.reconcile import Sides, Total
from paysdk.reconcile.report.table import Cell, Row, Table, difference_cell


def test_the_amounts_are_those_of_the_rows() -> None:
    """Headers and counts are left out."""
    table = Table(
        [Cell("Finding"), Cell("2checkout", "money")],
        [Row([Cell("Matched"), Cell("7", "number"), Cell("1.50", "money off")])],
    )

    assert ["1.50"] == list(table.amounts())


def test_a_difference_is_red() -> None:
    """A difference is red, and zero is not."""
    euro, nothing = Total(1, Decimal("1.00")), Total()

    assert [Cell("+1.00", "money off"), Cell("0.00", "money")] == [
        difference_cell(Sides(euro, nothing), "EUR"),
        difference_cell(Sides(euro, euro), "EUR"),
    ]
