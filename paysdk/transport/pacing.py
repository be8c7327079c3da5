"""Keeping to a provider's pace: the user's limiter, and waiting together after one was told to wait."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from paysdk.events import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.messages import Request, Response
    from paysdk.transport.watch import Attempt, Watch

__all__ = ["Paced", "Transport"]

_SPREAD = 0.1
_SPREAD_MAX = 1.0


class Transport(Protocol):
    """Something that takes a request to the provider once and brings the answer back."""

    async def send(self, request: Request, attempt: Attempt) -> Response: ...


class Paced:
    """Enters the limiter once for each request, and holds all requests back while the provider has told one of them to wait.

    Those that were held do not come back in one instant, but spread over a tenth of the time they waited, a second at most.
    """

    def __init__(
        self,
        inner: Transport,
        limiter: AbstractAsyncContextManager[object] | None,
        provider: str,
        origin: str,
        watch: Watch,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._limiter = limiter or nullcontext()
        self._provider = provider
        self._origin = origin
        self._watch = watch
        self._draw = draw
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody send anything for so many seconds."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def send(self, request: Request, attempt: Attempt) -> Response:
        await self._released(request)
        async with self._limiter:
            # While this one stood in line at the limiter, another may have been told to wait.
            await self._released(request)
            return await self._inner.send(request, attempt)

    async def _released(self, request: Request) -> None:
        while (wait := self._until - time.monotonic()) > 0:
            wait += self._draw() * min(wait * _SPREAD, _SPREAD_MAX)
            self._watch(Waiting(self._provider, request.method, self._origin + request.target, wait))
            await asyncio.sleep(wait)
