"""Xero's provider keeps the promises of every provider."""

from __future__ import annotations

from functools import partial

from paysdk.testing import ContractSubject, ProviderContract
from paysdk_xero.provider import XeroProvider
from paysdk_xero.sandbox import XeroSandbox


class TestXero(ProviderContract):
    """Xero keeps every promise, with a number of pages in each page."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = XeroSandbox(payments=payments)
        provider = partial(XeroProvider, tenant_id=sandbox.tenant_id)
        return ContractSubject(provider=provider, sandbox=sandbox)


class TestXeroWithoutCounts(ProviderContract):
    """It keeps them too if an empty page is the end."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = XeroSandbox(payments=payments, counts_pages=False)
        provider = partial(XeroProvider, tenant_id=sandbox.tenant_id)
        return ContractSubject(provider=provider, sandbox=sandbox, empty_page_ends=True)
