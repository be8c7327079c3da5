"""Payments from Campfire and Notify as one record, exact to the digit.

Everything public is here and is loaded when it is first used, so that importing paysdk costs next
to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import distribution, lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.checkpoint import Checkpoint
    from paysdk.converter import make_converter
    from paysdk.discovery import open_provider
    from paysdk.errors import (
        APIError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        ConnectionFailedError,
        DuplicatePaymentError,
        MalformedResponseError,
        NotFoundError,
        OutcomeUnknownError,
        PaginationError,
        PaysdkError,
        PermissionDeniedError,
        RateLimitedError,
        RequestTimeoutError,
        ServerError,
        TransportError,
        UnsupportedFilterError,
    )
    from paysdk.follow.following import Follower, PaymentChange, follow_payments
    from paysdk.orders import OpenOrder, OrderJournal
    from paysdk.payment import CustomerRef, InvoiceRef, Payment
    from paysdk.provider import Capabilities, Listing, ListingReport, Page, PaymentsProvider
    from paysdk.providers.campfire.accounts.schema import Account, AccountRef, AccountSettings
    from paysdk.providers.campfire.invoices.schema import (
        Attachment,
        Invoice,
        InvoiceLine,
        InvoiceSummary,
    )
    from paysdk.providers.campfire.paying.items import (
        CreditMemoPayment,
        DebitMemoPayment,
        ManualPayment,
        TransactionPayment,
    )
    from paysdk.providers.campfire.paying.order import CreditMemoRef, PayOutcome
    from paysdk.providers.campfire.paying.preview import PaymentPreview
    from paysdk.providers.campfire.provider import CampfireProvider
    from paysdk.providers.notify.provider import NotifyProvider
    from paysdk.transport.messages import RawResponse
    from paysdk.transport.policy import RetryPolicy

_MODULES = {
    "paysdk.checkpoint": ("Checkpoint",),
    "paysdk.converter": ("make_converter",),
    "paysdk.discovery": ("open_provider",),
    "paysdk.errors": (
        "APIError",
        "AuthenticationError",
        "BadRequestError",
        "ConfigurationError",
        "ConflictError",
        "ConnectionFailedError",
        "DuplicatePaymentError",
        "MalformedResponseError",
        "NotFoundError",
        "OutcomeUnknownError",
        "PaginationError",
        "PaysdkError",
        "PermissionDeniedError",
        "RateLimitedError",
        "RequestTimeoutError",
        "ServerError",
        "TransportError",
        "UnsupportedFilterError",
    ),
    "paysdk.follow.following": ("Follower", "PaymentChange", "follow_payments"),
    "paysdk.orders": ("OpenOrder", "OrderJournal"),
    "paysdk.payment": ("CustomerRef", "InvoiceRef", "Payment"),
    "paysdk.provider": ("Capabilities", "Listing", "ListingReport", "Page", "PaymentsProvider"),
    "paysdk.providers.campfire.paying.items": (
        "CreditMemoPayment",
        "DebitMemoPayment",
        "ManualPayment",
        "TransactionPayment",
    ),
    "paysdk.providers.campfire.accounts.schema": ("Account", "AccountRef", "AccountSettings"),
    "paysdk.providers.campfire.paying.order": ("CreditMemoRef", "PayOutcome"),
    "paysdk.providers.campfire.paying.preview": ("PaymentPreview",),
    "paysdk.providers.campfire.provider": ("CampfireProvider",),
    "paysdk.providers.campfire.invoices.schema": (
        "Attachment",
        "Invoice",
        "InvoiceLine",
        "InvoiceSummary",
    ),
    "paysdk.providers.notify.provider": ("NotifyProvider",),
    "paysdk.transport.messages": ("RawResponse",),
    "paysdk.transport.policy": ("RetryPolicy",),
}

__all__ = [
    "APIError",
    "Account",
    "AccountRef",
    "AccountSettings",
    "Attachment",
    "AuthenticationError",
    "BadRequestError",
    "CampfireProvider",
    "Capabilities",
    "Checkpoint",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "CreditMemoPayment",
    "CreditMemoRef",
    "CustomerRef",
    "DebitMemoPayment",
    "DuplicatePaymentError",
    "Follower",
    "Invoice",
    "InvoiceLine",
    "InvoiceRef",
    "InvoiceSummary",
    "Listing",
    "ListingReport",
    "MalformedResponseError",
    "ManualPayment",
    "NotFoundError",
    "NotifyProvider",
    "OpenOrder",
    "OrderJournal",
    "OutcomeUnknownError",
    "Page",
    "PaginationError",
    "PayOutcome",
    "Payment",
    "PaymentChange",
    "PaymentPreview",
    "PaymentsProvider",
    "PaysdkError",
    "PermissionDeniedError",
    "RateLimitedError",
    "RawResponse",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "TransactionPayment",
    "TransportError",
    "UnsupportedFilterError",
    "follow_payments",
    "make_converter",
    "open_provider",
]

__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy.export(__name__, _MODULES)

__version__: str = distribution.__version__
distribution.warn_of_namesake(__path__[0])
