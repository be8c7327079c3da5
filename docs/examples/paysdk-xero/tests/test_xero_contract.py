"""Xero's provider keeps the promises of every provider."""

from __future__ import annotations

from paysdk.testing import ContractSubject, ErrorSample, ProviderContract
from paysdk_xero.provider import XeroProvider
from paysdk_xero.sandbox import XeroSandbox

# An error of "Requests and responses", and a 401 that a user has seen.
ERRORS = [
    ErrorSample(
        status=400,
        body=b"""{
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": [{"ValidationErrors": [{"Message": "Email address must be valid."}]}]
        }""",
        detail="A validation exception occurred; Email address must be valid.",
    ),
    ErrorSample(
        status=401,
        body=b"""{
            "Type": null,
            "Title": "Unauthorized",
            "Status": 401,
            "Detail": "TokenExpired: token expired at 06/30/2026 12:00:00",
            "Instance": "6489df60-0000-4000-8000-000000000001",
            "Extensions": {}
        }""",
        detail="TokenExpired: token expired at 06/30/2026 12:00:00",
    ),
]


class TestXero(ProviderContract):
    """Xero keeps every promise, with a number of pages in each page."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = XeroSandbox(payments=payments)
        return ContractSubject(
            provider=XeroProvider,
            sandbox=sandbox,
            rough_bounds=1.0,
            other_tenant={"tenant_id": "another"},
            errors=ERRORS,
        )


class TestXeroWithoutCounts(ProviderContract):
    """It keeps them too if an empty page is the end."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = XeroSandbox(payments=payments, counts_pages=False)
        return ContractSubject(
            provider=XeroProvider, sandbox=sandbox, rough_bounds=1.0, empty_page_ends=True
        )
