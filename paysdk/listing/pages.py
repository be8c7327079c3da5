"""The pages of a listing, one after another: requested, decoded, and without repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.errors import MalformedResponseError, PaginationError, PaysdkError
from paysdk.events import PageRead, RepeatDropped
from paysdk.listing.checkpoints import make_checkpoint
from paysdk.listing.malformed import decode_around_malformed
from paysdk.listing.repeats import PagesGiven, RequestsMade, find_repeats
from paysdk.pagination import (
    Pagination,
    Position,
    parameters_of,
    same_request,
    without_parameters,
)
from paysdk.provider import ListingReport
from paysdk.records.malformed import modified_at
from paysdk.records.page import RawPage, Reader, batches, open_page, try_decode
from paysdk.transport.client import Client
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import RequestStats
from paysdk.transport.requester import Requester

__all__ = [
    "ROWS_PER_TURN",
    "Endpoint",
    "FetchPage",
    "PageRequests",
    "PageStream",
    "Progress",
    "RowsOfPage",
]

T = TypeVar("T")
FetchPage: TypeAlias = Callable[[Requester, str], Coroutine[Any, Any, RawPage]]
T_co = TypeVar("T_co", covariant=True)

# After this many payments the event loop gets its turn. They take about a millisecond.
ROWS_PER_TURN = 500


@attrs.frozen(eq=False, repr=False)
class RowsOfPage:
    """A page that was read as a whole. Its rows are decoded, but not payments yet.

    A row becomes a payment when the caller reaches it. So a long listing never holds a page full of
    payments, which would make Python's garbage collector run more often.
    """

    rows: list[Any]
    reported_count: int | None
    checkpoint: Checkpoint | None
    left_out: tuple[str, ...] = ()


@attrs.define
class Progress:
    """What one pass over a listing has done so far. ``resumed``: it began at a checkpoint."""

    resumed: bool = False
    pages: int = 0
    payments: int = 0
    repeats_dropped: int = 0
    malformed: int = 0
    oldest_malformed: datetime | None = None
    left_out: int = 0
    reported_first: int | None = None
    reported_last: int | None = None
    complete: bool = False
    stats: RequestStats = attrs.field(factory=RequestStats)

    def count_malformed(self, modified: datetime | None) -> None:
        """Count a record that was set aside.

        If the time of one such record is unknown, the oldest time is unknown, too.
        """
        if modified is None or not self.malformed:
            self.oldest_malformed = modified
        elif self.oldest_malformed is not None:
            self.oldest_malformed = min(self.oldest_malformed, modified)
        self.malformed += 1

    def report(self) -> ListingReport:
        counts = attrs.asdict(self, filter=lambda field, _: field.name not in {"resumed", "stats"})
        return ListingReport(**counts, requests=self.stats.requests, retries=self.stats.retries)


@attrs.frozen(kw_only=True, eq=False)
class Endpoint(Generic[T_co]):
    """One listing of a provider: how to request its pages, and how to read them.

    ``filters`` are those of the listing, as a query. ``select`` returns the payments in some rows,
    and the ids of the records that are not payments. Up to ``concurrency`` pages are requested at a
    time. Without ``read_ahead``, a page is not requested before the caller needs it. ``owner`` is
    the provider with its tenant. The filters that ``header_parameters`` name are sent as headers.
    If a page takes other requests than a GET, ``page_fetcher`` makes a function for each pass over
    the listing that sends them: ``fetch_page``.
    """

    client: Client
    owner: str
    path: str
    pagination: Pagination
    reader: Reader[T_co]
    filters: str
    on_malformed: Callable[[MalformedResponseError], object] | None
    select: Callable[[list[Any]], tuple[list[Any], list[str]]] | None = None
    concurrency: int = 1
    read_ahead: bool = True
    header_parameters: frozenset[str] = frozenset()
    page_fetcher: Callable[[], FetchPage] | None = None
    fetch_page: FetchPage | None = None
    headers: Mapping[str, str] = attrs.field(init=False)

    @headers.default  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType,reportUntypedFunctionDecorator]  # attrs' way
    def _headers(self) -> dict[str, str]:
        if not self.header_parameters:
            return {}
        chosen = parameters_of(self.filters).items()
        return {name: value for name, value in chosen if name in self.header_parameters}

    def with_filters(self, filters: str) -> Endpoint[T_co]:
        return attrs.evolve(self, filters=filters)

    def for_one_pass(self) -> Endpoint[T_co]:
        if self.page_fetcher is None:
            return self
        return attrs.evolve(self, fetch_page=self.page_fetcher())

    def without_read_ahead(self) -> Endpoint[T_co]:
        return attrs.evolve(self, concurrency=1, read_ahead=False)

    def request(self, position: Position) -> Request:
        if not self.headers:
            return Request("GET", self.path, position.query)
        query = without_parameters(position.query, self.header_parameters)
        return Request("GET", self.path, query, headers=self.headers)

    async def fetch(self, position: Position, stats: RequestStats) -> RawPage:
        if self.fetch_page is not None:
            requester = Requester(self.client, stats, self.headers)
            return await self.fetch_page(requester, self.request(position).query)

        def read(response: RawResponse) -> RawPage:
            if self.client.conventions.means_empty(response):
                return RawPage([], None, None)
            page = open_page(self.reader, response.body)
            header = self.pagination.header
            return page if header is None else attrs.evolve(page, link=response.headers.get(header))

        return await self.client.call(self.request(position), read, stats)

    def checkpoint(self, positions: Sequence[Position]) -> Checkpoint:
        return make_checkpoint(self.owner, self.path, self.filters, positions)

    def finish_page(
        self,
        rows: list[Any],
        reported_count: int | None,
        following: Sequence[Position],
        progress: Progress,
        *,
        left_out: tuple[str, ...] = (),
    ) -> RowsOfPage:
        """Count a page and report it. *following* is where the listing goes on, if it does."""
        if not progress.pages:
            progress.reported_first = reported_count
        progress.reported_last = reported_count
        progress.pages += 1
        progress.payments += len(rows)
        progress.complete = not following
        self.client.events.emit(
            PageRead(self.client.provider, progress.pages, len(rows), reported_count)
        )
        checkpoint = self.checkpoint(following) if following else None
        return RowsOfPage(rows, reported_count, checkpoint, left_out)

    def describe_error(
        self,
        error: PaysdkError,
        position: Position,
        resume_at: Sequence[Position],
        progress: Progress,
    ) -> None:
        """Note on *error* which page failed, and the checkpoint to resume from.

        Before the first page there is nothing to resume, so there is no checkpoint.
        """
        self.client.explain(error, self.request(position))
        if progress.resumed or progress.pages:
            error.checkpoint = self.checkpoint(resume_at)


class PageRequests:
    """The requests of one pass over a listing, and the time that they may take."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[Any]] = set()
        self.deadline = client.deadline()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._client.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Cancel the requests, and wait until they have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class PageStream:
    """Reads pages one after another: the link of each page leads to the next.

    ``position`` is where the next page starts, and ``None`` after the last page. A page with a bad
    link is returned like any other. Then ``bad_link`` is the error to raise next, and ``position``
    stays at that page, because only its link can lead on.
    """

    def __init__(
        self,
        endpoint: Endpoint[object],
        position: Position,
        progress: Progress,
        requests: PageRequests,
    ) -> None:
        self.position: Position | None = position
        self.bad_link: PaginationError | None = None
        self.left_out: tuple[str, ...] = ()
        self.under_way: dict[str, asyncio.Task[RawPage]] = {}
        self._endpoint = endpoint
        self._progress = progress
        self._requests = requests
        self._requests_made = RequestsMade()
        self._requests_made.add(position.query)
        self._pages_given = PagesGiven()
        self._rows_given: dict[str | int, object] = {}
        # The records with which the next page begins again, if pages overlap: the id of each or,
        # if it could not be read, its bytes.
        self._overlap: list[object] = []

    async def next_page(self) -> RowsOfPage | None:
        """The next page, or ``None`` after the last.

        An error has a checkpoint from which the listing can be resumed.
        """
        if (position := self.position) is None:
            return None
        endpoint = self._endpoint
        try:
            async with self._requests.deadline.enforce():
                if self.bad_link is not None:
                    raise self.bad_link
                raw = await endpoint.client.wait_for(self.fetch(position))
                rows, following = await self.read_rows(raw, position)
                self.move_on(rows, position, following)
        except PaysdkError as error:
            endpoint.describe_error(error, position, [position], self._progress)
            raise
        left = [self.position] if self.position else []
        return endpoint.finish_page(
            rows, raw.reported_count, left, self._progress, left_out=self.left_out
        )

    async def aclose(self) -> None:
        await self._requests.aclose()

    def fetch(self, position: Position) -> asyncio.Task[RawPage]:
        """The task that brings the page at *position*.

        With a concurrency above 1, also starts the requests of the pages after it that can be
        predicted. Requests that were predicted wrongly are cancelled.
        """
        endpoint = self._endpoint
        wanted = [position]
        if endpoint.concurrency > 1:
            wanted += endpoint.pagination.predict_next(position, endpoint.concurrency - 1)
        before, self.under_way = self.under_way, {}
        for each in wanted:
            key = same_request(each.query)
            task = before.pop(key, None)
            self.under_way[key] = task or self._requests.start(
                endpoint.fetch(each, self._progress.stats)
            )
        for task in before.values():
            task.cancel()
        return self.under_way[same_request(position.query)]

    def stop(self) -> None:
        """Cancel the requests that are under way."""
        for task in self.under_way.values():
            task.cancel()
        self.under_way = {}

    async def read_rows(
        self, raw: RawPage, position: Position
    ) -> tuple[list[Any], Position | None]:
        """The rows of the page at *position*, and where the page after it starts.

        The next page is requested here. If the pagination does not need the ids of this page, that
        happens before the page is decoded.
        """
        pagination = self._endpoint.pagination
        following = None if pagination.needs_ids else self._request_next(raw, position, [])
        rows, marks = await self._decode(raw, position)
        if pagination.needs_ids:
            following = self._request_next(raw, position, [row.id for row in rows])
            self._overlap = [] if following is None else pagination.overlap(following, marks)
        if len(rows) > ROWS_PER_TURN:
            # What comes next also takes about a millisecond for a large page.
            await asyncio.sleep(0)
        return rows, following

    def move_on(self, rows: list[Any], position: Position, following: Position | None) -> None:
        """Remove repeats, and what is not a payment, from *rows*; then move on to *following*."""
        self._drop_repeats(rows, position)
        if following is not None:
            try:
                self._pages_given.add(rows)
            except PaginationError as error:
                self.bad_link = error
        self.left_out = self._select(rows)
        self.position = position if self.bad_link else following

    def _request_next(self, raw: RawPage, position: Position, ids: list[str]) -> Position | None:
        """Where the next page starts. Requests it, unless the listing does not read ahead."""
        self.under_way.pop(same_request(position.query), None)
        following = None
        try:
            following = self._endpoint.pagination.next_position(
                position, raw.link, ids, len(raw.records)
            )
            if following is not None:
                self._endpoint.client.check_link(following.query)
                self._requests_made.add(following.query)
        except PaginationError as error:
            self.bad_link = error
            following = None
        if following is None:
            self.stop()
        elif self._endpoint.read_ahead:
            self.fetch(following)
        return following

    async def _decode(self, raw: RawPage, position: Position) -> tuple[list[Any], list[object]]:
        """The rows of the page and, for the overlap with the next page, a mark of each record."""
        reader = self._endpoint.reader
        rows: list[Any] = []
        for turn, records in enumerate(batches(raw.records)):
            if turn:
                await asyncio.sleep(0)
            if (decoded := try_decode(reader, records)) is None:
                tell = self._endpoint.on_malformed
                set_aside = None if tell is None else partial(self._set_aside, position, tell)
                return await decode_around_malformed(reader, raw, self._overlap, set_aside)
            rows += decoded
        return rows, [row.id for row in rows] if self._endpoint.pagination.needs_ids else []

    def _set_aside(
        self,
        position: Position,
        on_malformed: Callable[[MalformedResponseError], object],
        error: MalformedResponseError,
    ) -> None:
        self._endpoint.client.explain(error, self._endpoint.request(position))
        self._progress.count_malformed(modified_at(self._endpoint.reader, error.raw))
        on_malformed(error)

    def _drop_repeats(self, rows: list[Any], position: Position) -> None:
        before = self._rows_given
        if position.given:
            before = before | dict.fromkeys(position.given, position.emitted_before)
        marks, repeats = find_repeats(rows, before)
        self._rows_given = marks or self._rows_given
        client = self._endpoint.client
        for index in reversed(repeats):
            client.events.emit(RepeatDropped(client.provider, str(rows[index].id)))
            del rows[index]
        self._progress.repeats_dropped += len(repeats)

    def _select(self, rows: list[Any]) -> tuple[str, ...]:
        """Replace *rows* by the payments in them. Return the ids of what is not a payment."""
        if (select := self._endpoint.select) is None:
            return ()
        rows[:], left_out = select(rows)
        self._progress.left_out += len(left_out)
        return tuple(left_out)
