"""The limit of one whole operation, with its retries and waits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from paysdk.errors import RequestTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["Deadline"]


class Deadline:
    """How many seconds one operation may take, including its retries and waits.

    The time that your code spends between two pages does not count.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._left = seconds

    @asynccontextmanager
    async def enforce(self) -> AsyncGenerator[None]:
        """Count the time spent inside. Raise ``RequestTimeoutError`` when no time is left."""
        started = asyncio.get_running_loop().time()
        limit = asyncio.timeout(self._left)
        try:
            async with limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise RequestTimeoutError(
                f"The deadline of {self._seconds:g} s for the whole operation passed. It includes "
                "retries and waits."
            ).quoting() from None
        finally:
            if self._left is not None:
                self._left = max(0.0, self._left - (asyncio.get_running_loop().time() - started))
