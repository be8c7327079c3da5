"""Orders whose outcome is not known yet: what ``exclusive`` may yield, so that such an order holds its name in every process."""

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

    ``id`` is unique and was made by the sender. ``sent_at`` is an aware UTC time. ``drafted`` is
    true if the provider accepted the order and a person has yet to approve it. ``details`` is JSON
    that the provider wrote, enough to look for the order: a journal keeps it as it is.
    """

    id: str
    sent_at: datetime
    details: str
    drafted: bool = False


@runtime_checkable
class OrderJournal(Protocol):
    """The open orders of one name. Use it only while you hold the name."""

    async def read_open(self) -> Sequence[OpenOrder]:
        """The orders under this name whose outcome is not known, oldest first."""
        ...

    async def record_sent(self, order: OpenOrder) -> None:
        """Write *order* down, or write it again with what has changed. It is durable when this returns.

        Raises an exception if this process no longer holds the name. Nothing may be sent then.
        """
        ...

    async def record_settled(self, order_id: str) -> None:
        """Strike out an order: it was found, it was refused for certain, or a person says that it will not come."""
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


# From a name to a context manager that keeps all others out while it is held. What it yields may be
# an OrderJournal.
Exclusive: TypeAlias = Callable[[str], AbstractAsyncContextManager[object]]
