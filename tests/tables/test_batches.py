"""Read payments of any source in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import ConfigurationError, Payment
from paysdk.tables.batches import check_payments, read_batches
from tests.tables.rows import REQUIRED, as_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@attrs.define
class Walk:
    """An async iterator that cannot be closed."""

    payments: Iterator[Payment]

    def __aiter__(self) -> Walk:
        return self

    async def __anext__(self) -> Payment:
        for payment in self.payments:
            return payment
        raise StopAsyncIteration


@pytest.mark.parametrize(
    ("number", "sizes"), [(0, []), (1, [1]), (2000, [2000]), (4001, [2000, 2000, 1])]
)
async def test_batches_have_a_size(number: int, sizes: list[int]) -> None:
    """Every source is read in batches of the same size, and in its order."""
    payments = [attrs.evolve(REQUIRED, id=str(place)) for place in range(number)]

    for source in (payments, iter(payments), as_async(payments), Walk(iter(payments))):
        batches = [batch async for batch in read_batches(source)]
        assert sizes == [len(batch) for batch in batches]
        assert payments == [payment for batch in batches for payment in batch]


async def test_a_source_is_closed_if_the_reader_leaves() -> None:
    """A listing then returns its connection immediately."""
    closed = []

    async def listing() -> AsyncIterator[Payment]:
        try:
            while True:
                yield REQUIRED
        finally:
            closed.append(True)

    async with aclosing(read_batches(listing())) as batches:
        assert 2000 == len(await anext(batches))

    assert [True] == closed


@pytest.mark.parametrize("given", [7, None, REQUIRED])
def test_what_cannot_be_iterated_over_is_refused(given: object) -> None:
    """The message says what to give."""
    with pytest.raises(ConfigurationError, match="such as a list, a listing or store"):
        check_payments(given)


@pytest.mark.parametrize("number", [0, 2500])
async def test_what_is_no_payment_is_refused(number: int) -> None:
    """The message shows what came instead of a payment, from every source."""

    class Special(Payment):
        """A payment of another class."""

    special = Special(provider="acme", id="1", amount=REQUIRED.amount, invoice=REQUIRED.invoice)
    payments: Any = [REQUIRED] * number + [special]
    assert payments == [each async for batch in read_batches(payments) for each in batch]
    wrong: list[Any] = [*payments, 7]
    for source in (wrong, iter(wrong), as_async(wrong)):
        with pytest.raises(ConfigurationError, match="be Payment objects, and one of them is 7"):
            assert [batch async for batch in read_batches(source)]
