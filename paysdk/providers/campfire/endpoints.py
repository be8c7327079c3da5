"""The paths of Campfire's API that paysdk uses, and the largest page of its lists."""

from __future__ import annotations

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_SETTINGS",
    "INVOICE",
    "INVOICES",
    "MAX_PAGE_SIZE",
    "PAY",
    "PAYMENTS",
    "PREVIEW",
    "VOID",
]

# The trailing slashes are the API's own.
PAYMENTS = "/coa/api/v1/invoice-payments"
INVOICES = "/coa/api/v1/invoice/"
INVOICE = "/coa/api/v1/invoice/{}/"
PAY = "/coa/api/v1/invoice/{}/pay/"
VOID = "/coa/api/v1/invoice/{}/payment/{}/void/"
PREVIEW = "/coa/api/v1/invoice/{}/calculate-payment"
ACCOUNTS = "/coa/api/account"
ACCOUNT_SETTINGS = "/coa/api/chart-account-settings"

MAX_PAGE_SIZE = 10_000
