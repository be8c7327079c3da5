"""Mollie's provider keeps the promises of every provider."""

from __future__ import annotations

from paysdk.testing import ContractSubject, ProviderContract
from paysdk_mollie.provider import MollieProvider
from paysdk_mollie.sandbox import MollieSandbox


class TestMollie(ProviderContract):
    """Mollie keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = MollieSandbox(payments=payments)
        return ContractSubject(provider=MollieProvider, sandbox=sandbox)
