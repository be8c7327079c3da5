"""The table of the rules."""

from __future__ import annotations

from paysdk.reconcile import RULES, Rule
from tests.reconcile.report.pages import EVERYTHING, page


def test_rules_are_counted() -> None:
    """Each rule that decided an outcome has its sentence and its count."""
    rows = page(*EVERYTHING).rows

    assert ["same day", RULES[Rule.SAME_DAY], "1"] in rows
    assert "split" not in {row[0] for row in rows}
