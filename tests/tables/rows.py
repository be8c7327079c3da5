"""Payments for the tests of tables."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from paysdk import InvoiceRef
from tests.payments import REQUIRED, WHOLE, payment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from paysdk import Payment

__all__ = ["REQUIRED", "WHOLE", "as_async", "of_amount", "of_total", "payment"]


def of_amount(amount: str, **fields: Any) -> Payment:  # noqa: ANN401  # anything may be given
    """A payment of this amount."""
    return attrs.evolve(REQUIRED, amount=Decimal(amount), **fields)


def of_total(total: str) -> Payment:
    """A payment of an invoice with this total."""
    return attrs.evolve(REQUIRED, invoice=InvoiceRef("2", None, Decimal(total)))


async def as_async(payments: Sequence[Payment]) -> AsyncIterator[Payment]:
    """An async iterable of the payments."""
    for each in payments:
        yield each
