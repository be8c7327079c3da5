"""The tables with the totals of both sides."""

from __future__ import annotations

from datetime import date

from tests.reconcile.report.pages import EVERYTHING, html, only_left, page, paid


def test_totals_are_side_by_side() -> None:
    """Each currency has a table with the payments and exact amounts of both sides."""
    rows = page(*EVERYTHING).rows

    assert ["Matched", "2", "0.30", "1", "0.30", "0.00"] in rows
    assert ["Amount differs", "1", "1,200.00", "1", "1,000.00", "+200.00"] in rows
    assert ["Only in Left", "1", "\u22125.00", "\u2013", "\u2013", "\u22125.00"] in rows
    assert ["Only in Right", "\u2013", "\u2013", "1", "7.00", "\u22127.00"] in rows
    assert ["Total", "5", "1,197.30", "3", "1,007.30", "+190.00"] in rows
    assert ["Voided or vanished", "1", "7.00", "\u2013", "\u2013", ""] in rows
    assert ["Ambiguous", "2", "5.00", "\u2013", "\u2013", "+5.00"] in rows


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
