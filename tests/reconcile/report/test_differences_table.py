"""The table of differences."""

from __future__ import annotations

import attrs

from paysdk.reconcile import RULES, Rule
from tests.reconcile.report.pages import EVERYTHING, only_left, page, paid


def test_differences_have_their_payments_and_reasons() -> None:
    """The largest differences come first, and matched payments are left out."""
    found = page(*EVERYTHING).rows
    start = found.index(["Invoice", "Finding", "Left", "Right", "Difference", "Customer", "Why"])
    rows = found[start + 1 : start + 6]
    assumed = "One payment has no currency. It was counted in the currency of the others."

    assert [
        [
            "INV-2",
            "Amount differs",
            "1,200.00 EUR2026-01-31c",
            "1,0002026-01-31y",
            "+200.00 EUR",
            "K-7",
            RULES[Rule.ONLY_PAIR] + assumed,
        ],
        [
            *(
                "INV-4",
                "Only in Right",
                "7.00 EUR2026-01-31voided 2026-02-03e",
                "7.00 EUR2026-02-01z",
                "\u22127.00 EUR",
                "K-7",
            ),
            RULES[Rule.COUNTERPART_VOIDED],
        ],
        [
            "INV-9",
            "Only in Left",
            "\u22125.00 EUR2026-01-31d",
            "\u2013",
            "\u22125.00 EUR",
            "Müller",
            RULES[Rule.NOT_THERE],
        ],
        [
            "INV-5",
            "Ambiguous",
            "2.00 EUR2026-01-31g2.00 USD2026-01-31h",
            "\u2013",
            "",
            "K-7",
            RULES[Rule.CURRENCY_UNCLEAR],
        ],
        [
            "no number",
            "Ambiguous",
            "3.00 USDno datef",
            "\u2013",
            "+3.00 USD",
            "K-7",
            RULES[Rule.NO_NUMBER],
        ],
    ] == rows


def test_the_ranks_that_the_page_sorts_by_are_exact() -> None:
    """Amounts that are equal as floats have different ranks, and equal amounts share one."""
    amounts = ["100000000000000000.02", "100000000000000000.01", "100000000000000000.010"]
    tags = page(
        *(only_left(paid(str(number), amount)) for number, amount in enumerate(amounts))
    ).tags
    places = [
        str(found["data-ranks"]).split()[4]
        for tag, found in tags
        if tag == "tr" and "data-ranks" in found
    ]

    assert ["1", "0", "0"] == places


def test_no_more_of_one_difference_is_shown_than_can_be_read() -> None:
    """The page shows the first payments of a long outcome, and the number of the others."""
    (row,) = [
        row
        for row in page(only_left(*(paid(str(number), "1") for number in range(40)))).rows
        if row[0] == "INV-9"
    ]

    assert row[2].endswith("and 28 more")
    assert "+40.00 EUR" == row[4]


def test_a_customer_is_not_always_known() -> None:
    """If no payment has a customer, the cell is empty."""
    rows = page(only_left(attrs.evolve(paid("a", "1"), customer=None))).rows

    assert "" == next(row for row in rows if row[0] == "INV-9")[5]


def test_void_without_a_day_is_shown() -> None:
    """A payment that was voided without a day is marked as voided."""
    voided = attrs.evolve(paid("v", "9.00"), voided=True)
    found = page(only_left(voided)).rows

    assert any("voided" in cell for row in found for cell in row)
