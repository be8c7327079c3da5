"""Listings of Notify's sandbox that each break one promise, and the cases that must report it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

import attrs

from paysdk import (
    APIError,
    ConnectionFailedError,
    Listing,
    ListingReport,
    MalformedResponseError,
    NotifyProvider,
    PaysdkError,
    RequestTimeoutError,
)
from tests.testing.contract.breaking import name_cases

if TYPE_CHECKING:
    from paysdk import Checkpoint, Page, Payment

BROKEN: dict[type[NotifyProvider], frozenset[str]] = {}


@attrs.define
class Wrapped:
    """A wrapper around a correct listing."""

    inner: Listing
    again: Callable[[], Listing]
    resumed: bool

    @property
    def report(self) -> ListingReport:
        """The report of the wrapped listing."""
        return self.inner.report

    async def __aiter__(self) -> AsyncGenerator[Payment]:
        """Yield the payments."""
        async for page in self.pages():
            for each in page.payments:
                yield each

    async def pages(self) -> AsyncGenerator[Page]:
        """Yield the pages."""
        try:
            async for page in self.inner.pages():
                yield page
        except PaysdkError as error:
            if (other := await self.convert_error(error)) is not None:
                raise other from None

    async def convert_error(self, error: PaysdkError) -> BaseException | None:
        """Return the error to raise in place of this one."""
        return error

    async def collect(self, limit: int | None = None) -> list[Payment]:
        """Return a list of payments."""
        try:
            return await self.inner.collect(limit)
        except PaysdkError as error:
            if (other := await self.convert_error(error)) is not None:
                raise other from None
            return []

    async def first(self) -> Payment | None:
        """Return the first payment."""
        return await self.inner.first()


def breaks(*cases: str) -> Callable[[type[Wrapped]], type[Wrapped]]:
    """Register the cases that must fail for a provider with such listings."""

    def note(listing: type[Wrapped]) -> type[Wrapped]:
        def list_payments(
            self: NotifyProvider,
            **arguments: Any,  # noqa: ANN401  # any value
        ) -> Listing:
            def again() -> Listing:
                return NotifyProvider.list_payments(self, page_size=arguments.get("page_size"))

            return listing(
                NotifyProvider.list_payments(self, **arguments), again, "resume" in arguments
            )

        broken = type(listing.__name__, (NotifyProvider,), {"list_payments": list_payments})
        BROKEN[broken] = name_cases(*cases)
        return listing

    return note


@breaks("sends_nothing_before_it_must")
class AsksForNothing(Wrapped):
    """collect(limit=0) reads a page."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        return (await super().collect(1))[:0] if limit == 0 else await super().collect(limit)


@breaks("counts_its_requests", "retries")
class DoesNotCount(Wrapped):
    """It reports no requests."""

    @property
    def report(self) -> ListingReport:
        return attrs.evolve(self.inner.report, requests=0, retries=0)


@breaks("reads_no_further_than_it_must")
class ReadsAllForTheFirst(Wrapped):
    """first() reads the whole listing."""

    async def first(self) -> Payment | None:
        return next(iter(await self.collect()), None)


@breaks("resumes_without_repeating_requests")
class ResumesFromTheBeginning(Wrapped):
    """Resuming reads the pages before the checkpoint again."""

    async def pages(self) -> AsyncGenerator[Page]:
        if self.resumed:
            await self.again().collect()
        async for page in super().pages():
            yield page


@breaks(
    "does_not_follow_redirects_elsewhere",
    "does_not_go_in_circles",
    "does_not_wait_forever",
    "gives_up",
    "times_out",
    "raises_for_a_malformed_record",
    "raises_for_a_body_of_another_shape",
    "raises_typed_errors",
    "refuses_a_wrong_key",
    "refuses_malformed_amounts",
    "refuses_work_after_closing",
    "raises_for_a_failed_connection",
    "raises_for_a_body_that_is_not_json",
    "errors_name_the_request",
)
class FailsNamelessly(Wrapped):
    """All errors have the same class."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        other = PaysdkError("It failed")
        other.checkpoint = error.checkpoint
        return other


@breaks("errors_name_the_request")
class FailsNowhere(Wrapped):
    """An error does not say where it happened."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        error.url = None
        return error


@breaks("fails_with_a_checkpoint", "raises_for_a_malformed_record")
class FailsForGood(Wrapped):
    """An error has no checkpoint."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        error.checkpoint = None
        return error


@breaks("fails_with_a_checkpoint")
class FailsTooEarly(Wrapped):
    """An error has the checkpoint of the page before."""

    async def pages(self) -> AsyncGenerator[Page]:
        checkpoints: list[Checkpoint | None] = [None]
        try:
            async for page in self.inner.pages():
                yield page
                checkpoints.append(page.checkpoint)
        except PaysdkError as error:
            error.checkpoint = (
                checkpoints[-2]
                if error.checkpoint == checkpoints[-1] and checkpoints[2:]
                else error.checkpoint
            )
            raise


@breaks("fails_at_the_start_without_one")
class CollectsWithACheckpoint(Wrapped):
    """An error of collect() has the checkpoint of the page that failed."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        return await super().collect(limit) if limit is not None else [each async for each in self]


@breaks("fails_at_the_start_without_one")
class CollectsWhatItGot(Wrapped):
    """If a request fails, collect() returns what it had read."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        found: list[Payment] = []
        try:
            async for each in self:
                found.append(each)  # noqa: PERF401  # what came before the error counts
        except PaysdkError:
            return found
        return found[:limit]


@breaks("does_not_wait_forever")
class ForgetsHowLongToWait(Wrapped):
    """An error has no retry_after."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        if isinstance(error, APIError):
            error.retry_after = None
        return error


@breaks(
    "times_out",
    "keeps_the_key_out_of_errors",
    "raises_for_a_failed_connection",
    "errors_name_the_request",
)
class ShowsTheOperatingSystem(Wrapped):
    """Network errors are built-in exceptions."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        if isinstance(error, RequestTimeoutError):
            return TimeoutError()
        return ConnectionResetError() if isinstance(error, ConnectionFailedError) else error


@breaks(
    "keeps_the_key_out_of_errors", "raises_for_a_body_that_is_not_json", "errors_name_the_request"
)
class EndsAtHtml(Wrapped):
    """A malformed response ends the listing."""

    async def convert_error(self, error: PaysdkError) -> BaseException | None:
        return None if isinstance(error, MalformedResponseError) and error.not_json else error


@breaks("does_not_retry_permanent_errors", "refuses_a_wrong_key")
class Insists(Wrapped):
    """It retries after a refusal."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        if isinstance(error, APIError) and error.status in (400, 401, 403, 404, 409, 422):
            try:
                await self.again().first()
            except PaysdkError as second:
                return second
        return error


@breaks("can_be_cancelled")
class CannotBeCancelled(Wrapped):
    """It turns cancellation into another error."""

    async def __aiter__(self) -> AsyncGenerator[Payment]:
        try:
            async for each in super().__aiter__():
                yield each
        except asyncio.CancelledError:
            raise PaysdkError("It was cancelled") from None


@breaks("keeps_the_key_out_of_errors")
class LeaksInErrors(Wrapped):
    """An error carries the request that failed."""

    async def convert_error(self, error: PaysdkError) -> BaseException:
        inner: Any = self.inner
        key = inner._endpoint.client.settings.key
        error.add_note(f"Authorization: Bearer {key if callable(key) else key.reveal()}")
        return error
