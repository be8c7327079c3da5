"""Mollie's payments for paysdk."""

from __future__ import annotations

from paysdk_mollie.provider import MollieProvider

__all__ = ["MollieProvider"]
