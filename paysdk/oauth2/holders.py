"""Which task holds the lock of which tokens, so that none waits for itself."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable

__all__ = ["note_holder", "refuse_to_wait_for_itself"]

_held: set[tuple[Hashable, asyncio.Task[Any] | None]] = set()


@contextmanager
def note_holder(place: Hashable) -> Generator[None]:
    """Note that this task holds the lock of *place* while the context lasts."""
    held = (place, asyncio.current_task())
    _held.add(held)
    try:
        yield
    finally:
        _held.remove(held)


def refuse_to_wait_for_itself(place: Hashable) -> None:
    """Raise ``ConfigurationError`` if this task holds the lock of *place* already."""
    if (place, asyncio.current_task()) in _held:
        raise ConfigurationError(
            "This task holds the lock of these tokens already, so it would wait for itself. In "
            "'async with store.lock() as tokens', call tokens.load() and tokens.save()."
        )
