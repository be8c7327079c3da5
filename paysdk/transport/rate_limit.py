"""Keeps requests to the provider's rate limit: the user's limiter, and pauses for all requests."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import attrs

from paysdk.events import Waiting
from paysdk.transport.policy import (
    RetryPolicy,
    add_jitter,
    is_overload,
    names_a_wait,
    next_pause,
    requested_wait,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from paysdk.transport.messages import Request, Response
    from paysdk.transport.observer import Attempt, EventEmitter

__all__ = ["RateLimited", "RetryBudget", "Transport"]

# One 503 is about one request, and only several in a row are about the provider.
_UNAVAILABLE = 503
_UNAVAILABLE_IN_A_ROW = 3
_PAUSES_PER_REQUEST = 1
_RETRIES_AT_ONCE = 100.0
_RETRIES_PER_SECOND = 10.0


class Transport(Protocol):
    """Sends a request to the provider once and returns the response."""

    async def send(self, request: Request, attempt: Attempt) -> Response: ...


class RetryBudget:
    """How many retries all tasks on one provider object may make together.

    A hundred at once; in the long run ten a second, plus *share* of a retry for each request. So a
    busy program survives a share of faults, and adds little load to an outage. A retry after a 429
    that names a time takes nothing from the budget.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._left = _RETRIES_AT_ONCE
        self._since = clock()

    def add_request(self) -> None:
        """Count one request, of which retries are a share."""
        self._left = min(_RETRIES_AT_ONCE, self._left + self._share)

    def take(self) -> bool:
        """Take one retry, if there is one left."""
        now = self._clock()
        self._left = min(_RETRIES_AT_ONCE, self._left + (now - self._since) * _RETRIES_PER_SECOND)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@attrs.frozen
class _LimiterContext:
    """Enters and leaves a limiter.

    What its ``__aexit__`` returns is ignored, so a limiter cannot suppress the request's exception.
    """

    _limiter: AbstractAsyncContextManager[object]

    async def __aenter__(self) -> None:
        await self._limiter.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._limiter.__aexit__(kind, error, traceback)


class RateLimited:
    """Enters the limiter once for each request, and pauses all requests while the provider is overloaded.

    If a response names the time to wait, they wait that long. If a 429 names none, or several 503
    in a row, they pause for a time that grows while nothing succeeds. They do not come back in one
    instant, but spread over a tenth of the time they waited, and over a second at most.
    """

    def __init__(
        self,
        inner: Transport,
        limiter: AbstractAsyncContextManager[object] | None,
        provider: str,
        origin: str,
        events: EventEmitter,
        *,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._limiter = limiter or nullcontext()
        self._provider = provider
        self._origin = origin
        self._events = events
        self._policy = policy
        self._draw = draw
        self._until = 0.0
        self._paused_at = float("-inf")
        self._paused_until = 0.0
        self._pause: float | None = None
        self._improved = False
        self._failures_in_a_row = 0

    def pause_all(self, seconds: float) -> None:
        """Hold all requests back for *seconds*."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def send(self, request: Request, attempt: Attempt) -> Response:
        pauses = await self._wait_while_paused(request)
        async with _LimiterContext(self._limiter):
            # While this request waited for the limiter, another may have been told to wait.
            await self._wait_while_paused(request, pauses)
            sent_at = time.monotonic()
            response = await self._inner.send(request, attempt)
            self._note(response, sent_at)
            return response

    def _note(self, response: Response, sent_at: float) -> None:
        """Begin a pause if this response says that the provider is overloaded, without naming a time."""
        if not is_overload(response.status):
            self._failures_in_a_row = 0
            self._improved = True
            return
        self._failures_in_a_row += 1
        alone = response.status == _UNAVAILABLE and self._failures_in_a_row < _UNAVAILABLE_IN_A_ROW
        named = requested_wait(response.status, response.headers, datetime.now(UTC))
        # What was under way when a pause began says nothing about what comes after it.
        if alone or names_a_wait(named) or sent_at <= self._paused_at:
            return
        self._pause = next_pause(self._policy, self._pause, improved=self._improved)
        self._improved = False
        self._paused_at = time.monotonic()
        self._paused_until = self._paused_at + self._pause

    async def _wait_while_paused(self, request: Request, pauses: int = 0) -> int:
        """Wait until *request* may go out.

        *pauses* are those of ours that it has waited for; returns how many there are now.
        """
        while True:
            now = time.monotonic()
            # A time that the provider named is always kept. Of our own pauses a request waits for
            # one and then goes, so that in an outage it comes to an end.
            ours = self._paused_until if pauses < _PAUSES_PER_REQUEST else 0.0
            wait = max(self._until, ours) - now
            if wait <= 0:
                return pauses
            pauses += ours > self._until
            wait = add_jitter(wait, self._draw)
            self._events.emit(
                Waiting(self._provider, request.method, self._origin + request.target, wait)
            )
            await asyncio.sleep(wait)
