"""The page about the contract has the promises of the code."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from paysdk.testing import ProviderContract
from paysdk.testing.contract import CASES
from paysdk.testing.contract.promises import find_promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.testing.contract.promises import Promise

PAGE = Path(__file__).parents[3] / "docs" / "contract.md"
FIRST_HEADING = f"## {(CASES[0].__doc__ or '').rstrip('.')}\n"


def promises(group: type) -> list[Promise]:
    """Return the promises of a group of cases, in order."""
    return [promise for case in vars(group).values() if (promise := find_promise(case)) is not None]


def render_cases() -> Iterator[str]:
    """Yield the promises as the page has them."""
    for group in CASES:
        yield f"## {(group.__doc__ or '').rstrip('.')}"
        for promise in promises(group):
            yield f"### {promise.case.removeprefix('test_').replace('_', ' ').capitalize()}"
            text = promise.text + (" *Needs a sandbox.*" if promise.needs_sandbox else "")
            yield fill(text, 100, break_long_words=False, break_on_hyphens=False)


def test_page_has_every_promise() -> None:
    """The page has the promises of the code, and is written if PAYSDK_WRITE_DOCS is set."""
    expected = "\n\n".join(render_cases()) + "\n"
    introduction = PAGE.read_text(encoding="utf-8").partition(FIRST_HEADING)[0].rstrip() + "\n\n"
    if os.environ.get("PAYSDK_WRITE_DOCS"):
        PAGE.write_text(introduction + expected, encoding="utf-8")

    assert introduction + expected == PAGE.read_text(encoding="utf-8")


def test_every_failure_leads_to_a_heading() -> None:
    """Each failure names a heading of the page."""
    headings = re.findall(r"^### (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {f"docs/contract.md#{heading.lower().replace(' ', '-')}" for heading in headings}
    places = [promise.anchor for group in CASES for promise in promises(group)]

    assert anchors == set(places)
    assert len(anchors) == len(places) == len(headings)


def test_every_case_is_in_a_group() -> None:
    """The contract has the cases of its groups and no others, each with a promise."""
    cases = {name for name, _ in inspect.getmembers(ProviderContract) if name.startswith("test")}

    assert cases == {promise.case for group in CASES for promise in promises(group)}
    assert [] == [
        promise
        for group in CASES
        for promise in promises(group)
        if not re.fullmatch(r".{20,200}\.", promise.text)
    ]
