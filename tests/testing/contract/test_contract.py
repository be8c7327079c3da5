"""paysdk's own providers keep the contract."""

from __future__ import annotations

from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject, ProviderContract
from tests.testing.contract.awkward import AwkwardProvider, AwkwardSandbox


class TestCampfire(ProviderContract):
    """Campfire keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Return Campfire with its sandbox."""
        return ContractSubject(
            provider=CampfireProvider, sandbox=CampfireSandbox(payments=payments)
        )


class TestNotify(ProviderContract):
    """Notify keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Return Notify with its sandbox."""
        return ContractSubject(provider=NotifyProvider, sandbox=NotifySandbox(payments=payments))


class TestAwkward(ProviderContract):
    """A provider of an awkward API keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the awkward provider with its sandbox."""
        return ContractSubject(provider=AwkwardProvider, sandbox=AwkwardSandbox(payments=payments))
