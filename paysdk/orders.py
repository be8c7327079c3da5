"""Open orders, whose outcome is not known yet, and the journal that records them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeAlias, runtime_checkable

import attrs

__all__ = ["Exclusive", "MemoryJournal", "OpenOrder", "OrderJournal"]


@attrs.frozen(kw_only=True)
class OpenOrder:
    """An order that was sent and may still be booked.

    ``id`` is unique, and the sender chooses it. ``sent_at`` is an aware UTC time. ``drafted`` is
    true if the provider accepted the order and a person must still approve it. ``details`` is JSON
    that paysdk needs to look for the order. A journal stores it unchanged.
    """

    id: str
    sent_at: datetime
    details: str
    drafted: bool = False


@runtime_checkable
class OrderJournal(Protocol):
    """The open orders under one name. Use it only while you hold the name."""

    async def read_open(self) -> Sequence[OpenOrder]:
        """Return the orders under this name whose outcome is not known, oldest first."""
        ...

    async def record_sent(self, order: OpenOrder) -> None:
        """Record *order*, in place of an entry with its id. It is durable when this returns.

        Raises an exception if this process no longer holds the name. The caller must then send
        nothing.
        """
        ...

    async def record_settled(self, order_id: str) -> None:
        """Remove an order that was found or refused, or that a person says will not be booked."""
        ...


class MemoryJournal:
    """An ``OrderJournal`` that lasts as long as this process."""

    def __init__(self) -> None:
        self._orders: dict[str, OpenOrder] = {}

    def __len__(self) -> int:
        return len(self._orders)

    async def read_open(self) -> Sequence[OpenOrder]:
        return sorted(self._orders.values(), key=lambda order: order.sent_at)

    async def record_sent(self, order: OpenOrder) -> None:
        self._orders[order.id] = order

    async def record_settled(self, order_id: str) -> None:
        self._orders.pop(order_id, None)


# A function that takes a name, and returns a context manager that keeps all other callers out of
# the name. The context manager may yield an OrderJournal.
Exclusive: TypeAlias = Callable[[str], AbstractAsyncContextManager[object]]
