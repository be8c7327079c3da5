"""The paths of Campfire's API that paysdk uses. The trailing slashes are the API's own."""

from __future__ import annotations

__all__ = ["INVOICE", "PAY", "PAYMENTS"]

PAYMENTS = "/coa/api/v1/invoice-payments"
INVOICE = "/coa/api/v1/invoice/{}/"
PAY = "/coa/api/v1/invoice/{}/pay/"
