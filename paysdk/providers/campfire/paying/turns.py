"""Taking turns: one order at a time under a name, in this process and in others."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import attrs

from paysdk.errors import ConfigurationError
from paysdk.orders import MemoryJournal, OrderJournal
from paysdk.providers.campfire.paying.open_orders import OpenOrders  # attrs reads it
from paysdk.providers.campfire.paying.operation import Consent, PayOperation
from paysdk.providers.campfire.paying.order import PayOrder  # likewise

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from paysdk.orders import Exclusive
    from paysdk.transport.client import Client

__all__ = ["Turn", "Turns"]

_log = logging.getLogger("paysdk")

# A store keeps names in a column, so they stay short.
_MAX_NAME_CHARS = 200


def make_name(origin: str, kind: str, value: str | int) -> str:
    """The name to hold, in every process, for an external id or an invoice."""
    name = f"campfire {origin} {kind} {value}"
    if len(name) <= _MAX_NAME_CHARS:
        return name
    digest = sha256(name.encode(errors="surrogatepass")).hexdigest()
    return f"{name[: _MAX_NAME_CHARS - len(digest) - 1]} {digest}"


# The open orders of each name, for each ``exclusive`` that keeps no journal itself. All providers
# that share an ``exclusive`` share them.
_memories: WeakKeyDictionary[Any, dict[str, MemoryJournal]] = WeakKeyDictionary()


def _share_memory(exclusive: Exclusive | None) -> dict[str, MemoryJournal]:
    if exclusive is None:
        return {}
    # Python makes a new bound method each time that it is looked up, so its object is the key.
    owner: object = getattr(exclusive, "__self__", exclusive)
    try:
        return _memories.setdefault(owner, {})
    except TypeError:  # the object cannot be hashed, or no weak reference to it can be made
        return {}


@attrs.frozen
class Turn:
    """An order during its turn: no other order under its names is sent meanwhile."""

    operation: PayOperation
    order: PayOrder
    open_orders: OpenOrders
    consent: Consent

    @property
    def invoice_id(self) -> int:
        return self.operation.invoice_id


class Turns:
    """Gives turns: a lock keeps other tasks out, and *exclusive*, if given, other processes."""

    def __init__(self, client: Client, exclusive: Exclusive | None) -> None:
        self._client = client
        self._exclusive = exclusive
        # A fork gets its own locks: nothing in it would release the locks of its parent.
        self._locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
        self._memory = _share_memory(exclusive)

    @asynccontextmanager
    async def take(
        self,
        invoice_id: int,
        order: PayOrder,
        consent: Consent = Consent(),  # noqa: B008  # frozen
    ) -> AsyncGenerator[Turn]:
        """Hold the order's names.

        If two orders ran at the same time, neither could tell which of the new payments it had
        made.
        """
        operation = PayOperation.begin(self._client, invoice_id)
        invoice = make_name(operation.origin, "invoice", invoice_id)
        external_ids = (
            make_name(operation.origin, "external_id", each) for each in order.external_ids
        )
        async with self._hold([invoice, *external_ids], operation.run) as journals:
            timeout = self._client.settings.timeout
            open_orders = OpenOrders(operation, journals, invoice, timeout)
            yield Turn(operation, order, open_orders, consent)

    @asynccontextmanager
    async def take_void(
        self, operation: PayOperation, payment_id: int
    ) -> AsyncGenerator[OpenOrders]:
        """Hold the invoice and one of its payments, and yield the journal of the payment's voids.

        A void changes what an order for the invoice would see, so the two take turns.
        """
        invoice = make_name(operation.origin, "invoice", operation.invoice_id)
        payment = make_name(operation.origin, "void", payment_id)
        async with self._hold([invoice, payment], operation.run) as journals:
            timeout = self._client.settings.timeout
            yield OpenOrders(operation, {payment: journals[payment]}, payment, timeout)

    @asynccontextmanager
    async def _hold(
        self, names: Iterable[str], run: Callable[[Awaitable[object]], Awaitable[object]]
    ) -> AsyncGenerator[dict[str, OrderJournal]]:
        """Hold all *names*, and yield the journal of each. *run* awaits each."""
        # All orders take their names in the same sequence, so two orders never wait for each other.
        # The locks of this process come first, so an order that holds a name in other processes
        # never waits for a task.
        ordered = sorted(names)
        async with AsyncExitStack() as held:
            for name in ordered:
                lock = self._locks.setdefault((os.getpid(), name), asyncio.Lock())
                await run(held.enter_async_context(lock))
            journals = await self._enter_all(held, ordered, run)
            try:
                yield journals
            finally:
                self._forget_empty(journals)

    async def _enter_all(
        self,
        held: AsyncExitStack,
        names: Iterable[str],
        run: Callable[[Awaitable[object]], Awaitable[object]],
    ) -> dict[str, OrderJournal]:
        journals: dict[str, OrderJournal] = {}
        entered: list[tuple[object, object]] = []
        for name in names:
            yielded = (
                None
                if self._exclusive is None
                else await run(_enter(held, entered, self._exclusive(name)))
            )
            journals[name] = (
                yielded
                if isinstance(yielded, OrderJournal)
                else self._memory.setdefault(name, MemoryJournal())
            )
        return journals

    def _forget_empty(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._memory and not self._memory[name]:
                del self._memory[name]


async def _enter(
    held: AsyncExitStack,
    entered: list[tuple[object, object]],
    manager: Any,  # noqa: ANN401  # the user's own
) -> object:
    if not hasattr(manager, "__aenter__") or not hasattr(manager, "__aexit__"):
        raise ConfigurationError(
            "Nothing was sent. exclusive must return an async context manager for a name, not "
            f"{manager!r}."
        )
    # Some programs use one lock for all names. If this order holds it already, waiting for it would
    # never end.
    for other, already_yielded in entered:
        if other is manager:
            return already_yielded
    yielded: object = await manager.__aenter__()
    held.push_async_exit(_QuietExit(manager))
    entered.append((manager, yielded))
    return yielded


class _QuietExit:
    """Leaves the user's context manager. The order was sent before, so an error is only logged."""

    def __init__(self, manager: AbstractAsyncContextManager[object]) -> None:
        self._manager = manager

    async def __call__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._manager.__aexit__(kind, error, traceback)
        except Exception as raised:  # noqa: BLE001  # whatever the user's own part raises
            if raised is not error:
                _log.warning(
                    "campfire: leaving the context manager of exclusive failed. This changes "
                    "nothing about the order: %r",
                    raised,
                )
