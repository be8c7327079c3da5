"""The contract refuses no API that is only unusual."""

from __future__ import annotations

from paysdk.testing import ContractSubject, ProviderContract
from paysdk.testing.contract.arguments import ArgumentCases
from paysdk.testing.contract.capabilities import CapabilityCases
from paysdk.testing.contract.checkpoints import CheckpointCases
from paysdk.testing.contract.failures import FailureCases
from paysdk.testing.contract.filters import FilterCases
from paysdk.testing.contract.keys import KeyCases
from paysdk.testing.contract.lifetimes import LifetimeCases
from paysdk.testing.contract.listings import ListingCases
from paysdk.testing.contract.records import PaymentCases
from paysdk.testing.contract.requests import RequestCases
from tests.testing.contract.odd import (
    ERRORS,
    CountingProvider,
    FilteringProvider,
    FixedProvider,
    JoinedProvider,
    JoinedSandbox,
    NestedProvider,
    OddProvider,
    OddSandbox,
)


class TestOdd(ProviderContract):
    """An empty page ends the listing, its bounds are rough, and it lists by creation."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the odd provider."""
        return ContractSubject(
            provider=OddProvider,
            sandbox=OddSandbox(payments=payments),
            empty_page_ends=True,
            rough_bounds=1.0,
            other_tenant={"division": "south"},
            errors=ERRORS,
        )


class TestFixed(ProviderContract):
    """The page size cannot be chosen."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the provider with a fixed page size."""
        return ContractSubject(
            provider=FixedProvider,
            sandbox=OddSandbox(payments=payments, largest=5),
            empty_page_ends=True,
            rough_bounds=1.0,
        )


class TestFiltering(ProviderContract):
    """It filters by a time, and does not list incrementally."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the provider."""
        return ContractSubject(
            provider=FilteringProvider,
            sandbox=OddSandbox(payments=payments),
            empty_page_ends=True,
            rough_bounds=1.0,
        )


class TestCounting(ProviderContract):
    """The next page begins after the records that came, and an amount is sent twice."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the provider that counts records."""
        return ContractSubject(
            provider=CountingProvider,
            sandbox=OddSandbox(payments=payments),
            empty_page_ends=True,
        )


class TestJoined(ProviderContract):
    """It joins two endpoints, whose records have different shapes."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the provider that joins two endpoints."""
        return ContractSubject(
            provider=JoinedProvider,
            sandbox=JoinedSandbox(payments=payments),
            empty_page_ends=True,
            rough_bounds=1.0,
            other_tenant={"division": "south"},
            errors=ERRORS,
        )


class TestNested(
    CapabilityCases,
    ArgumentCases,
    FilterCases,
    ListingCases,
    CheckpointCases,
    RequestCases,
    KeyCases,
    LifetimeCases,
):
    """A record has several payments, and a page takes several requests.

    The cases about bodies that are not what they must be are not for it: it reads its own bodies.
    """

    test_fails_with_a_checkpoint = FailureCases.test_fails_with_a_checkpoint
    test_keeps_the_digits_of_amounts = PaymentCases.test_keeps_the_digits_of_amounts
    test_refuses_malformed_amounts = PaymentCases.test_refuses_malformed_amounts
    test_keeps_what_was_sent = PaymentCases.test_keeps_what_was_sent

    def subject(self, payments: int) -> ContractSubject:
        """Return the provider of payments in invoices."""
        return ContractSubject(provider=NestedProvider, sandbox=OddSandbox(payments=payments))
