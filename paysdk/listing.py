"""The one loop that drives every pagination over every transport."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Any

import attrs
import msgspec

from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError, MalformedResponseError, PaginationError, PaysdkError
from paysdk.events import PageRead, RepeatDropped
from paysdk.messages import Request, Response
from paysdk.pagination import Pagination, Position, RequestsMade, repeats
from paysdk.payment import Payment
from paysdk.provider import ListingReport, Page
from paysdk.reading import RawPage, Reader, decoded, read_records
from paysdk.transport.client import Client
from paysdk.transport.watch import Tally

__all__ = ["PagedListing", "Source", "checkpoint_position"]

# Records normalised in one go: about a millisecond's work, after which the event loop gets its turn.
_SLICE = 500


@attrs.frozen(kw_only=True)
class Source:
    """What a listing reads: a provider's endpoint, how it pages, how its pages are read, and the filters as checkpoints are tagged with them."""

    client: Client
    path: str
    pagination: Pagination
    reader: Reader
    filters: str

    def checkpoint(self, position: Position) -> Checkpoint:
        packed = msgspec.json.encode([position.query, position.given]).decode()
        return Checkpoint(self.client.provider, self.filters, packed)


def checkpoint_position(resume: Checkpoint | str, provider: str, filters: str) -> tuple[Position, str]:
    """The position in a checkpoint, and the filters that it was made with.

    *filters* are those of the call; where there are any, they must be the checkpoint's. Raises ``ConfigurationError`` for a checkpoint that
    cannot be read or belongs elsewhere.
    """
    given: object = resume
    if not isinstance(given, Checkpoint | str):
        raise ConfigurationError(f"resume must be a Checkpoint or the text of one, not {resume!r}.")
    try:
        checkpoint = Checkpoint.parse(given) if isinstance(given, str) else given
        query, ids = msgspec.json.decode(checkpoint.position, type=tuple[str, tuple[str, ...]])
    except (ValueError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"This is no checkpoint: {error}. Pass a Page.checkpoint, an error.checkpoint, or its str() unchanged.") from None
    if checkpoint.provider != provider:
        raise ConfigurationError(f"This checkpoint belongs to {checkpoint.provider!r}, not to {provider!r}.")
    if filters not in {"", checkpoint.filters}:
        raise ConfigurationError(
            f"This checkpoint belongs to a listing with other filters ({checkpoint.filters or 'none'}, not {filters}). Leave them out to go on with its own."
        )
    return Position(query, ids), checkpoint.filters


class PagedListing:
    """A ``paysdk.Listing`` over a paginated endpoint."""

    def __init__(self, source: Source, start: Position | None = None) -> None:
        self._source = source
        self._start = start
        self._walk: _Walk | None = None

    def __repr__(self) -> str:
        return f"<listing of {self._source.client.provider} payments{' with ' + self._source.filters if self._source.filters else ''}>"

    @property
    def report(self) -> ListingReport:
        return self._walk.report() if self._walk else ListingReport()

    def __aiter__(self) -> AsyncIterator[Payment]:
        return self._payments(read_ahead=True)

    def pages(self) -> AsyncIterator[Page]:
        return self._pages(read_ahead=True)

    async def collect(self, limit: int | None = None) -> list[Payment]:
        _check_limit(limit)
        payments: list[Payment] = []
        if limit == 0:
            return payments
        async with contextlib.aclosing(self._pages(read_ahead=limit is None)) as pages:
            async for page in pages:
                payments += page.payments
                if limit is not None and len(payments) >= limit:
                    break
        return payments[:limit]

    async def first(self) -> Payment | None:
        async with contextlib.aclosing(self._payments(read_ahead=False)) as payments:
            return await anext(payments, None)

    async def _pages(self, *, read_ahead: bool) -> AsyncGenerator[Page]:
        walk = self._walk = _Walk(self._source, self._start, read_ahead=read_ahead)
        payment = self._source.reader.payment
        try:
            while (page := await walk.next_page()) is not None:
                payments: list[Payment] = []
                async for rows, records in _slices(page):
                    payments += map(payment, rows, records)
                yield Page(payments, page.reported_count, page.checkpoint)
        finally:
            walk.stop()

    async def _payments(self, *, read_ahead: bool) -> AsyncGenerator[Payment]:
        walk = self._walk = _Walk(self._source, self._start, read_ahead=read_ahead)
        payment = self._source.reader.payment
        try:
            while (page := await walk.next_page()) is not None:
                async for rows, records in _slices(page):
                    for row, record in zip(rows, records, strict=True):
                        yield payment(row, record)
        finally:
            walk.stop()


@attrs.frozen
class _RowsOfPage:
    """A page that was read whole, its rows checked and not yet payments. Each is made when its turn comes: a listing of millions then never
    holds a page's worth of them, which keeps Python's garbage collector out of the way."""

    rows: list[Any]
    records: list[bytes]
    reported_count: int | None
    checkpoint: Checkpoint | None


async def _slices(page: _RowsOfPage) -> AsyncGenerator[tuple[list[Any], list[bytes]]]:
    """The page by the slice, with a turn for the event loop in between."""
    for first in range(0, len(page.rows), _SLICE):
        if first:
            await asyncio.sleep(0)
        yield page.rows[first : first + _SLICE], page.records[first : first + _SLICE]


def _check_limit(limit: int | None) -> None:
    given: object = limit
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 0):
        raise ConfigurationError(f"limit must be a whole number from 0 or None, not {limit!r}.")


class _Walk:
    """One pass over a listing: which page is next, what has been given, and what to notice."""

    def __init__(self, source: Source, start: Position | None, *, read_ahead: bool) -> None:
        self._source = source
        self._read_ahead = read_ahead
        self._resumed = start is not None
        self._position: Position | None = start or source.pagination.start()
        self._ahead: asyncio.Task[RawPage] | None = None
        self._bad_link: PaginationError | None = None
        self._requests_made = RequestsMade()
        self._requests_made.add((start or source.pagination.start()).query)
        self._given: dict[str | int, datetime | None] = {}
        self._set_aside_before: Counter[bytes] = Counter()
        self._set_aside_now: list[bytes] = []
        self._budget = source.client.budget()
        self._tally = Tally()
        self._report = ListingReport()

    def report(self) -> ListingReport:
        return attrs.evolve(self._report, requests=self._tally.requests, retries=self._tally.retries)

    def stop(self) -> None:
        """End the request that is under way for the next page, if there is one."""
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None

    async def next_page(self) -> _RowsOfPage | None:
        """The next page, or ``None`` after the last. An error that is raised carries the checkpoint of the page that failed."""
        position = self._position
        if position is None:
            return None
        try:
            if self._bad_link is not None:
                raise self._bad_link
            async with self._budget.spending():
                return await self._read(position)
        except PaysdkError as error:
            client = self._source.client
            error.at(client.provider, "GET", client.settings.origin + self._request(position).target)
            if self._resumed or self._report.pages:
                error.checkpoint = self._source.checkpoint(position)
            raise

    async def _read(self, position: Position) -> _RowsOfPage:
        raw = await self._fetched(position)
        pagination = self._source.pagination
        # Where the pagination has no use for the ids, the next page is on its way while this one is decoded.
        following = None if pagination.reads_ids else self._step(position, raw.link, [])
        rows, records = await self._rows(raw, position)
        if pagination.reads_ids:
            following = self._step(position, raw.link, [row.id for row in rows])
        self._drop_repeats(rows, records, position)
        # After a bad link there is a next page, but no way to it except through this one.
        self._position = position if self._bad_link else following
        self._account(len(rows), raw.reported_count)
        return _RowsOfPage(rows, records, raw.reported_count, self._position and self._source.checkpoint(self._position))

    def _request(self, position: Position) -> Request:
        return Request("GET", self._source.path, position.query)

    async def _fetch(self, position: Position) -> RawPage:
        def read(response: Response) -> RawPage:
            return decoded(self._source.reader.split, response.body)

        return await self._source.client.call(self._request(position), read, self._tally)

    async def _fetched(self, position: Position) -> RawPage:
        task, self._ahead = self._ahead, None
        if task is None:
            return await self._fetch(position)
        return await self._source.client.finished(task)

    def _step(self, position: Position, link: str | None, ids: list[str]) -> Position | None:
        """Where the next page starts; its request is sent ahead. A bad link is kept until the payments of this page have been given."""
        try:
            following = self._source.pagination.following(position, link, ids)
            if following is not None:
                self._requests_made.add(following.query)
        except PaginationError as error:
            self._bad_link = error
            return None
        if following is not None and self._read_ahead:
            self._ahead = self._source.client.start(self._fetch(following))
        return following

    async def _rows(self, raw: RawPage, position: Position) -> tuple[list[Any], list[bytes]]:
        def set_aside(fault: MalformedResponseError) -> None:
            self._set_aside(fault, position)

        self._set_aside_now = []
        on_fault = set_aside if self._source.client.settings.on_malformed else None
        rows: list[Any] = []
        records: list[bytes] = []
        for first in range(0, len(raw.records), _SLICE):
            if first:
                await asyncio.sleep(0)
            part = [bytes(record) for record in raw.records[first : first + _SLICE]]
            rows_of_part, readable = read_records(self._source.reader, part, first, on_fault)
            rows += rows_of_part
            records += readable
        self._set_aside_before = Counter(self._set_aside_now)
        return rows, records

    def _set_aside(self, fault: MalformedResponseError, position: Position) -> None:
        self._set_aside_now.append(fault.raw)
        if position.given and self._set_aside_before[fault.raw] > 0:
            self._set_aside_before[fault.raw] -= 1
            return
        client = self._source.client
        fault.at(client.provider, "GET", client.settings.origin + self._request(position).target)
        self._report = attrs.evolve(self._report, malformed=self._report.malformed + 1)
        if client.settings.on_malformed is not None:
            client.settings.on_malformed(fault)

    def _drop_repeats(self, rows: list[Any], records: list[bytes], position: Position) -> None:
        before = self._given | dict.fromkeys(position.given) if position.given else self._given
        now, places = repeats(rows, before)
        self._given = now or self._given
        for place in reversed(places):
            self._source.client.watch(RepeatDropped(self._source.client.provider, str(rows[place].id)))
            del rows[place], records[place]
        self._report = attrs.evolve(self._report, repeats_dropped=self._report.repeats_dropped + len(places))

    def _account(self, payments: int, reported: int | None) -> None:
        report = self._report
        self._report = attrs.evolve(
            report,
            pages=report.pages + 1,
            payments=report.payments + payments,
            reported_first=report.reported_first if report.pages else reported,
            reported_last=reported,
            complete=self._position is None,
        )
        self._source.client.watch(PageRead(self._source.client.provider, self._report.pages, payments, reported))
