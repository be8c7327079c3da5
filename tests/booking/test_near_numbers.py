"""Invoice numbers that are nearly right."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.booking.near_numbers import find_near, number_keys
from paysdk.testing.booking import FakeBooks

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("number", "near", "is_near"),
    [
        ("INV-7", "inv-7", True),
        ("INV-0011", "INV-11", True),
        ("INV 11", "INV/11", True),
        ("2026-0011", "INV-2026-0011", True),
        ("0011", "11", True),
        ("INV-100", "INV-1", False),
        ("A-7", "B-7", False),
        ("INV-11", "INV-12", False),
        ("ACME", "acme", True),
    ],
)
def test_case_zeros_marks_and_prefixes_make_numbers_near(
    number: str, near: str, *, is_near: bool
) -> None:
    """A single last digit is too little."""
    whole, digits = number_keys(number)
    other, other_digits = number_keys(near)

    assert is_near == (whole == other or (digits is not None and digits == other_digits))


async def find(numbers: Sequence[str], *invoices: str) -> dict[str, str]:
    """What is near these numbers in books with these invoices."""
    books = FakeBooks()
    for invoice in invoices:
        books.add_invoice(invoice, Decimal(60))
    return await find_near(numbers, books.list_invoices())


async def test_the_nearest_invoices_are_described() -> None:
    """A number that is near as a whole is shown before one that shares the last digits."""
    found = await find(["inv-0011", "X-9"], "A-11", "INV-11", "B-12")

    assert {
        "inv-0011": "number INV-11, invoice 1001, entity 1, no client name, status open, total 60, "
        "due 60"
    } == found


async def test_only_a_few_are_shown() -> None:
    """A list of hundreds would help nobody."""
    found = await find(["11"], "A-11", "B-11", "C-11", "D-11", "E-12")

    assert 3 == found["11"].count("number ")
