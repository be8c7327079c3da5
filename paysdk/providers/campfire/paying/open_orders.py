"""The journal of open orders: what was sent under the names of one turn and may still be booked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

import attrs

from paysdk.errors import ConfigurationError
from paysdk.orders import OrderJournal  # attrs reads it
from paysdk.providers.campfire.paying.operation import PayOperation  # likewise
from paysdk.providers.campfire.paying.sent_order import (
    SentOrder,
    SentVoid,
    read_open_order,
    read_open_void,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.orders import OpenOrder

__all__ = ["OpenOrders"]

_log = logging.getLogger("paysdk")


class _Sent(Protocol):
    """An order or a void, as far as a journal needs it."""

    @property
    def id(self) -> str: ...
    @property
    def invoice_id(self) -> int: ...
    def to_open(self) -> OpenOrder: ...


@attrs.frozen
class OpenOrders:
    """Reads and writes the journals of all names that one turn holds.

    An order is in the journal of each of its names: that of its invoice, *invoice_name*, and that
    of each external id. A write after the order was sent may take *write_seconds*, even if the
    operation's deadline has passed.
    """

    _operation: PayOperation
    _journals: Mapping[str, OrderJournal]
    _invoice_name: str
    _write_seconds: float

    async def read(self) -> list[SentOrder]:
        """The open orders under all names, oldest first."""
        orders: dict[str, SentOrder] = {}
        # Only the invoice's journal notes which payments other orders have made since. So it comes
        # last, and its entries replace the others.
        for name in sorted(self._journals, key=lambda name: name == self._invoice_name):
            for kept in await self._operation.run(self._journals[name].read_open()):
                # One journal for all names has the voids of payments, too.
                if read_open_void(kept) is None:
                    orders[kept.id] = _decode(kept, name)
        return sorted(orders.values(), key=lambda sent: sent.sent_at)

    async def read_voids(self, payment_id: int) -> list[SentVoid]:
        """The open voids of a payment, oldest first."""
        return [
            sent
            for journal in self._journals.values()
            for kept in await self._operation.run(journal.read_open())
            if (sent := read_open_void(kept)) is not None and sent.payment_id == payment_id
        ]

    async def record(self, sent: _Sent) -> None:
        """Write *sent* down under every name, before it is sent."""
        for journal in self._journals.values():
            await self._operation.run(journal.record_sent(sent.to_open()))

    async def record_again(self, sent: _Sent) -> None:
        """Write *sent* down again before a retry.

        Waiting may have taken longer than a name can be held. A journal whose name was lost
        raises, and then nothing may be sent.
        """
        for journal in self._journals.values():
            await journal.record_sent(sent.to_open())

    async def update(self, sent: _Sent) -> None:
        """Write down what has changed about *sent*. If that fails, the old entry stays."""
        for journal in self._journals.values():
            await self._try(partial(journal.record_sent, sent.to_open()), sent)

    async def release(self, sent: _Sent) -> None:
        """Remove *sent*, because a person says that it will not come."""
        for journal in self._journals.values():
            await self._operation.run(journal.record_settled(sent.id))

    async def settle(self, sent: _Sent) -> None:
        """Remove *sent*, whose outcome is known.

        If that fails, the order stays open. The next call under one of its names looks for it.
        """
        for journal in self._journals.values():
            await self._try(partial(journal.record_settled, sent.id), sent)

    async def settle_booked(self, sent: SentOrder, payment_ids: tuple[str, ...]) -> None:
        """Remove *sent*, which made these payments, and note that no other open order made them."""
        sent.payment_ids = payment_ids
        await self.settle(sent)
        try:
            others = await self.read()
        except Exception as error:  # noqa: BLE001  # the order is booked, whatever the journal does
            _log.warning(
                "campfire: the open orders of invoice %s could not be read: %r",
                self._operation.invoice_id,
                error,
            )
            return
        for other in others:
            if other.id != sent.id and other.invoice_id == self._operation.invoice_id:
                await self._exclude(other, payment_ids)

    async def _exclude(self, other: SentOrder, payment_ids: tuple[str, ...]) -> None:
        other.before |= frozenset(payment_ids)
        journal = self._journals[self._invoice_name]
        await self._try(partial(journal.record_sent, other.to_open()), other)

    async def _try(self, write: Callable[[], Awaitable[object]], sent: _Sent) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await write()
        except Exception as error:  # noqa: BLE001  # whatever the user's journal raises
            _log.warning(
                "campfire: the outcome of an order for invoice %s could not be written down: %r",
                sent.invoice_id,
                error,
            )


def _decode(kept: OpenOrder, name: str) -> SentOrder:
    sent = read_open_order(kept)
    if sent is None:
        raise ConfigurationError(
            f"Nothing was sent. Another version of paysdk left order {kept.id} open under "
            f"{name!r}, and this version cannot read it. Let that version finish the order, or "
            "upgrade to it."
        )
    return sent
