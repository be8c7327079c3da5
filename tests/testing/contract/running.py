"""Runs the cases of the contract against a provider, and returns what they report."""

from __future__ import annotations

import gc
import warnings
from typing import TYPE_CHECKING
from unittest import SkipTest

from paysdk.testing import ContractSubject, ProviderContract
from paysdk.testing.contract import promises
from tests.testing.contract.ledger import Ledger, payment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROMISES = {
    name: found
    for name in dir(ProviderContract)
    if (found := promises.find_promise(getattr(ProviderContract, name)))
}


def run_cases(
    subject: Callable[[int], ContractSubject], cases: Iterable[str] = PROMISES
) -> dict[str, str]:
    """Return the cases that fail for this subject, and their messages."""

    class Tried(ProviderContract):
        def subject(self, payments: int) -> ContractSubject:
            return subject(payments)

    said: dict[str, str] = {}
    # A broken provider may leave tasks or connections behind. These tests do not report them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(cases):
            try:
                getattr(Tried(), name)()
            except AssertionError as error:
                said[name] = str(error)
            except SkipTest:
                assert PROMISES[name].needs_sandbox
        gc.collect()
    return said


def in_memory(ledger: type[Ledger]) -> Callable[[int], ContractSubject]:
    """Make a subject of a ledger."""
    return lambda payments: ContractSubject(
        provider=lambda: ledger([*map(payment, range(1, payments + 1))]), sandbox=None
    )
