"""A run of pages, each led to by the link of the one before: what is read ahead, what is a repeat, and where it stops being one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.errors import MalformedResponseError, PaginationError
from paysdk.events import RepeatDropped
from paysdk.listing.repeats import PagesGiven, RequestsMade, find_repeats
from paysdk.listing.windows import TimeWindows, rows_in_window
from paysdk.pagination import Pagination, Position, same_request
from paysdk.records.page import (
    RawPage,
    Reader,
    batches,
    decode_one_by_one,
    modified_at,
    open_page,
    try_decode,
)
from paysdk.transport.client import Client
from paysdk.transport.messages import Request, Response
from paysdk.transport.observer import RequestStats

__all__ = ["ROWS_PER_TURN", "Endpoint", "PageStream", "Progress"]

T_co = TypeVar("T_co", covariant=True)
Fetch: TypeAlias = Coroutine[Any, Any, RawPage]

# Payments given, or records looked at one by one, before the event loop gets its turn: about a
# millisecond's work.
ROWS_PER_TURN = 500
# A record that is looked at by itself, and perhaps read liberally, takes ten times as long.
_CLOSER_SLICE = 50

# An empty page with a link goes on, but not for ever.
_MAX_FRUITLESS_PAGES = 1000


@attrs.frozen(kw_only=True, eq=False)
class Endpoint(Generic[T_co]):
    """What a walk reads: a provider's endpoint, how it pages, and how its pages are read.

    Up to *concurrency* pages may be on their way at a time; without *read_ahead* none is asked for
    before it is wanted. Rows of which *leave_out* is true are no payments, and not given.
    """

    client: Client
    path: str
    pagination: Pagination
    reader: Reader[T_co]
    checkpoint: Callable[[Sequence[Position]], Checkpoint]
    concurrency: int
    windows: TimeWindows | None
    on_malformed: Callable[[MalformedResponseError], object] | None
    leave_out: Callable[[Any], bool] | None = None
    read_ahead: bool = True

    def without_read_ahead(self) -> Endpoint[T_co]:
        """The same, but no page is asked for before it is wanted."""
        return attrs.evolve(self, concurrency=1, windows=None, read_ahead=False)

    def request(self, position: Position) -> Request:
        return Request("GET", self.path, position.query)

    async def fetch(self, position: Position, stats: RequestStats) -> RawPage:
        def read(response: Response) -> RawPage:
            page = open_page(self.reader, response.body)
            header = self.pagination.header
            return page if header is None else attrs.evolve(page, link=response.headers.get(header))

        return await self.client.call(self.request(position), read, stats)


@attrs.define
class Progress:
    """What a walk has done so far."""

    pages: int = 0
    payments: int = 0
    repeats_dropped: int = 0
    malformed: int = 0
    oldest_malformed: datetime | None = None
    left_out: int = 0
    reported_first: int | None = None
    reported_last: int | None = None
    stats: RequestStats = attrs.field(factory=RequestStats)

    def count_malformed(self, modified: datetime | None) -> None:
        """Count a record that was set aside.

        Once the time of one is unknown, so is the oldest time.
        """
        if modified is None or not self.malformed:
            self.oldest_malformed = modified
        elif self.oldest_malformed is not None:
            self.oldest_malformed = min(self.oldest_malformed, modified)
        self.malformed += 1


class PageStream:
    """A run of pages. ``position`` is where the page starts that is given next, and ``None`` at the end."""

    def __init__(
        self,
        endpoint: Endpoint[object],
        position: Position,
        progress: Progress,
        start: Callable[[Fetch], asyncio.Task[RawPage]],
    ) -> None:
        self.position: Position | None = position
        self.latest: datetime | None = None
        self.bad_link: PaginationError | None = None
        self._endpoint = endpoint
        self._progress = progress
        self._start = start
        self._under_way: dict[str, asyncio.Task[RawPage]] = {}
        self._requests_made = RequestsMade()
        self._requests_made.add(position.query)
        self._pages_given = PagesGiven()
        self._given: dict[str | int, object] = {}
        self._fruitless = 0
        # What the page that is read now begins with again, if pages overlap: ids, and the bytes of
        # what could not be read.
        self._overlap: list[object] = []
        self._noted_requests: set[str] = set()

    def fetch(self, position: Position) -> asyncio.Task[RawPage]:
        """The task that brings the page at *position*, and, as far as is allowed, those for the pages after it."""
        allowed = self._endpoint.concurrency if self._endpoint.windows is None else 1
        ahead = [
            position,
            *(self._endpoint.pagination.predict_next(position, allowed - 1) if allowed > 1 else []),
        ]
        before, self._under_way = self._under_way, {}
        for each in ahead:
            same = same_request(each.query)
            started = (
                before.pop(same)
                if same in before
                else self._start(self._endpoint.fetch(each, self._progress.stats))
            )
            self._under_way[same] = started
        for task in before.values():
            task.cancel()
        return self._under_way[same_request(position.query)]

    async def read(self, position: Position, raw: RawPage) -> list[Any]:
        """The rows of the page at *position*; ``position`` moves on to the next page, which is asked for."""
        needs_ids = self._endpoint.pagination.needs_ids
        # Where the pagination has no use for the ids, the next page is on its way while this one is
        # decoded.
        following = None if needs_ids else self._advance(position, raw, [])
        rows, marks = await self._decode_rows(raw, position)
        if needs_ids:
            following = self._advance(position, raw, [row.id for row in rows])
            self._overlap = (
                [] if following is None else self._endpoint.pagination.overlap(following, marks)
            )
        if len(rows) > ROWS_PER_TURN:
            # Looking through a large page takes as long as reading a part of it.
            await asyncio.sleep(0)
        rows, ended = self._keep_rows_in_window(rows, position)
        self._drop_repeats(rows, position)
        if following is not None:
            self._check_progress(rows)
        self._drop_left_out(rows)
        if ended:
            following = None
            self.stop()
        # After a bad link there is a next page, but no way to it except through this one.
        self.position = position if self.bad_link else following
        return rows

    def _drop_left_out(self, rows: list[Any]) -> None:
        if (leave_out := self._endpoint.leave_out) is None:
            return
        read = len(rows)
        rows[:] = [row for row in rows if not leave_out(row)]
        self._progress.left_out += read - len(rows)

    def _check_progress(self, rows: list[Any]) -> None:
        if rows:
            self._fruitless = 0
            try:
                self._pages_given.add(rows)
            except PaginationError as error:
                self.bad_link = error
            return
        self._fruitless += 1
        if self._fruitless >= _MAX_FRUITLESS_PAGES:
            self.bad_link = PaginationError(
                f"The links lead on and on, and the last {_MAX_FRUITLESS_PAGES} pages brought "
                "nothing new. "
                "Resume from the checkpoint later, or tell the provider."
            ).quoting()

    def note_requests_in_flight(self) -> None:
        """Remember which pages were asked for before another chain ended: what that one missed may have moved to behind them since."""
        self._noted_requests = set(self._under_way)

    def may_have_missed_rows(self, position: Position) -> bool:
        """Whether the page at *position* was asked for before another chain ended."""
        return same_request(position.query) in self._noted_requests

    def stop(self) -> None:
        """Cancel the requests that are under way."""
        for task in self._under_way.values():
            task.cancel()
        self._under_way = {}

    def _advance(self, position: Position, raw: RawPage, ids: list[str]) -> Position | None:
        """Where the next page starts; its request is sent ahead.

        A bad link is kept until the payments of this page have been given.
        """
        self._under_way.pop(same_request(position.query), None)
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

    async def _decode_rows(
        self, raw: RawPage, position: Position
    ) -> tuple[list[Any], list[object]]:
        """The rows of the page, and what marks each of its records for an overlap with the next page."""
        rows: list[Any] = []
        for turn, records in enumerate(batches(raw.records)):
            if turn:
                await asyncio.sleep(0)
            if (read := try_decode(self._endpoint.reader, records)) is None:
                return await self._decode_rows_one_by_one(raw, position)
            rows += read
        return rows, [row.id for row in rows] if self._endpoint.pagination.needs_ids else []

    async def _decode_rows_one_by_one(
        self, raw: RawPage, position: Position
    ) -> tuple[list[Any], list[object]]:
        on_malformed = self._endpoint.on_malformed
        faults: list[MalformedResponseError] = []
        rows: list[Any] = []
        marks: list[object] = []
        repeated = True
        for number, row in enumerate(
            decode_one_by_one(self._endpoint.reader, raw, on_malformed and faults.append), 1
        ):
            marks.append(faults[-1].raw if row is None else row.id)
            # Of the records that cannot be read, only those in the overlap with the page before
            # were reported already.
            repeated = repeated and marks[-1:] == self._overlap[number - 1 : number]
            if row is not None:
                rows.append(row)
            elif on_malformed is not None and not repeated:
                self._set_aside(faults[-1], position, on_malformed)
            if number % _CLOSER_SLICE == 0:
                await asyncio.sleep(0)
        return rows, marks

    def _set_aside(
        self,
        fault: MalformedResponseError,
        position: Position,
        tell: Callable[[MalformedResponseError], object],
    ) -> None:
        self._endpoint.client.explain(fault, self._endpoint.request(position))
        self._progress.count_malformed(modified_at(self._endpoint.reader, fault.raw))
        tell(fault)

    def _keep_rows_in_window(self, rows: list[Any], position: Position) -> tuple[list[Any], bool]:
        part, ended = rows_in_window(rows, position)
        if len(range(*part.indices(len(rows)))) < len(rows):
            rows = rows[part]
        if rows:
            self.latest = rows[-1].modified_at
        return rows, ended

    def _drop_repeats(self, rows: list[Any], position: Position) -> None:
        before: dict[str | int, object] = (
            self._given | dict.fromkeys(position.given, position.emitted_before)
            if position.given
            else self._given
        )
        now, places = find_repeats(rows, before)
        self._given = now or self._given
        for place in reversed(places):
            self._endpoint.client.events.emit(
                RepeatDropped(self._endpoint.client.provider, str(rows[place].id))
            )
            del rows[place]
        self._progress.repeats_dropped += len(places)
