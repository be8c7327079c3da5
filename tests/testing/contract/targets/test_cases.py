"""What the cases about targets share."""

from __future__ import annotations

from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from paysdk.errors import NotFoundError
from paysdk.testing.booking import FakeBooks
from paysdk.testing.contract.targets.cases import AMOUNT, Books, catch
from tests.testing.contract.targets.subjects import in_memory


async def test_an_error_is_caught_and_its_absence_is_reported() -> None:
    """The error of an operation is returned, and an operation without one breaks a promise."""
    books = FakeBooks()
    invoice = books.add_invoice("A-1", Decimal("100.00"))

    error = await catch(books.retrieve_invoice("999"), "retrieving nothing")
    assert isinstance(error, NotFoundError)
    with pytest.raises(AssertionError, match="retrieving an invoice returned TargetInvoice"):
        await catch(books.retrieve_invoice(invoice.id), "retrieving an invoice")


async def test_a_payment_may_be_split() -> None:
    """What is booked is the sum of the live payments, in any number of parts."""
    fake = FakeBooks(splits=True)
    async with AsyncExitStack() as stack:
        books = Books(in_memory(fake), stack)
        await books.book_one(books.open_target(), books.order())
        assert 2 == len(books.live_amounts())
        books.check_booked(AMOUNT, when="after an order")
        with pytest.raises(AssertionError, match="what is booked after nothing"):
            books.check_booked(when="after nothing")
    assert ["A-1b"] == [each.number for each in books.seen]
