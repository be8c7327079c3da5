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
    """The payments in lists, in their order. The event loop gets a turn after each list."""
    if isinstance(payments, AsyncIterable):
        async with aclosing(_read_async(payments)) as batches:
            async for batch in batches:
                yield batch
        return
    rest = iter(payments)
    while batch := list(islice(rest, _BATCH_ROWS)):
        yield batch
        await asyncio.sleep(0)


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
