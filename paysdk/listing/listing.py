"""The listing that every provider over JSON and HTTP returns."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from paysdk.arguments import check_int
from paysdk.errors import PaysdkError
from paysdk.listing.checkpoints import read_checkpoint
from paysdk.listing.page_payments import PagePayments
from paysdk.listing.pages import ROWS_PER_TURN, PageRequests, PageStream
from paysdk.listing.progress import Progress
from paysdk.provider import ListingReport, Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from paysdk.checkpoint import Checkpoint
    from paysdk.listing.endpoint import Endpoint, RowsOfPage
    from paysdk.listing.windows import TimeWindows, WindowedPages
    from paysdk.pagination import Position

__all__ = ["PagedListing"]

T = TypeVar("T")


class PagedListing(Generic[T]):
    """A ``paysdk.Listing`` over a paginated endpoint.

    *resume* are the positions to go on from. *windows* divide the listing, so that its windows are
    read concurrently.
    """

    def __init__(
        self,
        endpoint: Endpoint[T],
        resume: Sequence[Position] | None = None,
        windows: TimeWindows | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._resume = resume
        self._windows = windows
        self._progress = Progress()

    def __repr__(self) -> str:
        filters = self._endpoint.filters
        return (
            f"<listing of {self._endpoint.client.provider} "
            f"{self.path}{f' with {filters}' if filters else ''}>"
        )

    @property
    def path(self) -> str:
        """The path of its endpoint, without the path of a gateway."""
        return self._endpoint.path

    @property
    def filters(self) -> str:
        """Its filters, as a query."""
        return self._endpoint.filters

    def resume(self, checkpoint: Checkpoint | str) -> PagedListing[T]:
        """Return the same listing, from *checkpoint* on.

        Raises ``ConfigurationError`` for a checkpoint that belongs elsewhere.
        """
        endpoint = self._endpoint
        positions, filters = read_checkpoint(
            checkpoint,
            endpoint.owner,
            endpoint.path,
            endpoint.filters,
            endpoint.pagination,
            header_parameters=endpoint.header_parameters,
        )
        return PagedListing(attrs.evolve(endpoint, filters=filters), positions, self._windows)

    def without_read_ahead(self) -> PagedListing[T]:
        """Return the same listing, which requests each page when the caller asks for it."""
        return PagedListing(self._endpoint.without_read_ahead(), self._resume, self._windows)

    def first_checkpoint(self) -> Checkpoint:
        """Return a checkpoint at the beginning, or where this listing is resumed."""
        positions = self._resume or [self._endpoint.pagination.start()]
        return self._endpoint.checkpoint(positions)

    @property
    def report(self) -> ListingReport:
        return self._progress.report()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._payments(self._endpoint)

    def pages(self) -> AsyncIterator[Page[T]]:
        return self._pages(self._endpoint)

    async def collect(self, limit: int | None = None) -> list[T]:
        if limit is not None:
            check_int("limit", limit, 0)
        if limit == 0:
            return []
        endpoint = self._endpoint if limit is None else self._endpoint.without_read_ahead()
        payments: list[T] = []
        try:
            async with contextlib.aclosing(self._open_pages(endpoint)) as pages:
                while (page := await pages.next_page()) is not None:
                    async for rows in _in_slices(page):
                        payments += map(endpoint.reader.make, rows)
                    if limit is not None and len(payments) >= limit:
                        break
        except PaysdkError as error:
            # The payments that were read are lost with this error, so resuming means starting at
            # the place where this call started.
            error.checkpoint = None if self._resume is None else endpoint.checkpoint(self._resume)
            raise
        return payments[:limit]

    async def first(self) -> T | None:
        payments = self._payments(self._endpoint.without_read_ahead())
        async with contextlib.aclosing(payments):
            return await anext(payments, None)

    async def _pages(self, endpoint: Endpoint[T]) -> AsyncGenerator[Page[T]]:
        async with contextlib.aclosing(self._open_pages(endpoint)) as pages:
            while (page := await pages.next_page()) is not None:
                if len(page.rows) > ROWS_PER_TURN:
                    # The caller may use a large page for milliseconds, and reading it took some,
                    # too. In between the event loop gets its turn.
                    await asyncio.sleep(0)
                payments = PagePayments(endpoint.reader.make, page.rows)
                yield Page(
                    payments,
                    page.reported_count,
                    page.checkpoint,
                    page.left_out,
                    page.whole_invoices,
                    page.whole_records,
                )

    async def _payments(self, endpoint: Endpoint[T]) -> AsyncGenerator[T]:
        make = endpoint.reader.make
        async with contextlib.aclosing(self._open_pages(endpoint)) as pages:
            while (page := await pages.next_page()) is not None:
                async for rows in _in_slices(page):
                    for row in rows:
                        yield make(row)
                # Freeing a large page takes a while. Here it does not delay the next page.
                del page

    def _open_pages(self, endpoint: Endpoint[T]) -> PageStream | WindowedPages:
        self._progress = progress = Progress(resumed=self._resume is not None)
        endpoint = endpoint.for_one_pass()
        pagination = endpoint.pagination
        positions = (
            [pagination.start()]
            if self._resume is None
            else [pagination.resume_from(position) for position in self._resume]
        )
        # Windows are requested concurrently, which is ahead of what the caller asks for.
        windows = self._windows if endpoint.read_ahead else None
        if windows is None and len(positions) == 1 and not positions[0].is_in_window:
            return PageStream(endpoint, positions[0], progress, PageRequests(endpoint.client))
        from paysdk.listing.windows import WindowedPages  # noqa: PLC0415  # few listings have them

        return WindowedPages(endpoint, windows, positions, progress)


async def _in_slices(page: RowsOfPage) -> AsyncGenerator[list[Any]]:
    """The rows of a page in slices. Between two slices, the event loop gets its turn."""
    for first in range(0, len(page.rows), ROWS_PER_TURN):
        if len(page.rows) > ROWS_PER_TURN:
            await asyncio.sleep(0)
        yield page.rows[first : first + ROWS_PER_TURN]
