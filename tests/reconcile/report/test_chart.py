"""The chart by month."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.reconcile import Sides, Total
from paysdk.reconcile.report.chart import Drawing, make_chart
from paysdk.reconcile.report.table import Cell
from tests.reconcile.report.pages import EVERYTHING, Page, html

if TYPE_CHECKING:
    from paysdk.reconcile.totals import Month

NAMES = ("Left", "Right")


def sides(left: str, right: str) -> Sides:
    """The totals of a month."""
    return Sides(Total(1, Decimal(left)), Total(1, Decimal(right)))


def draw(months: dict[Month, Sides]) -> Drawing:
    """The drawing of these months in euros."""
    drawing = make_chart("EUR", months, NAMES).drawing
    assert drawing is not None
    return drawing


def axis(drawing: Drawing) -> list[str]:
    """The amounts at the axis, from the highest."""
    return [f"{line.amount:f}" for line in reversed(drawing.lines)]


def bars(drawing: Drawing) -> list[tuple[str, str, str]]:
    """The side, upper edge and height of each bar."""
    return [
        (bar.kind, str(bar.y), str(bar.height)) for month in drawing.months for bar in month.bars
    ]


def test_bars_are_as_high_as_their_amounts() -> None:
    """The axis begins at zero, and its lines are at round amounts."""
    drawing = draw({(2026, 1): sides("100", "50")})

    assert ["100", "50", "0"] == axis(drawing)
    assert [("left", "0.0", "200.0"), ("right", "100.0", "100.0")] == bars(drawing)


def test_bars_of_refunds_hang_below_zero() -> None:
    """Negative amounts go down from the line of zero."""
    drawing = draw({(2026, 1): sides("-30", "90")})

    assert ["100", "50", "0", "-50"] == axis(drawing)
    assert [("left", "133.3", "40.0"), ("right", "13.3", "120.0")] == bars(drawing)


@pytest.mark.parametrize(
    ("left", "right"),
    [("0", "0"), ("0.001", "0.0001"), ("1e30", "1"), ("-1e30", "-1"), ("1e200", "1")],
)
def test_any_amount_fits_the_chart(left: str, right: str) -> None:
    """Zero, tiny and huge amounts can be drawn."""
    chart = make_chart(None, {(2026, 1): sides(left, right)}, NAMES)

    assert "No currency named" == chart.title
    assert chart.drawing is not None
    assert all(
        0 <= float(top) <= 200 and 0 <= float(height) <= 200
        for _, top, height in bars(chart.drawing)
    )


def test_a_short_gap_between_months_is_shown() -> None:
    """Months without payments have room in the chart, unless years are between two months."""
    near = draw({(2025, 11): sides("1", "1"), (2026, 2): sides("1", "2")})
    far = draw({(1900, 1): sides("1", "1"), (2026, 2): sides("1", "1")})

    assert ["Nov", "Dec", "Jan", "Feb"] == [month.label for month in near.months]
    assert ["2025", "2026"] == [month.year for month in near.months if month.year]
    assert ["7.00%", "57.00%"] == [month.bars[0].x for month in far.months]


def test_months_in_which_the_sides_differ_are_marked() -> None:
    """Each month has the difference between its sides, which is zero if they agree."""
    drawing = draw({(2026, 1): sides("5", "5"), (2026, 2): sides("5", "7.50")})

    assert [Decimal(0), Decimal("-2.50")] == [month.difference for month in drawing.months]


def test_labels_of_many_months_do_not_overlap() -> None:
    """In more than a year every third month has a label, and every sixth on a narrow screen."""
    drawing = draw(
        {(2024 + number // 12, number % 12 + 1): sides("1", "1") for number in range(24)}
    )
    labels = [(month.label, month.label_kind) for month in drawing.months if month.label]

    assert ["Jan", "Apr", "Jul", "Oct"] * 2 == [label for label, _ in labels]
    assert ["Apr", "Oct"] * 2 == [label for label, kind in labels if kind == "minor"]


def test_payments_without_a_date_are_only_in_the_table() -> None:
    """The chart leaves them out."""
    chart = make_chart("EUR", {None: sides("1", "1")}, NAMES)

    assert chart.drawing is None
    assert [
        [Cell("No date"), Cell("1.00", "money"), Cell("1.00", "money"), Cell("0.00", "money")]
    ] == [row.cells for row in chart.table.rows]


def test_months_are_side_by_side() -> None:
    """Each month has two bars, and a row in a table."""
    text = html(*EVERYTHING)
    found = Page(text)
    bars = [given for tag, given in found.tags if tag == "rect" and "y" in given]

    assert ["January 2026", "1,197.30", "1,000.30", "+197.00"] in found.rows
    assert ["February 2026", "0.00", "7.00", "\u22127.00"] in found.rows
    assert ["No date", "3.00", "0.00", "+3.00"] in found.rows
    assert 6 == len(bars)
    assert [
        "January 2026: +197.00",
        "February 2026: \u22127.00",
        "January 2026: +2.00",
    ] == re.findall(r"<circle[^>]*><title>([^<]*)</title></circle>", text)
