"""Xero's payments for paysdk."""

from __future__ import annotations

from paysdk_xero.provider import XeroProvider

__all__ = ["XeroProvider"]
