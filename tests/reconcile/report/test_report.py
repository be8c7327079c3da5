"""The page: what it shows, that it loads nothing, and that texts from providers do no harm."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.reconcile import RULES, Outcome, Report, Rule, Status

if TYPE_CHECKING:
    from pathlib import Path

MADE = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
VOID_TAGS = {"meta"}


@attrs.define(init=False)
class Page(HTMLParser):
    """What a browser would find: the rows of tables as text, and every tag closed."""

    open: list[str]
    tags: list[tuple[str, dict[str, str | None]]]
    rows: list[list[str]]

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.rows = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        # An input has no end, and nothing in it.
        while self.open[-1] == "input":
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def paid(
    name: str,
    amount: str,
    *,
    day: date | None = date(2026, 1, 31),
    currency: str | None = "EUR",
    customer: str = "",
) -> Payment:
    """A payment of an amount."""
    return Payment(
        provider="acme",
        id=name,
        amount=Decimal(amount),
        currency=currency,
        payment_date=day,
        customer=CustomerRef(number="K-7", name=customer or None),
        invoice=InvoiceRef("9", "INV-9"),
    )


def only_left(*payments: Payment, key: str | None = "INV-9") -> Outcome:
    """An outcome of payments that are on the left side only."""
    return Outcome(status=Status.LEFT_ONLY, rule=Rule.NOT_THERE, key=key, left=payments)


def page(*outcomes: Outcome, **settings: object) -> Page:
    """The page on these."""
    return Page(html(*outcomes, **settings))


def html(*outcomes: Outcome, **settings: object) -> str:
    """The text of the page on these."""
    report = Report(**({"left": "Left", "right": "Right"} | settings))  # type: ignore[arg-type]  # settings of a test's own
    for outcome in outcomes:
        report.add(outcome)
    return report.html(MADE)


EVERYTHING = (
    Outcome(
        status=Status.MATCHED,
        rule=Rule.SAME_DAY,
        key="INV-1",
        left=(paid("a", "0.10"), paid("b", "0.20")),
        right=(paid("x", "0.30"),),
    ),
    Outcome(
        status=Status.AMOUNT_DIFFERS,
        rule=Rule.ONLY_PAIR,
        key="INV-2",
        left=(paid("c", "1200.00"),),
        right=(paid("y", "1000", currency=None),),
    ),
    only_left(paid("d", "-5.00", customer="Müller")),
    Outcome(
        status=Status.RIGHT_ONLY,
        rule=Rule.COUNTERPART_VOIDED,
        key="INV-4",
        left=(attrs.evolve(paid("e", "7.00"), voided_date=date(2026, 2, 3)),),
        right=(paid("z", "7.00", day=date(2026, 2, 1)),),
    ),
    Outcome(
        status=Status.AMBIGUOUS,
        rule=Rule.NO_NUMBER,
        key=None,
        left=(paid("f", "3", currency="USD", day=None),),
    ),
    Outcome(
        status=Status.AMBIGUOUS,
        rule=Rule.CURRENCY_UNCLEAR,
        key="INV-5",
        left=(paid("g", "2"), paid("h", "2", currency="USD")),
    ),
)


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
            "2 EUR2026-01-31g2 USD2026-01-31h",
            "\u2013",
            "",
            "K-7",
            RULES[Rule.CURRENCY_UNCLEAR],
        ],
        [
            "no number",
            "Ambiguous",
            "3 USDno datef",
            "\u2013",
            "+3 USD",
            "K-7",
            RULES[Rule.NO_NUMBER],
        ],
    ] == rows


def test_rules_are_counted() -> None:
    """Each rule that decided an outcome has its sentence and its count."""
    rows = page(*EVERYTHING).rows

    assert ["same day", RULES[Rule.SAME_DAY], "1"] in rows
    assert "split" not in {row[0] for row in rows}


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


def test_everything_is_closed_labelled_and_in_one_file() -> None:
    """Tags are closed, columns and rows have headers, fields have labels, and nothing is loaded."""
    text = html(*EVERYTHING)
    found = Page(text)
    fields = {str(given["id"]) for tag, given in found.tags if tag in {"input", "select"}}

    assert [] == found.open
    assert fields == {str(given["for"]) for tag, given in found.tags if tag == "label"}
    assert {"col", "row"} == {given["scope"] for tag, given in found.tags if tag == "th"}
    assert not re.search(r"(?i)https?:|\bsrc=|\bhref=|@import|url\(", text)


def test_only_its_own_script_may_run() -> None:
    """The page tells browsers to run its own script only, and to load nothing."""
    text = html()
    script = text.partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()

    assert (
        f"content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\""
        in text
    )
    assert 1 == text.count("<script")


def test_what_providers_send_is_text() -> None:
    """Markup in names and numbers is shown as text, and control characters are replaced."""
    evil = "<script>alert(1)</script>\"'&$title\x00\u202e\ud800"
    payment = attrs.evolve(
        paid(evil, "1", currency=evil, customer=evil), invoice=InvoiceRef("9", evil)
    )
    text = html(only_left(payment, key=evil), left=evil, right=evil, facts=(evil,), everything=evil)
    shown = "<script>alert(1)</script>\"'&$title\ufffd\ufffd\ufffd"
    rows = Page(text).rows

    assert 1 == text.count("<script")
    assert not {"\x00", "\u202e", "\ud800"} & set(text)
    assert [
        shown,
        f"Only in {shown}",
        f"1 {shown}2026-01-31{shown}",
        "\u2013",
        # Currency codes are compared, and summed up, in capitals.
        f"+1 {shown.upper()}",
        shown,
        RULES[Rule.NOT_THERE],
    ] in rows


def test_long_text_breaks_and_wide_tables_scroll() -> None:
    """No name, currency or amount makes the page wider than the window."""
    styles = Report(left="N" * 80, right="notify").html()

    assert (
        "h3, p, dt, li, summary, caption, label { overflow-wrap: anywhere; min-width: 0; }"
        in styles
    )
    assert "thead th.money, thead th.number { white-space: normal; }" in styles
    assert ".tables .card, details { overflow-x: auto; }" in styles
    assert (
        "#differences.stacked .money, #differences.stacked .badge { white-space: normal; }"
        in styles
    )


def test_no_more_is_shown_than_a_browser_bears() -> None:
    """The page shows the largest differences, their number, and how to get the others."""
    outcomes = [
        only_left(paid(str(number), str(number)), key=f"INV-{number}") for number in range(1, 31)
    ]
    found = html(*outcomes, most=3, everything="paysdk reconcile --format csv")
    keys = [row[0] for row in Page(found).rows if row[0].startswith("INV-")]

    assert ["INV-30", "INV-29", "INV-28"] == keys
    assert (
        "shows 3 of 30 differences: those with the largest amounts. To get all of them for a "
        "spreadsheet, run" in found
    )
    assert "<code>paysdk reconcile --format csv</code>" in found
    assert "with the largest amounts.</p>" in html(*outcomes, most=0)


def test_a_smaller_difference_does_not_replace_a_larger_one() -> None:
    """The largest differences are kept, whatever the order in which they are added."""
    report = Report(left="Left", right="Right", most=2)
    for amount in ("5", "1", "7", "3"):
        report.add(only_left(paid(amount, amount)))

    assert ["7", "5"] == [outcome.left[0].id for outcome in report.largest()]


def test_no_more_of_one_difference_is_shown_than_can_be_read() -> None:
    """The page shows the first payments of a long outcome, and the number of the others."""
    (row,) = [
        row
        for row in page(only_left(*(paid(str(number), "1") for number in range(40)))).rows
        if row[0] == "INV-9"
    ]

    assert row[2].endswith("and 28 more")
    assert "+40 EUR" == row[4]


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


def test_an_empty_page_says_so() -> None:
    """Without payments, and without differences, the page says so."""
    nothing, agreeing = html(), html(EVERYTHING[0])

    assert "There are no payments on either side." in nothing
    assert "Nothing was paid." in nothing
    assert "<b>Everything agrees.</b>" in agreeing
    assert "There are none." in agreeing
    assert "<b>1 difference to look at.</b> 1 finding is in order." in html(*EVERYTHING[:2])


def test_a_customer_is_not_always_known() -> None:
    """If no payment has a customer, the cell is empty."""
    rows = page(only_left(attrs.evolve(paid("a", "1"), customer=None))).rows

    assert "" == next(row for row in rows if row[0] == "INV-9")[5]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An existing file stays until the new page is complete, and no draft is left behind."""
    report = Report(left="Left", right="Right")
    target = tmp_path / "report.html"
    target.write_text("before")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        report.write(tmp_path / "folder", MADE)
    with monkeypatch.context() as patched:
        patched.setattr(Report, "html", lambda *_: "\ud800")
        with pytest.raises(UnicodeEncodeError):
            report.write(target)

    assert "before" == target.read_text()
    report.write(target, MADE)
    assert report.html(MADE) == target.read_text(encoding="utf-8")
    assert ["folder", "report.html"] == sorted(path.name for path in tmp_path.iterdir())


def test_the_time_is_in_utc() -> None:
    """The head of the page says when it was made, by default now."""
    report = Report(left="Left", right="Right", facts=("Account default",))

    assert (
        '<p class="soft">Account default. Made on 22 November 2026 at 05:30 UTC.</p>'
        in report.html(MADE)
    )
    assert f"Made on {datetime.now(UTC).day} " in report.html()
