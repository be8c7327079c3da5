"""Read payments of any source in batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from itertools import islice
from typing import TypeAlias

from paysdk.errors import ConfigurationError
from paysdk.payment import Payment

__all__ = ["Payments", "check_payments", "read_batches"]

Payments: TypeAlias = Iterable[Payment] | AsyncIterable[Payment]

# The event loop gets a turn after this number of payments. Putting them into a table takes a few
# milliseconds.
_BATCH_ROWS = 2000


def check_payments(payments: object) -> None:
    """Raise ``ConfigurationError`` if these are not payments to iterate over."""
    if not isinstance(payments, Iterable | AsyncIterable):
        raise ConfigurationError(
            "payments must be payments to iterate over, such as a list, a listing or "
            f"store.payments(...), not {payments!r}."
        )


async def read_batches(payments: Payments) -> AsyncGenerator[list[Payment]]:
    """The payments in lists, in their order. The event loop gets a turn after each list.

    Raises ``ConfigurationError`` for anything else than a payment.
    """
    if isinstance(payments, AsyncIterable):
        async with aclosing(_read_async(payments)) as batches:
            async for batch in batches:
                _check_types(batch)
                yield batch
        return
    rest = iter(payments)
    while batch := list(islice(rest, _BATCH_ROWS)):
        _check_types(batch)
        yield batch
        await asyncio.sleep(0)


def _check_types(batch: list[Payment]) -> None:
    """Raise ``ConfigurationError`` if something in *batch* is not a payment."""
    # A set of the types takes a fifth of the time of a look at each payment.
    if {*map(type, batch)} <= {Payment}:
        return
    for given in batch:
        item: object = given
        if not isinstance(item, Payment):
            raise ConfigurationError(
                f"payments must be Payment objects, and one of them is {item!r}."
            )


async def _read_async(payments: AsyncIterable[Payment]) -> AsyncGenerator[list[Payment]]:
    walk = aiter(payments)
    batch: list[Payment] = []
    try:
        async for payment in walk:
            batch.append(payment)
            if len(batch) == _BATCH_ROWS:
                yield batch
                batch = []
                await asyncio.sleep(0)
    finally:
        # Closing a listing returns its connection immediately.
        if isinstance(walk, AsyncGenerator):
            await walk.aclose()
    if batch:
        yield batch
