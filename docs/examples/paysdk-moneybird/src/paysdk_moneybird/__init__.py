"""The payments of Moneybird's sales invoices for paysdk."""

from __future__ import annotations

from paysdk_moneybird.provider import MoneybirdProvider

__all__ = ["MoneybirdProvider"]
