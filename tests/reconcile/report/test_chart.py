"""The chart by month."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.reconcile import Sides, Total
from paysdk.reconcile.report.chart import chart

if TYPE_CHECKING:
    from paysdk.reconcile.totals import Month

NAMES = ("Left", "Right")


def sides(left: str, right: str) -> Sides:
    """What a month comes to."""
    return Sides(Total(1, Decimal(left)), Total(1, Decimal(right)))


def axis(drawn: str) -> list[str]:
    """The amounts at the axis, from the highest."""
    return re.findall(r"<span>([^<]*)</span>", drawn)


def bars(drawn: str) -> list[tuple[str, str, str]]:
    """Each bar's side, upper edge and height."""
    return re.findall(
        r'<rect class="fill-(\w+)" x="[^"]*" width="[^"]*" y="([^"]*)" height="([^"]*)"', drawn
    )


def test_bars_are_as_high_as_their_amounts() -> None:
    """The axis begins at nothing, and its lines are round."""
    drawn = chart("EUR", {(2026, 1): sides("100", "50")}, NAMES)

    assert ["100", "50", "0"] == axis(drawn)
    assert [("left", "0.0", "200.0"), ("right", "100.0", "100.0")] == bars(drawn)


def test_what_was_paid_back_hangs_below() -> None:
    """Negative amounts go down from the line of nothing."""
    drawn = chart("EUR", {(2026, 1): sides("-30", "90")}, NAMES)

    assert ["100", "50", "0", "\u221250"] == axis(drawn)
    assert [("left", "133.3", "40.0"), ("right", "13.3", "120.0")] == bars(drawn)


@pytest.mark.parametrize(
    ("left", "right"),
    [("0", "0"), ("0.001", "0.0001"), ("1e30", "1"), ("-1e30", "-1"), ("1e200", "1")],
)
def test_any_amount_has_its_place(left: str, right: str) -> None:
    """Nothing, hardly anything and far too much can be drawn."""
    drawn = chart(None, {(2026, 1): sides(left, right)}, NAMES)

    assert "No currency named" in drawn
    assert all(
        0 <= float(top) <= 200 and 0 <= float(height) <= 200 for _, top, height in bars(drawn)
    )


def test_months_without_payments_have_their_room() -> None:
    """A short gap is shown as one; years between two months are not."""
    near: dict[Month, Sides] = {(2025, 11): sides("1", "1"), (2026, 2): sides("1", "2")}
    far: dict[Month, Sides] = {(1900, 1): sides("1", "1"), (2026, 2): sides("1", "1")}

    assert ["Nov", "Dec", "Jan", "Feb"] == re.findall(r">(\w{3})</text>", chart("EUR", near, NAMES))
    assert ["2025", "2026"] == re.findall(r">(\d{4})</text>", chart("EUR", near, NAMES))
    assert ["7.00%", "57.00%"] == re.findall(
        r'<rect class="fill-left" x="([^"]*)"', chart("EUR", far, NAMES)
    )


def test_months_that_differ_are_marked() -> None:
    """A dot stands below each month in which the sides differ, and says by how much."""
    drawn = chart("EUR", {(2026, 1): sides("5", "5"), (2026, 2): sides("5", "7.50")}, NAMES)

    assert 1 == drawn.count("<circle")
    assert "<title>February 2026: \u22122.50</title></circle>" in drawn


def test_of_many_months_not_each_is_named() -> None:
    """Names that would overlap are left out: of more than a year every third stays, and half of those on a narrow screen."""
    months: dict[Month, Sides] = {
        (2024 + number // 12, number % 12 + 1): sides("1", "1") for number in range(24)
    }
    drawn = chart("EUR", months, NAMES)

    assert ["Jan", "Apr", "Jul", "Oct"] * 2 == re.findall(r">(\w{3})</text>", drawn)
    assert ["Apr", "Oct"] * 2 == re.findall(r'class="minor"[^>]*>(\w{3})</text>', drawn)


def test_payments_without_a_date_are_in_the_table_only() -> None:
    """There is no place for them in the chart."""
    drawn = chart("EUR", {None: sides("1", "1")}, NAMES)

    assert "<svg" not in drawn
    assert "No date" in drawn
