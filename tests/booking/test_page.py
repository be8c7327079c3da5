"""The HTML page of a plan."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk.booking import BookingPlan
from paysdk.booking import page as pages
from paysdk.booking.page import render_plan, write_page
from tests.browser import LOOK

if TYPE_CHECKING:
    from pathlib import Path

    from paysdk.booking import BookingPolicy
    from tests.browser import Browser

    from .conftest import Story


async def test_the_page_shows_what_would_be_booked_and_what_is_for_review(
    story: Story, tmp_path: Path
) -> None:
    """Text of a provider is escaped, and its control characters are replaced."""
    story.add("A-1", "1234.50")
    story.add("<b>\x1b", "99.00", total="100.00")
    story.pay("A-9", "5.00", total="5.00")
    plan = await story.plan()
    blind = attrs.evolve(plan, lines=(attrs.evolve(plan.lines[0], due_after=None),))

    write_page(plan, tmp_path / "plan.html")
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")

    assert "<b>1,333.50 EUR</b>2 to book" in page
    assert "&lt;b&gt;\ufffd" in page
    assert "<b>1</b>for review" in page
    assert "1 no invoice. These are not booked." in page
    assert plan.digest in page
    assert "not previewed" in render_plan(blind)


def test_the_page_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import names the package and how to install it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(
        ModuleNotFoundError, match=r'needs jinja2.*pip install "paysdk-async\[report\]"'
    ):
        importlib.reload(pages)


def test_the_page_of_an_empty_plan_says_so(policy: BookingPolicy) -> None:
    """What was left out is counted."""
    plan = BookingPlan(
        source="notify",
        source_account="default",
        target="books",
        target_account="default",
        made_at=datetime(2026, 3, 9, tzinfo=UTC),
        policy=policy,
        left_out={"too_recent": 3},
    )

    page = render_plan(plan)

    assert "<b>Nothing</b>to book" in page
    assert "<b>3</b>left out: too recent" in page


@pytest.mark.slow
@pytest.mark.parametrize("amount", ["99999.99", "999999999998.99", "123456789012345678.99"])
async def test_a_browser_cuts_no_amount_of_a_plan(
    story: Story, browser: Browser, amount: str
) -> None:
    """A browser shows each amount whole at widths from 360 to 1920, and on paper."""
    for number in ("INV20001", "INV20002"):
        story.add(number, amount)
        story.pay(f"{number}b", amount, total=amount)
    story.policy = attrs.evolve(story.policy, max_amount=Decimal(amount))
    plan = await story.plan()
    browser.show(render_plan(plan))
    found = {}
    for media, widths in (
        ("screen", range(360, 1921, 60)),
        ("print", [600, 703, 964, 1032]),  # 703 is A4 in portrait, without the margins
    ):
        for width in widths:
            browser.resize(width, media=media)
            found[media, width] = browser.run(LOOK)

    assert [2, 2] == [len(plan.lines), len(plan.review)]
    assert {} == {place: problems for place, problems in found.items() if problems}
