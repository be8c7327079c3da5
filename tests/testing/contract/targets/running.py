"""Runs the cases of the contract against a target, and returns what they report."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import SkipTest

import pytest

from paysdk.testing import TargetContract
from paysdk.testing.contract.promises import find_promise
from paysdk.testing.contract.targets import TARGET_CASES
from tests.testing.contract.targets.broken import BROKEN
from tests.testing.contract.targets.subjects import in_memory

if TYPE_CHECKING:
    from paysdk.testing import TargetFailure, TargetSubject
    from paysdk.testing.booking import FakeBooks

CASES = [
    name for name in dir(TargetContract) if find_promise(getattr(TargetContract, name)) is not None
]


def run_cases(make: type[FakeBooks]) -> tuple[dict[str, str], set[str]]:
    """Return the cases that fail for these books, with their messages, and those skipped."""

    class Tried(TargetContract):
        def subject(
            self,
            *,
            order_fails: TargetFailure | None = None,
            void_fails: TargetFailure | None = None,
        ) -> TargetSubject:
            return in_memory(make(), order_fails, void_fails)

    said: dict[str, str] = {}
    skipped: set[str] = set()
    for name in CASES:
        try:
            getattr(Tried(), name)()
        except AssertionError as error:
            said[name] = str(error)
        except SkipTest:
            skipped.add(name)
    return said, skipped


def each_broken(group: type) -> pytest.MarkDecorator:
    """Run a test with each target that breaks a promise, the first of this group."""
    found = [
        broken
        for broken, cases in BROKEN.items()
        if group is next(each for each in TARGET_CASES if cases & vars(each).keys())
    ]
    assert found
    return pytest.mark.parametrize("broken", found, ids=lambda broken: broken.__name__)


def check_is_caught(broken: type[FakeBooks]) -> None:
    """Check that a broken target fails the cases about what it breaks, and no others."""
    said, skipped = run_cases(broken)

    assert not skipped
    assert BROKEN[broken] == said.keys(), said
