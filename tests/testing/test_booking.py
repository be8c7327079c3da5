"""The books in memory."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from paysdk import NotFoundError
from paysdk.testing.booking import FakeBooks

DAY = date(2026, 3, 2)


async def test_a_second_void_changes_nothing() -> None:
    """The payment keeps the day on which it was voided."""
    books = FakeBooks()
    invoice = books.add_invoice("A-1", Decimal(60))
    payment = books.add_payment(invoice.id, Decimal(60), DAY)

    first = await books.void(invoice.id, payment.id, DAY)
    second = await books.void(invoice.id, payment.id, date(2026, 4, 1))

    assert DAY == first.voided_date == second.voided_date


async def test_a_payment_of_another_invoice_cannot_be_voided() -> None:
    """Nothing is changed."""
    books = FakeBooks()
    invoice = books.add_invoice("A-1", Decimal(60))
    payment = books.add_payment(invoice.id, Decimal(60), DAY)

    with pytest.raises(NotFoundError):
        await books.void("9", payment.id, None)

    assert [payment] == books.live_payments(invoice.id)
