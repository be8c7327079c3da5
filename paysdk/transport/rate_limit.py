"""Keeps requests within the provider's rate limit, with the user's limiter and common pauses."""

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
    find_requested_wait,
    is_overload,
    names_a_wait,
    next_pause,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from paysdk.transport.messages import RawResponse, Request
    from paysdk.transport.observer import Attempt, EventEmitter

__all__ = ["RateLimited", "RetryBudget", "Transport"]

# One 503 can concern a single request. Several in a row mean that the provider is overloaded.
_UNAVAILABLE = 503
_UNAVAILABLE_IN_A_ROW = 3
_PAUSES_PER_REQUEST = 1
_RETRIES_AT_ONCE = 100.0
_RETRIES_PER_SECOND = 10.0


class Transport(Protocol):
    """Sends a request to the provider once and returns the response."""

    async def send(self, request: Request, attempt: Attempt) -> RawResponse: ...


class RetryBudget:
    """The number of retries that all tasks on one provider object may make together.

    The budget allows a hundred retries at once. It regains ten retries a second, and *share* of a
    retry with each request. So a busy program survives a share of faults, and adds little load
    during an outage. A retry after a 429 that names a wait takes nothing from the budget.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._left = _RETRIES_AT_ONCE
        self._since = clock()

    def add_request(self) -> None:
        """Add the share of one request to the budget."""
        self._left = min(_RETRIES_AT_ONCE, self._left + self._share)

    def take(self) -> bool:
        """Take one retry from the budget. Return whether one was left."""
        now = self._clock()
        self._left = min(_RETRIES_AT_ONCE, self._left + (now - self._since) * _RETRIES_PER_SECOND)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@attrs.frozen(eq=False, repr=False)
class _LimiterContext:
    """Enters and leaves a limiter.

    The return value of ``__aexit__`` is ignored, so a limiter cannot suppress the request's
    exception.
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
    """Enters the limiter for each request, and pauses all requests during an overload.

    If a 429 or 503 names a wait, and its request may be sent again, all requests wait that long. If
    a 429 names none, or if several 503 follow each other, the requests pause for a time that grows
    until a response has another status. After the wait they are spread over a tenth of it, and over
    one second at most.
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
        reset_headers: Sequence[str] = (),
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._limiter = limiter or nullcontext()
        self._provider = provider
        self._origin = origin
        self._events = events
        self._policy = policy
        self._reset_headers = reset_headers
        self._draw = draw
        self._until = 0.0
        self._paused_at = float("-inf")
        self._paused_until = 0.0
        self._pause: float | None = None
        self._improved = False
        self._failures_in_a_row = 0

    def pause_all(self, seconds: float) -> None:
        """Delay all requests for *seconds*."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def send(self, request: Request, attempt: Attempt) -> RawResponse:
        pauses = await self._wait_while_paused(request)
        async with _LimiterContext(self._limiter):
            # While this request waited for the limiter, a pause may have begun.
            await self._wait_while_paused(request, pauses)
            sent_at = time.monotonic()
            response = await self._inner.send(request, attempt)
            self._note(response, sent_at)
            return response

    def _note(self, response: RawResponse, sent_at: float) -> None:
        """Begin a pause if the response reports an overload and names no wait."""
        if not is_overload(response.status):
            self._failures_in_a_row = 0
            self._improved = True
            return
        self._failures_in_a_row += 1
        alone = response.status == _UNAVAILABLE and self._failures_in_a_row < _UNAVAILABLE_IN_A_ROW
        named = find_requested_wait(
            response.status, response.headers, datetime.now(UTC), self._reset_headers
        )
        # A request that was sent before a pause says nothing about the load after the pause.
        if alone or names_a_wait(named) or sent_at <= self._paused_at:
            return
        self._pause = next_pause(self._policy, self._pause, improved=self._improved)
        self._improved = False
        self._paused_at = time.monotonic()
        self._paused_until = self._paused_at + self._pause

    async def _wait_while_paused(self, request: Request, pauses: int = 0) -> int:
        """Wait until *request* may go out.

        *pauses* is how many pauses without a named wait the request has been through already.
        Returns the new number.
        """
        while True:
            now = time.monotonic()
            # A wait that the provider named always applies. A request goes through only one of our
            # own pauses, because otherwise it could wait through a whole outage.
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
