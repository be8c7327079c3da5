"""The paths of Campfire's API that paysdk uses. The trailing slashes are the API's own."""

from __future__ import annotations

__all__ = ["INVOICE", "INVOICES", "PAY", "PAYMENTS"]

PAYMENTS = "/coa/api/v1/invoice-payments"
INVOICES = "/coa/api/v1/invoice/"
INVOICE = "/coa/api/v1/invoice/{}/"
PAY = "/coa/api/v1/invoice/{}/pay/"
