"""Mollie's provider keeps what every provider promises."""

from __future__ import annotations

from paysdk.testing import ContractSubject, ProviderContract
from paysdk_mollie.provider import MollieProvider
from paysdk_mollie.sandbox import MollieSandbox


class TestMollie(ProviderContract):
    """The contract, with Mollie."""

    def subject(self, payments: int) -> ContractSubject:
        """A provider that lists so many payments."""
        sandbox = MollieSandbox(payments=payments)
        return ContractSubject(provider=MollieProvider, sandbox=sandbox)
