"""Moneybird's provider keeps the promises of every provider."""

from __future__ import annotations

from functools import partial

from paysdk.testing import ContractSubject, ProviderContract
from paysdk_moneybird.provider import MoneybirdProvider
from paysdk_moneybird.sandbox import MoneybirdSandbox


class TestMoneybird(ProviderContract):
    """Moneybird keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = MoneybirdSandbox(payments=payments)
        provider = partial(MoneybirdProvider, administration_id=sandbox.administration_id)
        return ContractSubject(provider=provider, sandbox=sandbox)
