"""The listing that every provider over JSON and HTTP gives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import attrs
import msgspec

from paysdk.arguments import check_int
from paysdk.checkpoint import Checkpoint
from paysdk.errors import MalformedResponseError, PaysdkError
from paysdk.listing.checkpoints import WirePosition
from paysdk.listing.pages import ROWS_PER_TURN, Endpoint
from paysdk.listing.walk import RowsOfPage, Walk
from paysdk.provider import ListingReport, Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from paysdk.listing.windows import TimeWindows
    from paysdk.pagination import Pagination, Position
    from paysdk.records.page import Reader
    from paysdk.transport.client import Client

__all__ = ["PagedListing"]

T = TypeVar("T")


class PagedListing(Generic[T]):
    """A ``paysdk.Listing`` over a paginated endpoint.

    Up to *concurrency* pages are on their way at a time: the next ones, as far as the pagination
    can tell where they start, or, with *windows*, the next one of each window. *resume* are the
    positions to go on from. Rows of which *leave_out* is true are no payments.
    """

    def __init__(
        self,
        *,
        client: Client,
        path: str,
        pagination: Pagination,
        reader: Reader[T],
        filters: str,
        on_malformed: Callable[[MalformedResponseError], object] | None = None,
        resume: Sequence[Position] | None = None,
        concurrency: int,
        windows: TimeWindows | None = None,
        leave_out: Callable[[Any], bool] | None = None,
    ) -> None:
        def checkpoint(positions: Sequence[Position]) -> Checkpoint:
            wire = [
                WirePosition(
                    f"{path}?{position.query}",
                    position.given,
                    position.emitted_before,
                    position.until,
                )
                for position in positions
            ]
            return Checkpoint(client.provider, filters, msgspec.json.encode(wire).decode())

        self._filters = filters
        self._resume = resume
        self._endpoint: Endpoint[T] = Endpoint(
            client=client,
            path=path,
            pagination=pagination,
            reader=reader,
            checkpoint=checkpoint,
            concurrency=concurrency,
            windows=windows,
            on_malformed=on_malformed,
            leave_out=leave_out,
        )
        self._walk: Walk | None = None

    def __repr__(self) -> str:
        return (
            f"<listing of {self._endpoint.client.provider} "
            f"payments{' with ' + self._filters if self._filters else ''}>"
        )

    @property
    def report(self) -> ListingReport:
        return self._walk.report() if self._walk else ListingReport()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._payments(self._endpoint)

    def pages(self) -> AsyncIterator[Page[T]]:
        return self._pages(self._endpoint)

    async def collect(self, limit: int | None = None) -> list[T]:
        _check_limit(limit)
        payments: list[T] = []
        if limit == 0:
            return payments
        try:
            async with contextlib.aclosing(
                self._start_walk(
                    self._endpoint if limit is None else self._endpoint.without_read_ahead()
                )
            ) as walk:
                while (limit is None or len(payments) < limit) and (
                    page := await walk.next_page()
                ) is not None:
                    async for rows in _in_slices(page):
                        payments += map(self._endpoint.reader.make, rows)
        except PaysdkError as error:
            # What was read goes down with the error, so going on means going on from where this
            # began.
            error.checkpoint = (
                None if self._resume is None else self._endpoint.checkpoint(self._resume)
            )
            raise
        return payments[:limit]

    async def first(self) -> T | None:
        async with contextlib.aclosing(
            self._payments(self._endpoint.without_read_ahead())
        ) as payments:
            return await anext(payments, None)

    async def _pages(self, endpoint: Endpoint[T]) -> AsyncGenerator[Page[T]]:
        async with contextlib.aclosing(self._start_walk(endpoint)) as walk:
            while (page := await walk.next_page()) is not None:
                if len(page.rows) > ROWS_PER_TURN:
                    # Going through a large page takes milliseconds, which the loop should not have
                    # to add to those of reading it.
                    await asyncio.sleep(0)
                yield Page(
                    _PagePayments(endpoint.reader.make, page.rows),
                    page.reported_count,
                    page.checkpoint,
                )

    async def _payments(self, endpoint: Endpoint[T]) -> AsyncGenerator[T]:
        payment = endpoint.reader.make
        async with contextlib.aclosing(self._start_walk(endpoint)) as walk:
            while (page := await walk.next_page()) is not None:
                async for rows in _in_slices(page):
                    for row in rows:
                        yield payment(row)
                # Letting go of a large page takes a while, which is better spent here than after
                # reading the next one.
                del page

    def _start_walk(self, endpoint: Endpoint[T]) -> Walk:
        self._walk = Walk(endpoint, self._resume)
        return self._walk


@attrs.frozen(eq=False, repr=False)
class _PagePayments(Sequence[T]):
    """A page's payments, each made when it is asked for: a page of 10,000 is there at once, and unused ones cost nothing."""

    _make: Callable[[Any], T]
    _rows: list[Any]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._rows)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return list(map(self._make, self._rows[index]))
        return self._make(self._rows[index])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return list(self) == list(cast("Sequence[object]", other))

    __hash__ = None  # type: ignore[assignment]  # it is equal to lists, which have none

    def __repr__(self) -> str:
        return repr(list(self))


async def _in_slices(page: RowsOfPage) -> AsyncGenerator[list[Any]]:
    """The page by the slice, with a turn for the event loop in between."""
    for first in range(0, len(page.rows), ROWS_PER_TURN):
        if len(page.rows) > ROWS_PER_TURN:
            await asyncio.sleep(0)
        yield page.rows[first : first + ROWS_PER_TURN]


def _check_limit(limit: int | None) -> None:
    if limit is not None:
        check_int("limit", limit, 0)
