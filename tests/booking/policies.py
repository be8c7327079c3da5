"""The policies of the tests: one for books in memory, and one for Campfire's sandbox."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from paysdk.booking import BookingPolicy

__all__ = ["BOOKS_POLICY", "CAMPFIRE_POLICY"]

BOOKS_POLICY = BookingPolicy(
    currency="EUR",
    entity=1,
    account_id=77,
    account_name="1090 - Clearing",
    since=date(2026, 1, 1),
    max_amount=Decimal(5000),
)
CAMPFIRE_POLICY = BookingPolicy(
    currency="USD",
    entity=54,
    account_id=2561,
    account_name="1050 - Payments Clearing",
    since=date(2026, 1, 1),
    max_amount=Decimal(5000),
)
