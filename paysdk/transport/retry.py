"""Trying again, with stamina."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, TypeVar

from paysdk.errors import APIError, PaysdkError, RateLimitedError
from paysdk.events import RetryPlanned
from paysdk.transport.answers import refusal
from paysdk.transport.credentials import cleaned
from paysdk.transport.origin import redirected
from paysdk.transport.pacing import Paced, RetryBudget
from paysdk.transport.policy import RetryPolicy, kept_apart, wait_before_retry, worth_retrying
from paysdk.transport.watch import Attempt, Tally, Watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.messages import Request, Response
    from paysdk.transport.credentials import Secret

__all__ = ["Retrying"]

T = TypeVar("T")

_REDIRECTS = 3

# stamina warns of each retry on a logger of its own. Where nobody has set up logging that would go to stderr; paysdk has said it already.
_QUIET = logging.NullHandler()


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
        self._budget = RetryBudget()

    async def call(
        self,
        request: Request,
        authorization: Secret,
        read: Callable[[Response], T],
        tally: Tally,
        before_retry: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Send *request* and give what *read* makes of the answer. A body that *read* finds to be no JSON counts as a failed attempt.

        *before_retry* is awaited before each further attempt.
        """
        number = 0
        failure: PaysdkError | None = None

        async def attempt() -> T:
            nonlocal number, failure
            if failure is not None:
                first, failure = failure, None
                raise first
            number += 1
            if number > 1:
                tally.retries += 1
                if before_retry is not None:
                    await before_retry()
            try:
                return read(await self._answer(request, Attempt(number, authorization, tally)))
            except PaysdkError as error:
                cleaned(error, [authorization]).at(self._provider, request.method, self._origin + request.target)
                raise

        def backoff(error: Exception) -> bool | float:
            wait = self._wait(request, number, error)
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

    async def _answer(self, request: Request, attempt: Attempt) -> Response:
        response = await self._inner.send(request, attempt)
        for _ in range(_REDIRECTS):
            target = redirected(self._origin, request, response)
            if target is None or attempt.authorization.stands_in(target.target):
                break
            request, response = target, await self._inner.send(target, attempt)
        if (error := refusal(response)) is not None:
            raise error
        return response

    def _wait(self, request: Request, number: int, error: Exception) -> float | None:
        if not isinstance(error, PaysdkError) or not worth_retrying(request, error):
            return None
        wait = wait_before_retry(self._policy, number, error, self._draw)
        if wait is None:
            return None
        told = error.retry_after if isinstance(error, APIError) else None
        if told is not None and isinstance(error, RateLimitedError):
            # Also after the last attempt: that this one gives up is no reason for its neighbours to be told as well.
            self._inner.hold(told)
        if number >= self._policy.attempts:
            return None
        if not kept_apart(error) and not self._budget.take():
            error.add_note("It was not tried again: too many of this provider object's requests are failing at once.")
            return None
        self._watch(RetryPlanned(self._provider, request.method, self._origin + request.target, number, type(error).__name__, wait))
        return wait
