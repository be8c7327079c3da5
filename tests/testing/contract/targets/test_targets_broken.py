"""Each target that breaks the contract fails the cases about what it breaks, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import SkipTest

import pytest

from paysdk.testing import TargetContract
from paysdk.testing.contract.promises import find_promise
from paysdk.testing.contract.targets.voiding import VoidCases
from tests.testing.contract.targets.broken import BROKEN, CannotVoid
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


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_broken_target_is_caught(broken: type[FakeBooks]) -> None:
    """Each broken target fails the cases about what it breaks."""
    said, skipped = run_cases(broken)

    assert not skipped
    assert BROKEN[broken] == said.keys(), said


def test_each_case_catches_a_target() -> None:
    """Each case fails for at least one broken target."""
    assert set(CASES) == set().union(*BROKEN.values())


def test_a_target_that_cannot_void_keeps_the_rest() -> None:
    """The cases about voids are skipped, and no other."""
    voids = {name for name in CASES if name in vars(VoidCases)}

    assert ({}, voids) == run_cases(CannotVoid)


def test_a_failure_says_promise_finding_and_place() -> None:
    """The message names the contract and its page."""
    (broken,) = (each for each in BROKEN if each.__name__ == "ShoutsItsName")

    assert (
        "A promise is broken. It says: A target has the attributes of `BooksPayments`, and a name "
        "in lower case.\n"
        "Found: the name is 'Books'.\n"
        "It is test_keeps_the_protocol of TargetContract, written in the source of paysdk in "
        "docs/target-contract.md#keeps-the-protocol"
    ) == run_cases(broken)[0]["test_keeps_the_protocol"]
