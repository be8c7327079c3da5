"""Work that must not be cancelled in the middle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["run_to_end"]

T = TypeVar("T")


async def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of *work*. A cancellation is raised when *work* has ended."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        # Nothing uses the result of this task any more. Retrieve its error, so that asyncio does
        # not log it.
        await asyncio.gather(task, return_exceptions=True)
        raise asyncio.CancelledError
    return task.result()
