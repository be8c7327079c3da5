"""The listing that every provider over JSON and HTTP gives, and its checkpoints."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.pagination import Pagination, Position
from paysdk.provider import ListingReport, Page
from paysdk.walk import SLICE, RowsOfPage, Source, Walk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from paysdk.payment import Payment
    from paysdk.reading import Reader
    from paysdk.transport.client import Client
    from paysdk.windows import TimeWindows

__all__ = ["PagedListing", "checkpoint_positions"]


class _WirePosition(msgspec.Struct, array_like=True, omit_defaults=True):
    """A ``Position`` in a checkpoint."""

    query: str
    given: tuple[str | int, ...] = ()
    floor: datetime | None = None
    until: datetime | None = None


def checkpoint_positions(resume: Checkpoint | str, provider: str, filters: str) -> tuple[list[Position], str]:
    """The positions in a checkpoint, and the filters that it was made with.

    *filters* are those of the call; where there are any, they must be the checkpoint's. Raises ``ConfigurationError`` for a checkpoint that
    cannot be read or belongs elsewhere.
    """
    given: object = resume
    if not isinstance(given, Checkpoint | str):
        raise ConfigurationError(f"resume must be a Checkpoint or the text of one, not {resume!r}.")
    try:
        checkpoint = Checkpoint.parse(given) if isinstance(given, str) else given
        sent = msgspec.json.decode(checkpoint.position, type=list[_WirePosition])
    except (ValueError, msgspec.MsgspecError) as error:
        raise ConfigurationError(
            f"This is no checkpoint: {error}. Pass a Page.checkpoint, an error.checkpoint, or its str() unchanged."
        ) from None
    if not sent:
        raise ConfigurationError(
            "This is no checkpoint: it holds no position. Pass a Page.checkpoint, an error.checkpoint, or its str() unchanged."
        )
    if checkpoint.provider != provider:
        raise ConfigurationError(f"This checkpoint belongs to {checkpoint.provider!r}, not to {provider!r}.")
    if filters not in {"", checkpoint.filters}:
        raise ConfigurationError(
            f"This checkpoint belongs to a listing with other filters ({checkpoint.filters or 'none'}, not {filters}). "
            "Leave them out to go on with its own."
        )
    return [Position(wire.query, wire.given, wire.floor, wire.until) for wire in sent], checkpoint.filters


class PagedListing:
    """A ``paysdk.Listing`` over a paginated endpoint.

    Up to *concurrency* pages are on their way at a time: the next ones, as far as the pagination can tell where they start, or, with
    *windows*, the next one of each window. *resume* are the positions to go on from.
    """

    def __init__(
        self,
        *,
        client: Client,
        path: str,
        pagination: Pagination,
        reader: Reader,
        filters: str,
        resume: Sequence[Position] | None = None,
        concurrency: int = 1,
        windows: TimeWindows | None = None,
    ) -> None:
        def checkpoint(positions: Sequence[Position]) -> Checkpoint:
            wire = [_WirePosition(position.query, position.given, position.floor, position.until) for position in positions]
            return Checkpoint(client.provider, filters, msgspec.json.encode(wire).decode())

        self._filters = filters
        self._resume = resume
        self._source = Source(
            client=client, path=path, pagination=pagination, reader=reader, checkpoint=checkpoint, concurrency=concurrency, windows=windows
        )
        self._walk: Walk | None = None

    def __repr__(self) -> str:
        return f"<listing of {self._source.client.provider} payments{' with ' + self._filters if self._filters else ''}>"

    @property
    def report(self) -> ListingReport:
        return self._walk.report() if self._walk else ListingReport()

    def __aiter__(self) -> AsyncIterator[Payment]:
        return self._payments(self._source)

    def pages(self) -> AsyncIterator[Page]:
        return self._pages(self._source)

    async def collect(self, limit: int | None = None) -> list[Payment]:
        _check_limit(limit)
        payments: list[Payment] = []
        if limit == 0:
            return payments
        try:
            async with contextlib.aclosing(self._pages(self._source if limit is None else self._source.no_further())) as pages:
                async for page in pages:
                    payments += page.payments
                    if limit is not None and len(payments) >= limit:
                        break
        except PaysdkError as error:
            # What was read goes down with the error, so going on means going on from where this began.
            error.checkpoint = None if self._resume is None else self._source.checkpoint(self._resume)
            raise
        return payments[:limit]

    async def first(self) -> Payment | None:
        async with contextlib.aclosing(self._payments(self._source.no_further())) as payments:
            return await anext(payments, None)

    async def _pages(self, source: Source) -> AsyncGenerator[Page]:
        async with contextlib.aclosing(self._begin(source)) as walk:
            while (page := await walk.next_page()) is not None:
                payments: list[Payment] = []
                async for rows, records in _slices(page):
                    payments += map(source.reader.payment, rows, records)
                yield Page(payments, page.reported_count, page.checkpoint)

    async def _payments(self, source: Source) -> AsyncGenerator[Payment]:
        payment = source.reader.payment
        async with contextlib.aclosing(self._begin(source)) as walk:
            while (page := await walk.next_page()) is not None:
                async for rows, records in _slices(page):
                    for row, record in zip(rows, records, strict=True):
                        yield payment(row, record)

    def _begin(self, source: Source) -> Walk:
        self._walk = Walk(source, self._resume)
        return self._walk


async def _slices(page: RowsOfPage) -> AsyncGenerator[tuple[list[Any], list[bytes]]]:
    """The page by the slice, with a turn for the event loop in between."""
    for first in range(0, len(page.rows), SLICE):
        if first:
            await asyncio.sleep(0)
        yield page.rows[first : first + SLICE], page.records[first : first + SLICE]


def _check_limit(limit: int | None) -> None:
    given: object = limit
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 0):
        raise ConfigurationError(f"limit must be a whole number from 0 or None, not {limit!r}.")
