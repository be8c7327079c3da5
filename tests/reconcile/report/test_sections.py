"""The totals, the charts and the rules."""

from __future__ import annotations

import re
from datetime import date

from paysdk.reconcile import RULES, Rule
from tests.reconcile.report.pages import EVERYTHING, Page, html, only_left, page, paid


def test_totals_are_side_by_side() -> None:
    """Each currency has a table with the payments and exact amounts of both sides."""
    rows = page(*EVERYTHING).rows

    assert ["Matched", "2", "0.30", "1", "0.30", "0.00"] in rows
    assert ["Amount differs", "1", "1,200.00", "1", "1,000", "+200.00"] in rows
    assert ["Only in Left", "1", "\u22125.00", "\u2013", "\u2013", "\u22125.00"] in rows
    assert ["Only in Right", "\u2013", "\u2013", "1", "7.00", "\u22127.00"] in rows
    assert ["Total", "5", "1,197.30", "3", "1,007.30", "+190.00"] in rows
    assert ["Voided or vanished", "1", "7.00", "\u2013", "\u2013", ""] in rows
    assert ["Ambiguous", "2", "5", "\u2013", "\u2013", "+5"] in rows


def test_months_are_side_by_side() -> None:
    """Each month has two bars, and a row in a table."""
    text = html(*EVERYTHING)
    found = Page(text)
    bars = [given for tag, given in found.tags if tag == "rect" and "y" in given]

    assert ["January 2026", "1,197.30", "1,000.30", "+197.00"] in found.rows
    assert ["February 2026", "0", "7.00", "\u22127.00"] in found.rows
    assert ["No date", "3", "0", "+3"] in found.rows
    assert 6 == len(bars)
    assert ["January 2026: +197.00", "February 2026: \u22127.00", "January 2026: +2"] == re.findall(
        r"<circle[^>]*><title>([^<]*)</title></circle>", text
    )


def test_rules_are_counted() -> None:
    """Each rule that decided an outcome has its sentence and its count."""
    rows = page(*EVERYTHING).rows

    assert ["same day", RULES[Rule.SAME_DAY], "1"] in rows
    assert "split" not in {row[0] for row in rows}


def test_no_more_currencies_and_months_are_shown_than_can_be_read() -> None:
    """The page says what it leaves out."""
    currencies = html(
        *(only_left(paid("a", "1", currency=f"X{number:02}")) for number in range(14))
    )
    months = html(
        *(
            only_left(paid("a", "1", day=date(1900 + number // 12, number % 12 + 1, 1)))
            for number in range(700)
        )
    )

    assert 2 == currencies.count("12 of 14 currencies are shown.")
    assert "The charts show the last 36 months." in months
    assert "Amounts by month: EUR, the last 600 of 700 months" in months
    assert 72 == months.count('<rect class="fill-left" x="') + months.count(
        '<rect class="fill-right" x="'
    )
