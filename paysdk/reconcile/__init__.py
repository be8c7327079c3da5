"""Compares the payments of two providers.

Written rules match payments with their counterparts. Nothing is guessed.
"""

from __future__ import annotations

from paysdk.reconcile.matching import Payments, invoice_number, reconcile
from paysdk.reconcile.outcome import RULES, Outcome, Rule, Status, Vanished, in_words
from paysdk.reconcile.report.report import Report
from paysdk.reconcile.totals import Sides, Total, Totals

__all__ = [
    "RULES",
    "Outcome",
    "Payments",
    "Report",
    "Rule",
    "Sides",
    "Status",
    "Total",
    "Totals",
    "Vanished",
    "in_words",
    "invoice_number",
    "reconcile",
]
