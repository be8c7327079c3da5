"""Taking turns: one order at a time under a name, and the open orders of that name."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from paysdk.errors import ConfigurationError
from paysdk.orders import MemoryJournal, OrderJournal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from paysdk.orders import Exclusive

__all__ = ["Turns", "name_of"]

_log = logging.getLogger("paysdk")

# What a store is asked to keep apart stays short enough for any column.
_MAX_NAME_CHARS = 200


def name_of(origin: str, kind: str, value: str | int) -> str:
    """The name that is held for *value*, an external id or an invoice, in every process."""
    name = f"campfire {origin} {kind} {value}"
    if len(name) <= _MAX_NAME_CHARS:
        return name
    digest = sha256(name.encode(errors="surrogatepass")).hexdigest()
    return f"{name[: _MAX_NAME_CHARS - len(digest) - 1]} {digest}"


# What is open under a name, for each ``exclusive`` that keeps no journal itself: all providers that
# share one share this.
_memories: WeakKeyDictionary[Any, dict[str, MemoryJournal]] = WeakKeyDictionary()


def _memory_of(exclusive: Exclusive | None) -> dict[str, MemoryJournal]:
    if exclusive is None:
        return {}
    # A bound method is another object each time that it is asked for.
    owner: object = getattr(exclusive, "__self__", exclusive)
    try:
        return _memories.setdefault(owner, {})
    except TypeError:  # an object that cannot be a key or cannot be referred to weakly
        return {}


class Turns:
    """Holds names: against the other tasks with a lock, and against other processes with *exclusive*, if there is one."""

    def __init__(self, exclusive: Exclusive | None) -> None:
        self._exclusive = exclusive
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._memory = _memory_of(exclusive)

    @asynccontextmanager
    async def hold(
        self, names: Iterable[str], within: Callable[[Awaitable[object]], Awaitable[object]]
    ) -> AsyncGenerator[dict[str, OrderJournal]]:
        """Hold all *names*, and give the journal of each.

        Waiting for the turn happens in *within*.
        """
        journals: dict[str, OrderJournal] = {}
        entered: list[tuple[object, object]] = []
        async with AsyncExitStack() as held:
            # All take the names in one order, so that two orders never wait for each other. The
            # locks come first: whoever has something that others share with it waits for nothing of
            # its own.
            ordered = sorted(names)
            for name in ordered:
                await within(held.enter_async_context(self._locks.setdefault(name, asyncio.Lock())))
            for name in ordered:
                given = (
                    None
                    if self._exclusive is None
                    else await within(_enter(held, entered, self._exclusive(name)))
                )
                journals[name] = (
                    given
                    if isinstance(given, OrderJournal)
                    else self._memory.setdefault(name, MemoryJournal())
                )
            try:
                yield journals
            finally:
                for name in journals:
                    if name in self._memory and not self._memory[name]:
                        del self._memory[name]


async def _enter(
    held: AsyncExitStack,
    entered: list[tuple[object, object]],
    manager: Any,  # noqa: ANN401  # the user's own
) -> object:
    if not hasattr(manager, "__aenter__") or not hasattr(manager, "__aexit__"):
        raise ConfigurationError(
            f"exclusive must give an async context manager for a name, not {manager!r}. Nothing "
            "was sent."
        )
    # One lock for all names is enough for some, and waiting for it while it is held here would
    # never end.
    for other, already_given in entered:
        if other is manager:
            return already_given
    given: object = await manager.__aenter__()
    held.push_async_exit(_Leaving(manager))
    entered.append((manager, given))
    return given


class _Leaving:
    """Leaves a context manager of the user's.

    What that makes of it changes nothing for the order, which is sent by then.
    """

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
        except Exception as failed:  # noqa: BLE001  # whatever the user's own part raises
            if failed is not error:
                _log.warning(
                    "campfire: leaving what exclusive gave failed, after the order was dealt "
                    "with: %r",
                    failed,
                )
