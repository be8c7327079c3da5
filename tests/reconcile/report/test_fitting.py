"""When a table becomes a list of cards, so that no amount is cut off."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.reconcile import Outcome, Report, Rule, Status
from tests.browser import LOOK

if TYPE_CHECKING:
    from tests.browser import Browser

CURRENCIES = ("EUR", "USD", "CHF", None)


def report(amount: str) -> str:
    """A page on outcomes of every kind, whose payments are of this amount."""

    def paid(currency: str | None, value: str = amount) -> tuple[Payment]:
        payment = Payment(
            provider="acme",
            id="0f8fad5b-d9cb-469f-a165-70867728950e",
            amount=Decimal(value),
            currency=currency,
            payment_date=date(2026, 1, 31),
            customer=CustomerRef(name="Landschapsonderhoudsbedrijf Achterhoek B.V."),
            invoice=InvoiceRef("9", "INV-20000"),
        )
        return (payment,)

    made = Report(left="campfire", right="notify", facts=("Account default",))
    for currency in CURRENCIES:
        both = {"left": paid(currency), "right": paid(currency)}
        made.add(Outcome(status=Status.MATCHED, rule=Rule.SAME_DAY, key="INV-1", **both))
        made.add(
            Outcome(
                status=Status.AMOUNT_DIFFERS,
                rule=Rule.ONLY_PAIR,
                key="INV-2",
                left=paid(currency),
                right=paid(currency, "0.01"),
            )
        )
        made.add(Outcome(status=Status.AMBIGUOUS, rule=Rule.SPLIT_UNCLEAR, key="INV-3", **both))
        made.add(
            Outcome(
                status=Status.LEFT_ONLY,
                rule=Rule.COUNTERPART_VOIDED,
                key="INV-20000-2026-12",
                left=paid(currency),
            )
        )
        made.add(
            Outcome(
                status=Status.RIGHT_ONLY,
                rule=Rule.OUT_OF_WINDOW,
                key="INV-5",
                right=paid(currency, "1236.56"),
            )
        )
        made.add(
            Outcome(
                status=Status.AMBIGUOUS, rule=Rule.NO_NUMBER, key=None, right=paid(currency, "-5")
            )
        )
    return made.html()


def limits(amount: str) -> list[tuple[int, bool]]:
    """The width in rem below which totals and differences become cards, and whether in print."""
    found = re.findall(
        r"@media screen(?: and \(max-width: (\d+)rem\))?(, print)? \{\n[.#]", report(amount)
    )
    return [(int(limit or 999), bool(printed)) for limit, printed in found[:2]]


def test_longer_amounts_need_more_room() -> None:
    """Tables become cards if a window, or the paper, is too narrow for their longest amounts."""
    short, medium, long, endless = (
        limits(amount)
        for amount in ("883.33", "999999999998.99", "123456789012345678.99", "9" * 40)
    )

    assert (66, False) == short[0]
    assert 66 <= short[1][0] <= 80
    assert not short[1][1]
    assert short[0][0] < medium[0][0] < long[0][0]
    assert short[1][0] < medium[1][0] < long[1][0]
    assert long[1][1]
    assert [(999, True), (999, True)] == endless


def test_the_page_is_as_wide_as_its_tables_need() -> None:
    """A table that needs more than the largest width becomes cards at any width."""
    widths = [
        int(re.findall(r"main \{ max-width: (\d+)rem", report(amount))[0])
        for amount in ("883.33", "123456789012345678.99", "9" * 40)
    ]

    assert [86, 86] == [widths[0], widths[2]]
    assert 86 < widths[1] <= 116


def test_cards_break_no_amount_that_has_a_line_for_itself() -> None:
    """In a card, a value that does not fit beside its label goes below it."""
    page = report("123456789012345678.99")

    assert 4 == page.count("td[data-label] { display: flex; flex-wrap: wrap;")
    assert ".money, .number { font-variant-numeric: tabular-nums; white-space: nowrap; }" in page
    assert "table-layout: fixed" not in page
    assert "text-overflow" not in page


AMOUNTS = ["1236.56", "999999999998.99", "123456789012345678.99", "-999999999999999999.99"]


@pytest.mark.slow
@pytest.mark.parametrize("amount", AMOUNTS)
def test_a_browser_cuts_no_amount(browser: Browser, amount: str) -> None:
    """A browser shows every amount and word of a reason whole, at widths from 360 to 1920."""
    browser.show(report(amount))
    # A rem is 16 pixels in a browser without settings of its own.
    edges = [16 * limit + pixel for limit, _ in limits(amount) for pixel in (0, 1)]
    found: dict[tuple[str, int], list[str]] = {}
    for media, widths in (
        ("screen", [*range(360, 1921, 120), *edges]),
        ("print", [600, 703, 964, 1032]),  # 703 is A4 in portrait, without the margins
    ):
        for width in widths:
            browser.resize(width, media=media)
            found[media, width] = browser.run(LOOK)

    assert {} == {place: problems for place, problems in found.items() if problems}


@pytest.mark.slow
def test_a_browser_prints_usual_amounts_as_tables(browser: Browser) -> None:
    """On landscape paper tables stay tables, and on portrait paper differences become cards."""
    tables = "[...document.querySelectorAll('.stacked')].map((e) => getComputedStyle(e).display)"
    browser.show(report("99999.99"))
    shown = {}
    for width in (703, 1032):
        browser.resize(width, media="print")
        shown[width] = browser.run(tables)

    assert {"table"} == set(shown[1032])
    assert ["table", "block"] == sorted(set(shown[703]), reverse=True)
    assert 1 == shown[703].count("block")


SEARCHES = [
    *(
        (text, 4)
        for text in (
            "1236.56",
            "1,236.56",
            "1.236,56",
            "1236,56",
            "1'236.56",
            "1 236,56",
            "-1236.56",
            "\u22121236.56",
        )
    ),
    ("1236.56 usd", 1),
    ("1.236", 4),
    ("123456789012345678.99", 12),
    ("20000-2026", 4),
    ("achterhoek", 24 - 4),
    ("1236.57", 0),
]


@pytest.mark.slow
@pytest.mark.parametrize(("text", "rows"), SEARCHES)
def test_a_browser_finds_an_amount_however_it_is_written(
    browser: Browser, text: str, rows: int
) -> None:
    """The search accepts commas between thousands, no commas, and the forms of other countries."""
    browser.show(report("123456789012345678.99"))
    browser.run(f"search.value = {text!r}; search.dispatchEvent(new Event('input'))")

    assert rows == browser.run(
        "[...document.querySelectorAll('#differences tbody tr')].filter((row) => "
        "!row.hidden).length"
    )
