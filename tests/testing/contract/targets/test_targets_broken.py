"""The contract of targets as a whole: each case can fail, and what a failure says."""

from __future__ import annotations

from paysdk.testing.contract.targets.voiding import VoidCases
from tests.testing.contract.targets.broken import BROKEN, CannotVoid
from tests.testing.contract.targets.running import CASES, run_cases


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
