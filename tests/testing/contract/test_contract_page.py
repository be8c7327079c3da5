"""The pages about the contracts have the promises of the code."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk.testing import ProviderContract, TargetContract
from paysdk.testing.contract import CASES
from paysdk.testing.contract.promises import find_promise
from paysdk.testing.contract.targets import TARGET_CASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.testing.contract.promises import Promise

ROOT = Path(__file__).parents[3]


@attrs.frozen
class Contract:
    """A contract, its groups of cases, and its page."""

    cases: type
    groups: tuple[type, ...]
    page: str

    @property
    def promises(self) -> list[Promise]:
        """The promises of all groups, in order."""
        return [promise for group in self.groups for promise in promises(group)]

    @property
    def text(self) -> str:
        """The text of the page."""
        return (ROOT / self.page).read_text(encoding="utf-8")


CONTRACTS = [
    Contract(ProviderContract, CASES, "docs/contract.md"),
    Contract(TargetContract, TARGET_CASES, "docs/target-contract.md"),
]
each_contract = pytest.mark.parametrize(
    "contract", CONTRACTS, ids=lambda contract: contract.cases.__name__
)


def promises(group: type) -> list[Promise]:
    """Return the promises of a group of cases, in order."""
    return [promise for case in vars(group).values() if (promise := find_promise(case)) is not None]


def heading(group: type) -> str:
    """Return the heading of a group."""
    return f"## {(group.__doc__ or '').rstrip('.')}"


def render_cases(contract: Contract) -> Iterator[str]:
    """Yield the promises as the page has them."""
    for group in contract.groups:
        yield heading(group)
        for promise in promises(group):
            yield f"### {promise.case.removeprefix('test_').replace('_', ' ').capitalize()}"
            text = promise.text + (" *Needs a sandbox.*" if promise.needs_sandbox else "")
            yield fill(text, 100, break_long_words=False, break_on_hyphens=False)


@each_contract
def test_page_has_every_promise(contract: Contract) -> None:
    """The page has the promises of the code, and is written if PAYSDK_WRITE_DOCS is set."""
    expected = "\n\n".join(render_cases(contract)) + "\n"
    first = f"{heading(contract.groups[0])}\n"
    introduction = contract.text.partition(first)[0].rstrip() + "\n\n"
    if os.environ.get("PAYSDK_WRITE_DOCS"):
        (ROOT / contract.page).write_text(introduction + expected, encoding="utf-8")

    assert introduction + expected == contract.text


@each_contract
def test_every_failure_leads_to_a_heading(contract: Contract) -> None:
    """Each failure names a heading of the page."""
    headings = re.findall(r"^### (.*)$", contract.text, re.MULTILINE)
    anchors = {f"{contract.page}#{each.lower().replace(' ', '-')}" for each in headings}
    places = [promise.anchor for promise in contract.promises]

    assert anchors == set(places)
    assert len(anchors) == len(places) == len(headings)


@each_contract
def test_every_case_is_in_a_group(contract: Contract) -> None:
    """A contract has the cases of its groups and no others, each with a promise."""
    cases = {name for name, _ in inspect.getmembers(contract.cases) if name.startswith("test")}

    assert cases == {promise.case for promise in contract.promises}
    assert [] == [
        promise for promise in contract.promises if not re.fullmatch(r".{20,200}\.", promise.text)
    ]
