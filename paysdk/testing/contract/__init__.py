"""The promises of every provider as a test class, for authors of providers to subclass."""

from __future__ import annotations

from paysdk.testing.contract.arguments import ArgumentCases
from paysdk.testing.contract.capabilities import CapabilityCases
from paysdk.testing.contract.checkpoints import CheckpointCases
from paysdk.testing.contract.failures import FailureCases
from paysdk.testing.contract.filters import FilterCases
from paysdk.testing.contract.keys import KeyCases
from paysdk.testing.contract.lifetimes import LifetimeCases
from paysdk.testing.contract.listings import ListingCases
from paysdk.testing.contract.meaning import MeaningContract
from paysdk.testing.contract.records import PaymentCases
from paysdk.testing.contract.requests import RequestCases
from paysdk.testing.contract.subject import ContractSubject, ErrorSample

__all__ = ["CASES", "ContractSubject", "ErrorSample", "MeaningContract", "ProviderContract"]

CASES = (
    CapabilityCases,
    ArgumentCases,
    FilterCases,
    ListingCases,
    CheckpointCases,
    PaymentCases,
    FailureCases,
    RequestCases,
    KeyCases,
    LifetimeCases,
)


class ProviderContract(
    CapabilityCases,
    ArgumentCases,
    FilterCases,
    ListingCases,
    CheckpointCases,
    PaymentCases,
    FailureCases,
    RequestCases,
    KeyCases,
    LifetimeCases,
):
    """The promises of ``PaymentsProvider``, one test for each.

    Subclass it in a test file, with a name that pytest collects, and return from ``subject`` the
    provider to test:

        class TestMollie(ProviderContract):
            def subject(self, payments: int) -> ContractSubject:
                sandbox = MollieSandbox(payments=payments)
                return ContractSubject(provider=MollieProvider, sandbox=sandbox)

    A test that fails names the promise, what it found, and where the promise is written. The tests
    are plain functions that start their own event loops. So they need no plugin for asyncio, and
    work with any plugin.
    """
