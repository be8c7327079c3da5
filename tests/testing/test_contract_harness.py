"""The parts of the contract's harness."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import InvoiceRef, Payment
from paysdk.testing import Response
from paysdk.testing.contract.amounts import Amounts
from paysdk.testing.contract.harness import take
from paysdk.testing.contract.rewrite import Pages, with_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Plain:
    """An async iterator that is not a generator, and cannot be closed."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        """Count down."""
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


@pytest.mark.parametrize(("count", "expected"), [(1, [4]), (3, [4, 3, 2]), (9, [4, 3, 2, 1, 0])])
async def test_takes_from_any_iterator(count: int, expected: list[int]) -> None:
    """It takes at most the given number of items."""
    assert expected == await take(Plain(5), count)


def sent(amount: str, raw: object, number: int = 0) -> Payment:
    """Make a payment with this *raw*."""
    return Payment(
        provider="x",
        id=str(number),
        amount=Decimal(amount),
        invoice=InvoiceRef(id="invoice"),
        raw=raw,
    )


@pytest.mark.parametrize(
    ("amount", "raw", "expected"),
    [
        ("10.50", {"amount": "10.50"}, [(("amount",), 0)]),
        ("10.50", {"amount": {"value": Decimal("10.50")}, "id": 7}, [(("amount", "value"), 0)]),
        ("10.50", {"cents": 1050, "other": ["1050"]}, [(("cents",), 2)]),
        ("10", {"yen": 10, "paid": True, "note": "NaN"}, [(("yen",), 0)]),
        ("0.00", {"amount": 0}, [(("amount",), 0)]),
        ("10.50", {"amount": "11.50"}, []),
    ],
)
def test_finds_amounts(amount: str, raw: object, expected: list[Any]) -> None:
    """An amount is found as a number, as text, or in minor units, at any path."""
    payment = sent(amount, raw)
    assert expected == [
        (place.path, place.minor_digits) for place in Amounts([payment]).places(payment)
    ]


def test_tells_amounts_from_what_is_equal_by_chance() -> None:
    """Other fields that equal the amount by chance are not taken for it."""
    payments = [
        sent("1", {"id": 1, "fee": 0, "minor": 100}, number=1),
        sent("2", {"id": 2, "fee": 5, "minor": 200}, number=2),
        sent("0", {"id": 3, "fee": 0, "minor": 0}, number=3),
        sent("400", {"id": 4, "fee": 7, "minor": 400}, number=4),
    ]
    amounts = Amounts(payments)
    assert [[(("minor",), digits, True)] for digits in (2, 2, 0, 0)] == [
        [(place.path, place.minor_digits, place.whole) for place in amounts.places(payment)]
        for payment in payments
    ]


def test_changes_pages_only() -> None:
    """Records are found at any depth of a page, and other responses are unchanged."""
    known = [sent("1.50", {"id": 1, "amount": "1.50"})]
    changed = Pages(known, lambda number, records: [number, *records])
    for body in (b"<html>", b'{"records": []}', b"7"):
        assert Response(200, body) == changed(Response(200, body))
    for number in (1, 2):
        page = Response(
            200, b'{"data": {"edges": [{"node": {"id": 1, "amount": "1.50"}}]}, "total": 1.10}'
        )
        expected = (
            b'{"data":{"edges":[%d,{"node":{"id":1,"amount":"1.50"}}]},"total":1.10}' % number
        )
        assert Response(200, expected) == changed(page)


def test_changes_links_wherever_they_stand() -> None:
    """Links are changed in the body, also with escaped slashes, and in headers."""
    response = Response(
        200, b'["http://a/x", "http:\\/\\/a\\/x"]', {"Link": '<http://a/x>; rel="next"'}
    )
    expected = Response(
        200, b'["https://b/x", "https:\\/\\/b\\/x"]', {"Link": '<https://b/x>; rel="next"'}
    )
    assert expected == with_text(response, "http://a", "https://b")
