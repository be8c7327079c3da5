"""Moneybird's provider keeps the promises of every provider."""

from __future__ import annotations

from paysdk.testing import ContractSubject, ErrorSample, ProviderContract
from paysdk_moneybird.provider import MoneybirdProvider
from paysdk_moneybird.sandbox import MoneybirdSandbox

# The examples of symbolic_error, of a 422 and of a 429 in Moneybird's OpenAPI description.
ERRORS = [
    ErrorSample(
        status=400,
        body=b'{"error": "Contact not found", "symbolic": {"contact": "not_found"}}',
        detail="Contact not found",
    ),
    ErrorSample(
        status=422,
        body=b'{"error": {"price": ["must be present"]}}',
        detail="price: must be present",
        fields={"price": ("must be present",)},
    ),
    ErrorSample(status=429, body=b'"Retry later"', detail="Retry later"),
]


class TestMoneybird(ProviderContract):
    """Moneybird keeps every promise."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = MoneybirdSandbox(payments=payments)
        return ContractSubject(
            provider=MoneybirdProvider,
            sandbox=sandbox,
            rough_bounds=0.001,
            other_tenant={"administration_id": "2"},
            errors=ERRORS,
        )
