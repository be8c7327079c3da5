"""Tests of how a case reports a broken promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paysdk.testing.contract.promises import case, check_equal
from tests.testing.contract import broken_ledgers
from tests.testing.contract.running import in_memory, run_cases

if TYPE_CHECKING:
    from paysdk.testing.contract.harness import ContractCases


def test_failure_says_promise_finding_and_place() -> None:
    """The message has the promise, the finding, the case and its place in the documents."""
    said = run_cases(in_memory(broken_ledgers.GivesFloats))["test_amounts_are_decimal"]
    assert (
        "A promise is broken. It says: Amounts, and an invoice's total and balance, are finite "
        "`Decimal`s.\n"
        "Found: amount of payment 1 is 11.5.\n"
        "It is test_amounts_are_decimal of ProviderContract, written in the source of paysdk in "
        "docs/contract.md#amounts-are-decimal"
    ) == said


@pytest.mark.parametrize(
    ("actual", "says"),
    [
        (["a", "b"], "['c'] did not come: "),
        (["a", "b", "b", "c"], "['b'] came too: "),
        (["a", "d", "d"], "['b', 'c'] did not come, and ['d', 'd'] came too: "),
        (["c", "b", "a"], "the order differs: "),
        (["a", 1], ""),
        (3, ""),
    ],
)
def test_failure_says_what_differs(actual: object, says: str) -> None:
    """Two lists of texts that differ are compared, and the failure names the difference."""
    with pytest.raises(AssertionError) as raised:
        check_equal(["a", "b", "c"], actual, "the ids")
    expected = f"the ids: {says}expected ['a', 'b', 'c'], but was {actual!r}"
    assert expected == str(raised.value)


def test_failure_has_one_full_stop() -> None:
    """The message of an exception often ends with a full stop, and none is added to it."""

    @case
    async def test_holds(cases: ContractCases) -> None:
        """It holds."""
        assert cases is None
        raise ValueError("It broke.")

    cases: Any = None
    with pytest.raises(AssertionError, match=r"Found: ValueError was raised: It broke\.\nIt is "):
        test_holds(cases)
