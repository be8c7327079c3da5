"""The page: what it shows, that it loads nothing, and that texts from providers do no harm."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from decimal import localcontext
from hashlib import sha256
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk import ConfigurationError, InvoiceRef
from paysdk.reconcile import RULES, Report, Rule
from tests.reconcile.report.pages import EVERYTHING, MADE, Page, html, only_left, paid

if TYPE_CHECKING:
    from pathlib import Path


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


def test_only_the_largest_differences_are_shown() -> None:
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


def test_the_largest_difference_comes_first_in_every_context() -> None:
    """The decimal context of the program does not round the amounts that are compared."""
    report = Report(left="Left", right="Right")
    with localcontext(prec=2):
        for amount in ("100.01", "100.02"):
            report.add(only_left(paid(amount, amount)))

        assert ["100.02", "100.01"] == [outcome.left[0].id for outcome in report.largest()]


def test_an_empty_page_says_so() -> None:
    """Without payments, and without differences, the page says so."""
    nothing, agreeing = html(), html(EVERYTHING[0])

    assert "There are no payments on either side." in nothing
    assert "Nothing was paid." in nothing
    assert "<b>Everything agrees.</b>" in agreeing
    assert "There are none." in agreeing
    assert "<b>1 difference to look at.</b> 1 finding is in order." in html(*EVERYTHING[:2])


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


def test_numbers_are_written_as_in_a_country() -> None:
    """Amounts and counts are grouped, with at least the decimals of the currency."""
    payment = paid("1", "1234567.5", currency="EUR")
    english = html(only_left(payment, key="1"))
    german = html(only_left(payment, key="1"), locale="de")

    assert ("1,234,567.50 EUR" in english, "1.234.567,50 EUR" in german) == (True, True)
    assert "1,234,567" not in german
    with pytest.raises(ConfigurationError, match="locale must be a language"):
        Report(left="acme", right="beta", locale="Klingon")


def test_the_page_says_in_which_zone_its_dates_are() -> None:
    """Days have none, and times are in UTC."""
    text = html()

    assert "days as each provider names them, without a time zone. Times are in UTC." in text
