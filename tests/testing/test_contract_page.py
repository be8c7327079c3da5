"""The page about the contract says what the contract says."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from paysdk.testing import ProviderContract
from paysdk.testing.contract import CASES
from paysdk.testing.contract.promises import promise_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.testing.contract.promises import Promise

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
FIRST = f"## {(CASES[0].__doc__ or '').rstrip('.')}\n"


def promises(room: type) -> list[Promise]:
    """What a room's cases promise, in its order."""
    return [promise for case in vars(room).values() if (promise := promise_of(case)) is not None]


def written() -> Iterator[str]:
    """The promises as they stand on the page."""
    for room in CASES:
        yield f"## {(room.__doc__ or '').rstrip('.')}"
        for promise in promises(room):
            yield f"### {promise.case.removeprefix('test_').replace('_', ' ').capitalize()}"
            yield promise.text + (" *Needs a sandbox.*" if promise.needs_sandbox else "")


def test_page_has_every_promise() -> None:
    """The promises on the page are those in the code, word for word; with PAYSDK_WRITE_DOCS set they are written there."""
    expected = "\n\n".join(written()) + "\n"
    told = PAGE.read_text(encoding="utf-8").partition(FIRST)[0].rstrip() + "\n\n"
    if os.environ.get("PAYSDK_WRITE_DOCS"):
        PAGE.write_text(told + expected, encoding="utf-8")

    assert told + expected == PAGE.read_text(encoding="utf-8")


def test_every_failure_leads_to_a_heading() -> None:
    """What a failure names as its place is a heading of the page."""
    headings = re.findall(r"^### (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {f"docs/contract.md#{heading.lower().replace(' ', '-')}" for heading in headings}
    places = [promise.anchor for room in CASES for promise in promises(room)]

    assert anchors == set(places)
    assert len(anchors) == len(places) == len(headings)


def test_every_case_is_in_a_room() -> None:
    """The contract has the cases of its rooms and no other tests, each with a promise of one sentence or two."""
    cases = {name for name, _ in inspect.getmembers(ProviderContract) if name.startswith("test")}

    assert cases == {promise.case for room in CASES for promise in promises(room)}
    assert [] == [
        promise
        for room in CASES
        for promise in promises(room)
        if not re.fullmatch(r".{20,200}\.", promise.text)
    ]
