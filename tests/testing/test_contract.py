"""The contract, over paysdk's own providers."""

from __future__ import annotations

from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject, ProviderContract
from tests.testing.awkward import AwkwardProvider, AwkwardSandbox


class TestCampfire(ProviderContract):
    """Campfire keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Campfire, by cursor."""
        return ContractSubject(
            provider=CampfireProvider, sandbox=CampfireSandbox(payments=payments)
        )


class TestNotify(ProviderContract):
    """Notify keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Notify, as its documents have it."""
        return ContractSubject(provider=NotifyProvider, sandbox=NotifySandbox(payments=payments))


class TestAwkward(ProviderContract):
    """So does a provider whose API sends bare arrays, and integers that can be taken for one another."""

    def subject(self, payments: int) -> ContractSubject:
        """An API that is awkward."""
        return ContractSubject(provider=AwkwardProvider, sandbox=AwkwardSandbox(payments=payments))
