"""Keeping to a provider's pace: the user's limiter, and waiting together after one was told to wait."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

import attrs

from paysdk.events import Waiting
from paysdk.transport.policy import spread

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from paysdk.messages import Request, Response
    from paysdk.transport.watch import Attempt, Watch

__all__ = ["Paced", "RetryBudget", "Transport"]

_RETRIES_AT_ONCE = 100.0
_RETRIES_A_SECOND = 10.0


class Transport(Protocol):
    """Something that takes a request to the provider once and brings the answer back."""

    async def send(self, request: Request, attempt: Attempt) -> Response: ...


class RetryBudget:
    """How many retries all tasks on one provider object may make together: 100 at once, and 10 a second in the long run.

    Without it an outage would be answered with as many times the load as there are attempts. Where a 429 says when to come back, a tenth of
    a second later or more, nothing is taken from it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = _RETRIES_AT_ONCE
        self._since = clock()

    def take(self) -> bool:
        """Take one retry, if there is one left."""
        now = self._clock()
        self._left = min(_RETRIES_AT_ONCE, self._left + (now - self._since) * _RETRIES_A_SECOND)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@attrs.frozen
class _Passage:
    """The way through a limiter. What its ``__aexit__`` gives is not heeded, since a request that failed has failed."""

    _limiter: AbstractAsyncContextManager[object]

    async def __aenter__(self) -> None:
        await self._limiter.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self._limiter.__aexit__(kind, error, traceback)


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
        async with _Passage(self._limiter):
            # While this one stood in line at the limiter, another may have been told to wait.
            await self._released(request)
            return await self._inner.send(request, attempt)

    async def _released(self, request: Request) -> None:
        while (wait := self._until - time.monotonic()) > 0:
            wait = spread(wait, self._draw)
            self._watch(Waiting(self._provider, request.method, self._origin + request.target, wait))
            await asyncio.sleep(wait)
