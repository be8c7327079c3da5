"""What every provider promises, as a test class: whoever writes a provider subclasses it and knows that the provider is right."""

from __future__ import annotations

from paysdk.testing.contract.arguments import ArgumentCases
from paysdk.testing.contract.capabilities import CapabilityCases
from paysdk.testing.contract.checkpoints import CheckpointCases
from paysdk.testing.contract.failures import FailureCases
from paysdk.testing.contract.keys import KeyCases
from paysdk.testing.contract.lifetimes import LifetimeCases
from paysdk.testing.contract.listings import ListingCases
from paysdk.testing.contract.records import PaymentCases
from paysdk.testing.contract.subject import ContractSubject

__all__ = ["CASES", "ContractSubject", "ProviderContract"]

CASES = (
    CapabilityCases,
    ArgumentCases,
    ListingCases,
    CheckpointCases,
    PaymentCases,
    FailureCases,
    KeyCases,
    LifetimeCases,
)


class ProviderContract(
    CapabilityCases,
    ArgumentCases,
    ListingCases,
    CheckpointCases,
    PaymentCases,
    FailureCases,
    KeyCases,
    LifetimeCases,
):
    """The promises of ``PaymentsProvider``, one test for each.

    Subclass it in a test file, under a name that pytest collects, and say in ``subject`` what to
    try:

        class TestMollie(ProviderContract):
            def subject(self, payments: int) -> ContractSubject:
                return ContractSubject(provider=MollieProvider,
                sandbox=MollieSandbox(payments=payments))

    A test that fails says the promise, what was found, and where the promise is written. The tests
    are plain functions that bring their own event loops, so they need no plugin for asyncio and run
    beside any.
    """
