"""Cases about requests that fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from paysdk.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    MalformedResponseError,
    NotFoundError,
    PaysdkError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.testing.contract.harness import (
    ONCE,
    ContractCases,
    collect_payments,
    collect_until_error,
    expect_error,
    ids,
)
from paysdk.testing.contract.promises import check, check_equal, fail, wire_case
from paysdk.testing.faults import FaultPlan, hang, redirect, reset, status, truncated, wrong_body

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["FailureCases"]

_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    418: APIError,
    422: BadRequestError,
    429: RateLimitedError,
    500: ServerError,
    503: ServerError,
}
_TRANSIENT_FAULTS = [
    *(status(code) for code in (408, 425, 429, 500, 502, 503, 504)),
    *(reset("before"), reset("headers"), reset("body"), truncated(), wrong_body(), wrong_body(b"")),
]
# Seconds until a request without a response is given up.
_SHORT_DEADLINE_SECONDS = 0.05


class FailureCases(ContractCases):
    """Failures."""

    @wire_case
    async def test_raises_typed_errors(self) -> None:
        """An error status raises its own class of error, with the `status`, and with the API's
        words in `detail`.
        """
        async with self.harness() as harness:
            provider = harness.provider(retry=ONCE)
            for code, kind in _BY_STATUS.items():
                harness.proxy.inject_faults(
                    FaultPlan().always(status(code, body=b'{"detail": "So be it"}'))
                )
                error = await expect_error(provider.list_payments())
                if not isinstance(error, APIError) or not isinstance(error, kind):
                    fail(f"status {code} raised {type(error).__name__}: {error}")
                check_equal(
                    (code, True),
                    (error.status, "So be it" in error.detail),
                    "status, and whether detail has the API's words",
                )

    @wire_case
    async def test_refuses_a_wrong_key(self) -> None:
        """A key that the API refuses raises `AuthenticationError`."""
        async with self.harness() as harness:
            harness.proxy.inject_faults(FaultPlan().always(status(401)))
            error = await expect_error(harness.provider().list_payments())
            check(
                isinstance(error, AuthenticationError), f"it raised {type(error).__name__}: {error}"
            )
            check_equal(1, harness.requests, "the requests sent with a key that is refused")

    @wire_case
    async def test_errors_name_the_request(self) -> None:
        """An error has its provider, method and URL, and they are in its message."""
        async with self.harness() as harness:
            patient = harness.provider(retry=ONCE)
            hasty = harness.provider(retry=ONCE, timeout=_SHORT_DEADLINE_SECONDS)
            # The hanging request may time out before it arrives. It has the URL of the previous
            # request.
            for fault in (status(503), reset(), wrong_body(), hang()):
                provider = hasty if fault.kind == "hang" else patient
                harness.proxy.inject_faults(FaultPlan().always(fault))
                error = await expect_error(provider.list_payments())
                logged = harness.proxy.requests[-1]
                where = (provider.name, logged.method, harness.proxy.url + logged.target)
                check_equal(
                    where,
                    (error.provider, error.method, error.url),
                    f"provider, method and url of {type(error).__name__}",
                )
                check(
                    str(error.url) in str(error), f"the message does not contain the URL: {error}"
                )

    @wire_case
    async def test_retries(self) -> None:
        """A failure that may pass is retried: 408, 425, 429, 500, 502 to 504, broken connections
        and broken bodies. Each retry is counted.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            everything = ids(await collect_payments(listing))
            needed = harness.requests
            for fault in _TRANSIENT_FAULTS:
                before = harness.requests
                harness.proxy.inject_faults(FaultPlan().on({1, 3}, fault))
                what = f"if requests 1 and 3 meet {fault.kind} {fault.status}"
                given, error = await collect_until_error(listing)
                check(error is None, f"{what}, the listing raised {type(error).__name__}: {error}")
                check_equal(everything, ids(given), what)
                check_equal(
                    (needed + 2, 2),
                    (listing.report.requests, listing.report.retries),
                    f"requests and retries {what}",
                )
                check_equal(
                    listing.report.requests, harness.requests - before, "the requests that arrived"
                )

    @wire_case
    async def test_gives_up(self) -> None:
        """After as many attempts as `retry` allows, the error is raised."""
        async with self.harness() as harness:
            harness.proxy.inject_faults(FaultPlan().always(status(503)))
            error = await expect_error(harness.provider().list_payments())
            check(isinstance(error, ServerError), f"it raised {type(error).__name__}: {error}")
            check_equal(3, harness.requests, "the requests sent with attempts=3")

    @wire_case
    async def test_does_not_retry_permanent_errors(self) -> None:
        """A failure that will not pass is not retried: 400, 401, 403, 404, 409, 422."""
        async with self.harness() as harness:
            listing = harness.provider().list_payments()
            for code in (400, 401, 403, 404, 409, 422):
                before = harness.requests
                harness.proxy.inject_faults(FaultPlan().always(status(code)))
                await expect_error(listing)
                check_equal(
                    1,
                    harness.requests - before,
                    f"the requests sent when the status was {code}",
                )

    @wire_case
    async def test_does_not_wait_forever(self) -> None:
        """If `Retry-After` is above `retry_after_max`, the error is raised at once, with
        `retry_after` in seconds.
        """
        async with self.harness() as harness:
            harness.proxy.inject_faults(FaultPlan().always(status(429, retry_after=86_400)))
            error = await expect_error(harness.provider().list_payments())
            check_equal(
                (RateLimitedError, 1),
                (type(error), harness.requests),
                "the error, and the requests sent",
            )
            check_equal(86_400, getattr(error, "retry_after", None), "the error's retry_after")

    @wire_case
    async def test_times_out(self) -> None:
        """Without a response within the `timeout` of one attempt, or the `deadline` of all,
        `RequestTimeoutError` is raised.
        """
        async with self.harness() as harness:
            harness.proxy.inject_faults(FaultPlan().always(hang()))
            each: tuple[dict[str, Any], ...] = (
                {"timeout": _SHORT_DEADLINE_SECONDS, "retry": ONCE},
                {"deadline": _SHORT_DEADLINE_SECONDS},
            )
            for settings in each:
                error = await expect_error(harness.provider(**settings).list_payments())
                check(
                    isinstance(error, RequestTimeoutError),
                    f"with {settings} it raised {type(error).__name__}: {error}",
                )

    @wire_case
    async def test_raises_for_a_failed_connection(self) -> None:
        """If no connection can be made, or each one breaks, `ConnectionFailedError` is raised."""
        async with self.harness() as harness:
            provider = harness.provider()
            for fault in (reset("before"), truncated()):
                harness.proxy.inject_faults(FaultPlan().always(fault))
                error = await expect_error(provider.list_payments())
                check(
                    isinstance(error, ConnectionFailedError),
                    f"{fault.kind} raised {type(error).__name__}: {error}",
                )

    @wire_case
    async def test_raises_for_a_body_that_is_not_json(self) -> None:
        """HTML or an empty body with status 200 is retried, and finally raises
        `MalformedResponseError`.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            for body in (b"<html>Soon back</html>", b""):
                before = harness.requests
                harness.proxy.inject_faults(FaultPlan().always(wrong_body(body)))
                error = await expect_error(provider.list_payments())
                check(
                    isinstance(error, MalformedResponseError),
                    f"the body {body!r} raised {type(error).__name__}: {error}",
                )
                check_equal(3, harness.requests - before, "the requests sent with attempts=3")

    @wire_case
    async def test_fails_with_a_checkpoint(self) -> None:
        """The error that ends a listing has a `checkpoint`, and a listing that resumes from it
        lists exactly the rest.
        """
        async with self.harness() as harness:
            provider = harness.provider(retry=ONCE)
            known = await collect_payments(provider.list_payments(page_size=harness.size))
            everything = ids(known)
            for number in [page.requests for page in harness.pages_seen(known)[1:4]]:
                harness.proxy.inject_faults(FaultPlan().on(range(number, 100), status(503)))
                given, error = await collect_until_error(
                    provider.list_payments(page_size=harness.size)
                )
                if error is None or error.checkpoint is None:
                    fail(
                        f"request {number} failed after {len(given)} payments, and raised "
                        f"{error!r} without a checkpoint"
                    )
                harness.proxy.inject_faults(FaultPlan())
                rest = await collect_payments(
                    provider.list_payments(page_size=harness.size, resume=error.checkpoint)
                )
                check_equal(
                    everything,
                    ids([*given, *rest]),
                    f"listed until request {number} failed, and resumed",
                )

    @wire_case
    async def test_fails_at_the_start_without_one(self) -> None:
        """If nothing was yielded, as always with `collect()`, the error has no `checkpoint`: start
        the listing again.
        """
        async with self.harness() as harness:
            provider = harness.provider(retry=ONCE)
            listing = provider.list_payments(page_size=harness.size)
            harness.proxy.inject_faults(FaultPlan().always(status(503)))
            check_equal(
                None,
                (await expect_error(listing)).checkpoint,
                "the checkpoint of a listing that failed at its first request",
            )
            harness.proxy.inject_faults(FaultPlan().on(range(3, 100), status(503)))
            try:
                found = await listing.collect()
            except PaysdkError as error:
                check_equal(
                    None,
                    error.checkpoint,
                    "the checkpoint of collect(), which returned no payment",
                )
            else:
                fail(
                    f"collect() returned {len(found)} of {harness.payments} payments, and raised "
                    "no error"
                )

    @wire_case
    async def test_does_not_follow_redirects_elsewhere(self) -> None:
        """A redirect to another origin is not followed, because that origin would receive the key.
        It raises `APIError`.
        """
        async with self.harness() as harness, self.harness() as trap:
            harness.proxy.inject_faults(FaultPlan().always(redirect(f"{trap.proxy.url}/payments")))
            error = await expect_error(harness.provider().list_payments())
            check(isinstance(error, APIError), f"it raised {type(error).__name__}: {error}")
            check_equal(0, trap.requests, "the requests sent to the other origin")

    @wire_case
    async def test_enters_the_limiter_for_each_request(self) -> None:
        """`limiter` is entered once for each request, retries included."""
        async with self.harness() as harness:
            limiter = _CountingLimiter()
            harness.proxy.inject_faults(FaultPlan().on({1, 3}, status(503)))
            await collect_payments(
                harness.provider(limiter=limiter).list_payments(page_size=harness.size)
            )
            check_equal(harness.requests, limiter.entered, "how often the limiter was entered")


class _CountingLimiter:
    entered = 0

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)
        self.entered += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass
