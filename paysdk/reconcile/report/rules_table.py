"""The table of the rules that decided the outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.reconcile.outcome import RULES
from paysdk.reconcile.report.table import Cell, Row, Table
from paysdk.reconcile.report.text import format_number

if TYPE_CHECKING:
    from paysdk.reconcile.totals import Totals

__all__ = ["make_rules_table"]


def make_rules_table(totals: Totals) -> Table:
    """The rules that decided an outcome, and how many they decided."""
    rows = [
        Row(
            [
                Cell(rule.value.replace("_", " ")),
                Cell(sentence),
                Cell(format_number(totals.rules[rule]), "number"),
            ]
        )
        for rule, sentence in RULES.items()
        if totals.rules[rule]
    ]
    return Table([Cell("Rule"), Cell("What it says"), Cell("Findings", "number")], rows)
