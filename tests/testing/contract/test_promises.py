"""Tests of how a case reports a broken promise."""

from __future__ import annotations

from tests.testing.contract import broken_ledgers
from tests.testing.contract.running import in_memory, run_cases


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
