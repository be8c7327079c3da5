"""Several listings of one provider, one after the other."""

from __future__ import annotations

import contextlib
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from paysdk.arguments import check_int
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.listing.checkpoints import path_of
from paysdk.provider import ListingReport, Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

    from paysdk.checkpoint import Checkpoint
    from paysdk.listing.listing import PagedListing

__all__ = ["JoinedListing", "find_listing"]

T = TypeVar("T")
_COUNTS = ("pages", "payments", "repeats_dropped", "malformed", "left_out", "requests", "retries")


def find_listing(listings: Sequence[PagedListing[T]], resume: Checkpoint | str) -> int:
    """Return the place of the listing that a checkpoint belongs to.

    Raises ``ConfigurationError`` if it belongs to none of them.
    """
    path, filters = path_of(resume)
    for place, listing in enumerate(listings):
        if (path, filters) == (listing.path, listing.filters):
            return place
    raise ConfigurationError(
        f"This checkpoint belongs to a listing of {path} with {filters or 'no filters'}, and this "
        "is not one. Resume the listing that it came from, or list again from the beginning."
    )


class JoinedListing(Generic[T]):
    """A ``paysdk.Listing`` that reads several listings, one after the other.

    After the last page of one listing, the checkpoint is the start of the next. *resume* is a
    checkpoint of one of them. The listings before that one are skipped.
    """

    def __init__(
        self, listings: Sequence[PagedListing[T]], resume: Checkpoint | str | None = None
    ) -> None:
        self._listings = listings
        self._resumed = resume is not None
        self._reached = 0
        if resume is not None:
            place = find_listing(listings, resume)
            self._listings = [listings[place].resume(resume), *listings[place + 1 :]]

    def __repr__(self) -> str:
        return " then ".join(map(repr, self._listings))

    @property
    def report(self) -> ListingReport:
        """The sums of the parts so far, and the first and last counts that were reported."""
        reports = [each.report for each in self._listings[: self._reached + 1]]
        sums = {name: sum(getattr(each, name) for each in reports) for name in _COUNTS}
        times = [each.oldest_malformed for each in reports if each.malformed]
        known = [time for time in times if time is not None]
        return ListingReport(
            **sums,
            oldest_malformed=min(known) if known and len(known) == len(times) else None,
            reported_first=reports[0].reported_first,
            reported_last=reports[-1].reported_last,
            complete=len(reports) == len(self._listings) and reports[-1].complete,
        )

    def __aiter__(self) -> AsyncIterator[T]:
        return self._payments()

    def pages(self) -> AsyncIterator[Page[T]]:
        return self._pages()

    async def collect(self, limit: int | None = None) -> list[T]:
        if limit is not None:
            check_int("limit", limit, 0)
        payments: list[T] = []
        try:
            for part, _ in self._parts():
                payments += await part.collect(None if limit is None else limit - len(payments))
                if len(payments) == limit:
                    break
        except PaysdkError as error:
            # The payments that were read are lost with this error.
            error.checkpoint = self._listings[0].first_checkpoint() if self._resumed else None
            raise
        return payments

    async def first(self) -> T | None:
        for part, _ in self._parts():
            if (found := await part.first()) is not None:
                return found
        return None

    async def _payments(self) -> AsyncGenerator[T]:
        for part, _ in self._parts():
            async with _note_first_checkpoint(part, resumed=self._resumed or self._reached > 0):
                async for payment in part:
                    yield payment

    async def _pages(self) -> AsyncGenerator[Page[T]]:
        for part, following in self._parts():
            async with _note_first_checkpoint(part, resumed=self._resumed or self._reached > 0):
                async for page in part.pages():
                    if page.checkpoint is None and following is not None:
                        yield attrs.evolve(page, checkpoint=following.first_checkpoint())
                    else:
                        yield page

    def _parts(self) -> Iterator[tuple[PagedListing[T], PagedListing[T] | None]]:
        """Yield each part with the next one, and note how far this listing has come."""
        parts = zip_longest(self._listings, self._listings[1:])
        for place, (part, following) in enumerate(parts):
            self._reached = place
            yield part, following


@contextlib.asynccontextmanager
async def _note_first_checkpoint(part: PagedListing[Any], *, resumed: bool) -> AsyncGenerator[None]:
    """Note where to resume on an error before the first page of *part*."""
    try:
        yield
    except PaysdkError as error:
        if resumed and error.checkpoint is None:
            error.checkpoint = part.first_checkpoint()
        raise
