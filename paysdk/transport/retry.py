"""Trying again, with stamina."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import attrs

from paysdk.errors import APIError, AuthenticationError, MalformedResponseError, PaysdkError
from paysdk.events import RetryPlanned
from paysdk.transport.charset import in_utf8
from paysdk.transport.credentials import Secret, cleaned
from paysdk.transport.messages import Request, Response
from paysdk.transport.observer import Attempt, Tally, Watch
from paysdk.transport.origin import redirected
from paysdk.transport.policy import (
    RetryPolicy,
    is_overload,
    kept_apart,
    wait_before_retry,
    worth_retrying,
)
from paysdk.transport.rate_limit import Paced, RetryBudget
from paysdk.transport.responses import refusal, say_what_came_instead

__all__ = ["Retrying"]

T = TypeVar("T")

_REDIRECTS = 3

# stamina warns of each retry on a logger of its own. Where nobody has set up logging that would go to stderr; paysdk has said it already.
_QUIET = logging.NullHandler()


@attrs.define(eq=False)
class _Call(Generic[T]):
    """A request on its way through its attempts.

    ``renewals`` are those that a new key was the reason for.
    """

    request: Request
    authorize: Callable[[], Awaitable[Secret]]
    read: Callable[[Response], T]
    tally: Tally
    before_retry: Callable[[], Awaitable[None]] | None
    number: int = 0
    renewals: int = 0

    async def begin(self) -> None:
        """Count another attempt."""
        self.number += 1
        if self.number > 1:
            self.tally.retries += 1
            if self.before_retry is not None:
                await self.before_retry()


class Retrying:
    """Makes attempts, by the policy, until there is an answer that can be read or an error that another attempt would not mend."""

    def __init__(
        self, inner: Paced, policy: RetryPolicy, provider: str, origin: str, watch: Watch, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._provider = provider
        self._origin = origin
        self._watch = watch
        self._draw = draw
        self._budget = RetryBudget(policy.budget_share)

    async def call(
        self,
        request: Request,
        authorize: Callable[[], Awaitable[Secret]],
        read: Callable[[Response], T],
        tally: Tally,
        before_retry: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Send *request* and give what *read* makes of the answer. A body that *read* finds to be no JSON counts as a failed attempt.

        *authorize* gives the header for each attempt. *before_retry* is awaited before each further attempt.
        """
        self._budget.add_request()
        call = _Call(request, authorize, read, tally, before_retry)
        failure: PaysdkError | None = None

        async def attempt() -> T:
            nonlocal failure
            if failure is not None:
                first, failure = failure, None
                raise first
            return await self._attempt(call)

        def backoff(error: Exception) -> bool | float:
            wait = self._wait(request, call.number - call.renewals, error)
            return False if wait is None else wait

        try:
            return await attempt()
        except PaysdkError as error:
            # Most requests need no second attempt, and stamina's machinery costs as much as reading dozens of payments. So the first is
            # made before it is called in, and it is shown how that ended.
            failure = error
        import stamina  # noqa: PLC0415  # a fifth of what the first provider takes to make, and many never need it

        logging.getLogger("stamina").addHandler(_QUIET)
        return await stamina.AsyncRetryingCaller(attempts=self._policy.attempts, timeout=None)(backoff, attempt)

    async def _attempt(self, call: _Call[T]) -> T:
        await call.begin()
        authorization = await call.authorize()
        try:
            return await self._try(call, authorization)
        except AuthenticationError as error:
            # A 401 proves that nothing was processed, so even a POST may go out with another key.
            if call.renewals:
                raise
            renewed = await call.authorize()
            if renewed.reveal() == authorization.reveal():
                raise
            self._plan(call.request, call.number, error, 0.0)
        call.renewals += 1
        await call.begin()
        return await self._try(call, renewed)

    async def _try(self, call: _Call[T], authorization: Secret) -> T:
        try:
            response = await self._answer(call.request, Attempt(call.number, authorization, call.tally))
            try:
                return call.read(response)
            except MalformedResponseError as error:
                say_what_came_instead(error, response)
                raise
        except PaysdkError as error:
            cleaned(error, [authorization]).at(self._provider, call.request.method, self._origin + call.request.target)
            raise

    async def _answer(self, request: Request, attempt: Attempt) -> Response:
        response = await self._inner.send(request, attempt)
        for _ in range(_REDIRECTS):
            target = redirected(self._origin, request, response)
            if target is None or self._leaks(attempt.authorization, request, target):
                break
            request, response = target, await self._inner.send(target, attempt)
        response = in_utf8(response)
        if (error := refusal(response)) is not None:
            raise error
        return response

    @staticmethod
    def _leaks(key: Secret, request: Request, target: Request) -> bool:
        """Whether following to *target* would bring the key into a URL, where the request had none."""
        return key.stands_in(target.target) and not key.stands_in(request.target)

    def _wait(self, request: Request, number: int, error: Exception) -> float | None:
        if not isinstance(error, PaysdkError) or not worth_retrying(request, error):
            return None
        wait = wait_before_retry(self._policy, number, error, self._draw)
        if wait is None:
            return None
        if isinstance(error, APIError) and is_overload(error.status) and error.retry_after is not None:
            # Also after the last attempt: that this one gives up is no reason for its neighbours to be told as well.
            self._inner.hold(error.retry_after)
        if number >= self._policy.attempts:
            return None
        if not kept_apart(error) and not self._budget.take():
            error.add_note("It was not tried again: too many of this provider object's requests are failing at once.")
            return None
        self._plan(request, number, error, wait)
        return wait

    def _plan(self, request: Request, number: int, error: PaysdkError, wait: float) -> None:
        url = self._origin + request.target
        self._watch(RetryPlanned(self._provider, request.method, url, number, type(error).__name__, wait))
