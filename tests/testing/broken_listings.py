"""Listings of Notify's sandbox that break one promise each, and which cases of the contract must say so."""

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

if TYPE_CHECKING:
    from paysdk import Checkpoint, Page, Payment

BROKEN: dict[type[NotifyProvider], frozenset[str]] = {}


@attrs.define
class Wrapped:
    """A listing over one that is right."""

    inner: Listing
    again: Callable[[], Listing]
    resumed: bool

    @property
    def report(self) -> ListingReport:
        """The report of the right one."""
        return self.inner.report

    async def __aiter__(self) -> AsyncGenerator[Payment]:
        """One by one."""
        async for page in self.pages():
            for each in page.payments:
                yield each

    async def pages(self) -> AsyncGenerator[Page]:
        """Page by page."""
        try:
            async for page in self.inner.pages():
                yield page
        except PaysdkError as error:
            if (other := await self.failing(error)) is not None:
                raise other from None

    async def failing(self, error: PaysdkError) -> BaseException | None:
        """What to raise for this error."""
        return error

    async def collect(self, limit: int | None = None) -> list[Payment]:
        """In a list."""
        try:
            return await self.inner.collect(limit)
        except PaysdkError as error:
            if (other := await self.failing(error)) is not None:
                raise other from None
            return []

    async def first(self) -> Payment | None:
        """The first."""
        return await self.inner.first()


def breaks(*cases: str) -> Callable[[type[Wrapped]], type[Wrapped]]:
    """Note which cases must fail on a provider with such listings."""

    def note(listing: type[Wrapped]) -> type[Wrapped]:
        def list_payments(self: NotifyProvider, **arguments: Any) -> Listing:  # noqa: ANN401  # whatever comes
            def again() -> Listing:
                return NotifyProvider.list_payments(self, page_size=arguments.get("page_size"))

            return listing(
                NotifyProvider.list_payments(self, **arguments), again, "resume" in arguments
            )

        broken = type(listing.__name__, (NotifyProvider,), {"list_payments": list_payments})
        BROKEN[broken] = frozenset(f"test_{case}" for case in cases)
        return listing

    return note


@breaks("sends_nothing_before_it_must")
class AsksForNothing(Wrapped):
    """For no payment at all a page is read."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        return (await super().collect(1))[:0] if limit == 0 else await super().collect(limit)


@breaks("counts_its_requests", "tries_again")
class DoesNotCount(Wrapped):
    """Requests are nobody's business."""

    @property
    def report(self) -> ListingReport:
        return attrs.evolve(self.inner.report, requests=0, retries=0)


@breaks("reads_no_further_than_it_must")
class ReadsAllForTheFirst(Wrapped):
    """The first is taken from a list of all."""

    async def first(self) -> Payment | None:
        return next(iter(await self.collect()), None)


@breaks("resumes_without_asking_again")
class ResumesFromTheBeginning(Wrapped):
    """All that was read is read again."""

    async def pages(self) -> AsyncGenerator[Page]:
        if self.resumed:
            await self.again().collect()
        async for page in super().pages():
            yield page


@breaks(
    "does_not_follow_redirects_elsewhere",
    "does_not_go_in_circles",
    "does_not_wait_for_ever",
    "gives_up",
    "gives_up_what_is_never_answered",
    "raises_for_a_malformed_record",
    "raises_for_an_answer_of_another_shape",
    "raises_typed_errors",
    "refuses_a_wrong_key",
    "refuses_amounts_that_are_none",
    "refuses_work_after_closing",
    "says_when_a_connection_fails",
    "says_when_an_answer_is_no_json",
    "says_where_it_failed",
)
class FailsNamelessly(Wrapped):
    """Every error is the same."""

    async def failing(self, error: PaysdkError) -> BaseException:
        other = PaysdkError("It failed")
        other.checkpoint = error.checkpoint
        return other


@breaks("says_where_it_failed")
class FailsNowhere(Wrapped):
    """An error does not say where."""

    async def failing(self, error: PaysdkError) -> BaseException:
        error.url = None
        return error


@breaks("fails_with_a_checkpoint", "raises_for_a_malformed_record")
class FailsForGood(Wrapped):
    """An error has no checkpoint."""

    async def failing(self, error: PaysdkError) -> BaseException:
        error.checkpoint = None
        return error


@breaks("fails_with_a_checkpoint")
class FailsTooEarly(Wrapped):
    """The checkpoint of an error is that of one page before."""

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
    """Where it fails, collect() returns what there was by then."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        found: list[Payment] = []
        try:
            async for each in self:
                found.append(each)  # noqa: PERF401  # what came before the error counts
        except PaysdkError:
            return found
        return found[:limit]


@breaks("does_not_wait_for_ever")
class ForgetsHowLongToWait(Wrapped):
    """An error does not say when to come back."""

    async def failing(self, error: PaysdkError) -> BaseException:
        if isinstance(error, APIError):
            error.retry_after = None
        return error


@breaks(
    "gives_up_what_is_never_answered",
    "keeps_the_key_out_of_errors",
    "says_when_a_connection_fails",
    "says_where_it_failed",
)
class ShowsTheOperatingSystem(Wrapped):
    """Errors of the network are Python's own."""

    async def failing(self, error: PaysdkError) -> BaseException:
        if isinstance(error, RequestTimeoutError):
            return TimeoutError()
        return ConnectionResetError() if isinstance(error, ConnectionFailedError) else error


@breaks("keeps_the_key_out_of_errors", "says_when_an_answer_is_no_json", "says_where_it_failed")
class EndsAtHtml(Wrapped):
    """What cannot be read is the end."""

    async def failing(self, error: PaysdkError) -> BaseException | None:
        return None if isinstance(error, MalformedResponseError) and error.not_json else error


@breaks("does_not_insist", "refuses_a_wrong_key")
class Insists(Wrapped):
    """It asks again where it was refused."""

    async def failing(self, error: PaysdkError) -> BaseException:
        if isinstance(error, APIError) and error.status in (400, 401, 403, 404, 409, 422):
            try:
                await self.again().first()
            except PaysdkError as second:
                return second
        return error


@breaks("can_be_cancelled")
class CannotBeCancelled(Wrapped):
    """Being cancelled is an error among others."""

    async def __aiter__(self) -> AsyncGenerator[Payment]:
        try:
            async for each in super().__aiter__():
                yield each
        except asyncio.CancelledError:
            raise PaysdkError("It was cancelled") from None


@breaks("keeps_the_key_out_of_errors")
class LeaksInErrors(Wrapped):
    """An error carries the request that failed."""

    async def failing(self, error: PaysdkError) -> BaseException:
        key = self.inner._endpoint.client.settings.key  # type: ignore[attr-defined]  # where the key is
        error.add_note(f"Authorization: Bearer {key if callable(key) else key.reveal()}")
        return error
