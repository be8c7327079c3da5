"""Sends a request again if its attempt failed and the policy allows a retry."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import attrs

from paysdk.errors import APIError, AuthenticationError, MalformedResponseError, PaysdkError
from paysdk.events import RetryPlanned
from paysdk.transport.charset import convert_to_utf8
from paysdk.transport.conventions import Conventions
from paysdk.transport.credentials import Secret, redact_error
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats
from paysdk.transport.origin import follow_redirect
from paysdk.transport.policy import (
    RetryPolicy,
    is_overload,
    is_retryable,
    server_sets_the_pace,
    wait_before_retry,
)
from paysdk.transport.rate_limit import RateLimited, RetryBudget

__all__ = ["Retrying"]

T = TypeVar("T")

_MAX_REDIRECTS = 3


@attrs.define(eq=False, repr=False)
class _Call(Generic[T]):
    """A request and the number of its attempts. ``renewals`` counts the attempts with a new key."""

    request: Request
    authorize: Callable[[Secret | None], Awaitable[Secret]]
    read: Callable[[RawResponse], T]
    stats: RequestStats
    before_retry: Callable[[], Awaitable[None]] | None
    attempts: list[Attempt]
    number: int = 0
    renewals: int = 0
    got_no_key: bool = False

    async def begin(self) -> None:
        """Count one more attempt."""
        self.number += 1
        if self.number > 1:
            self.stats.retries += 1
            if self.before_retry is not None:
                await self.before_retry()

    async def ask_for_key(self, refused: Secret | None = None) -> Secret:
        """Return the header of the next attempt. *refused* is the one that the API has refused."""
        self.got_no_key = True
        authorization = await self.authorize(refused)
        self.got_no_key = False
        return authorization


class Retrying:
    """Repeats a request until an attempt succeeds or the policy allows no further retry."""

    def __init__(
        self,
        inner: RateLimited,
        policy: RetryPolicy,
        provider: str,
        origin: str,
        events: EventEmitter,
        *,
        conventions: Conventions = Conventions(),  # noqa: B008  # frozen
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._provider = provider
        self._origin = origin
        self._events = events
        self._conventions = conventions
        self._draw = draw
        self._budget = RetryBudget(policy.budget_share)

    async def call(
        self,
        request: Request,
        authorize: Callable[[Secret | None], Awaitable[Secret]],
        read: Callable[[RawResponse], T],
        stats: RequestStats,
        *,
        before_retry: Callable[[], Awaitable[None]] | None = None,
        attempts: list[Attempt] | None = None,
    ) -> T:
        """Send *request* and return ``read(response)``.

        An attempt also fails if *read* raises ``MalformedResponseError``. *authorize* returns the
        ``Authorization`` header of each attempt. It is given ``None``, or after a 401 the header
        that was refused. An error that it raises is not retried. *before_retry* is awaited before
        each retry. Each attempt is appended to *attempts*.
        """
        self._budget.add_request()
        call = _Call(
            request, authorize, read, stats, before_retry, [] if attempts is None else attempts
        )
        renewed: Secret | None = None
        while True:
            try:
                await call.begin()
                authorization = renewed or await call.ask_for_key()
                renewed = None
                try:
                    return await self._try(call, authorization)
                except AuthenticationError as error:
                    renewed = await self._renew_key(call, authorization, error)
                    continue
            except PaysdkError as error:
                # The source of the key has already retried as often as it wants.
                if call.got_no_key:
                    raise
                wait = self._plan_retry(request, call.number - call.renewals, error)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    async def _renew_key(
        self, call: _Call[T], refused: Secret, error: AuthenticationError
    ) -> Secret:
        """Return another key, once. Raises *error* if there is none.

        A 401 proves that nothing was processed, so even a POST may be sent with another key.
        """
        if call.renewals:
            raise error
        renewed = await call.ask_for_key(refused)
        if renewed.reveal() == refused.reveal():
            raise error
        self._plan(call.request, call.number, error, 0.0)
        call.renewals += 1
        return renewed

    async def _try(self, call: _Call[T], authorization: Secret) -> T:
        attempt = Attempt(call.number, authorization, call.stats)
        call.attempts.append(attempt)
        request = call.request
        try:
            response = await self._inner.send(request, attempt)
            for _ in range(_MAX_REDIRECTS):
                target = follow_redirect(self._origin, request, response)
                if target is None or self._leaks(authorization, request, target):
                    break
                request, response = target, await self._inner.send(target, attempt)
            return _read_success(convert_to_utf8(response), call.read, self._conventions)
        except PaysdkError as error:
            redact_error(error, [authorization]).at(
                self._provider, call.request.method, self._origin + call.request.target
            )
            raise

    @staticmethod
    def _leaks(key: Secret, request: Request, target: Request) -> bool:
        """Whether the URL of *target* contains the key and the URL of *request* did not."""
        return key.occurs_in(target.target) and not key.occurs_in(request.target)

    def _plan_retry(self, request: Request, number: int, error: PaysdkError) -> float | None:
        if not is_retryable(request, error):
            return None
        wait = wait_before_retry(self._policy, number, error, self._draw)
        if wait is None:
            return None
        if (
            isinstance(error, APIError)
            and is_overload(error.status)
            and error.retry_after is not None
        ):
            # Pause all requests even after the last attempt, so that the other requests wait as
            # long as the provider asked.
            self._inner.pause_all(error.retry_after)
        if number >= self._policy.attempts:
            return None
        if not server_sets_the_pace(error) and not self._budget.take():
            error.add_note(
                "The request was not retried: too many requests of this provider object are "
                "failing at the same time."
            )
            return None
        self._plan(request, number, error, wait)
        return wait

    def _plan(self, request: Request, number: int, error: PaysdkError, wait: float) -> None:
        url = self._origin + request.target
        self._events.emit(
            RetryPlanned(self._provider, request.method, url, number, type(error).__name__, wait)
        )


def _read_success(
    response: RawResponse, read: Callable[[RawResponse], T], conventions: Conventions
) -> T:
    """Return ``read(response)``, or raise ``APIError`` for an error status."""
    if not conventions.is_success(response):
        from paysdk.transport.responses import error_from_response  # noqa: PLC0415  # reason below

        raise error_from_response(response, conventions)
    try:
        return read(response)
    except MalformedResponseError as malformed:
        # This is not imported at the top, because many programs never get an error. This import
        # takes a tenth of the time that making the first provider takes.
        from paysdk.transport.responses import explain_unreadable_body  # noqa: PLC0415  # likewise

        explain_unreadable_body(malformed, response)
        raise
