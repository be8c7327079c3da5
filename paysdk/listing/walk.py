"""The one loop that drives every pagination over a transport.

A walk is made of chains: runs of pages, each led to by the link of the one before. Most listings
are one chain. One that is cut into windows of time is a chain for each, and the walk gives
whichever page comes first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.errors import PaysdkError
from paysdk.events import PageRead
from paysdk.listing.pages import Endpoint, PageStream, Progress
from paysdk.listing.windows import TimeWindows, recheck_position, sort_cuts
from paysdk.provider import ListingReport
from paysdk.records.page import RawPage, decode_one_by_one

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from datetime import datetime

    from paysdk.pagination import Position


__all__ = ["RowsOfPage", "Walk"]

T = TypeVar("T")


@attrs.frozen(eq=False, repr=False)
class RowsOfPage:
    """A page that was read whole, its rows checked and not yet payments.

    Each becomes one when its turn comes: a walk through millions then never holds a page's worth of
    them, which keeps Python's garbage collector out of the way.
    """

    rows: list[Any]
    reported_count: int | None
    checkpoint: Checkpoint | None


class Walk:
    """One pass over a listing."""

    def __init__(self, endpoint: Endpoint[object], resume: Sequence[Position] | None) -> None:
        self._endpoint = endpoint
        self._resumed = resume is not None
        self._progress = Progress()
        positions = (
            [endpoint.pagination.start()]
            if resume is None
            else [endpoint.pagination.resume_from(position) for position in resume]
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._streams = [self._stream(position) for position in positions]
        self._deadline = endpoint.client.deadline()
        self._planning: asyncio.Task[tuple[TimeWindows, list[datetime | None]]] | None = None
        self._tail_recheck: PageStream | None = None
        self._complete = False

    def report(self) -> ListingReport:
        done = attrs.asdict(self._progress, filter=lambda field, _: field.name != "stats")
        return ListingReport(
            **done,
            requests=self._progress.stats.requests,
            retries=self._progress.stats.retries,
            complete=self._complete,
        )

    async def aclose(self) -> None:
        """End the requests that are under way, and wait for those that were cancelled before."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next_page(self) -> RowsOfPage | None:
        """The next page, or ``None`` after the last.

        An error that is raised carries the checkpoint of the page that failed.
        """
        if self._complete:
            return None
        position = next(stream.position for stream in self._streams if stream.position is not None)
        try:
            async with self._deadline.enforce():
                stream, position = await self._next_ready_stream()
                if stream.bad_link is not None:
                    raise stream.bad_link
                return await self._read(stream, position)
        except PaysdkError as error:
            self._endpoint.client.explain(error, self._endpoint.request(position))
            if self._resumed or self._progress.pages:
                error.checkpoint = self._make_checkpoint()
            raise

    def _stream(self, position: Position) -> PageStream:
        return PageStream(self._endpoint, position, self._progress, self._start)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._endpoint.client.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _next_ready_stream(self) -> tuple[PageStream, Position]:
        """A chain whose page has come, or has failed to, and where that page starts."""
        self._start_planning()
        while True:
            live = self._live_streams()
            for stream, position in live:
                if stream.bad_link is not None:
                    return stream, position
            tasks = {
                stream.fetch(position): (stream, position)
                for stream, position in live[: self._endpoint.concurrency]
            }
            if len(tasks) == 1 and self._planning is None:
                return live[0]
            waiting = [*tasks, *([self._planning] if self._planning else [])]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._planning is not None and self._planning in done:
                self._split_into_windows(*await self._endpoint.client.wait_for(self._planning))
                self._planning = None
                continue
            return next(found for task, found in tasks.items() if task in done)

    async def _read(self, stream: PageStream, position: Position) -> RowsOfPage:
        raw = await self._endpoint.client.wait_for(stream.fetch(position))
        rows = await stream.read(position, raw)
        if stream.position is None:
            self._handle_stream_end(stream, position, rows)
        progress = self._progress
        progress.pages += 1
        progress.payments += len(rows)
        progress.reported_last = raw.reported_count
        if progress.pages == 1:
            progress.reported_first = raw.reported_count
        self._complete = all(each.position is None for each in self._streams)
        self._endpoint.client.events.emit(
            PageRead(self._endpoint.client.provider, progress.pages, len(rows), raw.reported_count)
        )
        return RowsOfPage(
            rows, raw.reported_count, None if self._complete else self._make_checkpoint()
        )

    def _make_checkpoint(self) -> Checkpoint:
        return self._endpoint.checkpoint(
            [stream.position for stream in self._streams if stream.position is not None]
        )

    def _start_planning(self) -> None:
        if (
            self._endpoint.windows is not None
            and not self._resumed
            and not self._progress.pages
            and self._planning is None
        ):
            self._planning = self._start(self._plan_windows(self._endpoint.windows))

    async def _plan_windows(
        self, windows: TimeWindows
    ) -> tuple[TimeWindows, list[datetime | None]]:
        """The windows, and the times at which to cut."""
        fetches: list[asyncio.Task[RawPage]] = []
        try:
            counted = await self._endpoint.fetch(windows.count_position(), self._progress.stats)
            places = windows.cut_offsets(counted.reported_count or 0, self._endpoint.concurrency)
            fetches += [
                self._start(self._endpoint.fetch(windows.row_position(place), self._progress.stats))
                for place in places
            ]
            pages = [await fetch for fetch in fetches]
            return windows, [
                row.modified_at
                for page in pages
                for row in decode_one_by_one(self._endpoint.reader, page, None)
            ]
        except PaysdkError:
            # Without the cuts the listing is one chain, and as whole as ever.
            return windows, []
        finally:
            for fetch in fetches:
                fetch.cancel()

    def _split_into_windows(self, windows: TimeWindows, times: list[datetime | None]) -> None:
        first = self._streams[0]
        ordered = sort_cuts(times, first.latest)
        if first.position is not None and ordered:
            first.position = attrs.evolve(first.position, until=ordered[0])
            self._streams += map(self._stream, windows.window_positions(ordered))

    def _handle_stream_end(self, stream: PageStream, position: Position, rows: list[Any]) -> None:
        """Come back to the end of the last window when the others are done: what was modified before it was read there has moved here."""
        last = self._streams[-1]
        if stream is not last:
            last.note_requests_in_flight()
        elif last.may_have_missed_rows(position) or any(
            each.position is not None for each in self._streams
        ):
            last.position = recheck_position(position, rows)
            self._tail_recheck = last

    def _live_streams(self) -> list[tuple[PageStream, Position]]:
        live = [
            (stream, stream.position) for stream in self._streams if stream.position is not None
        ]
        if len(live) > 1:
            return [
                (stream, position) for stream, position in live if stream is not self._tail_recheck
            ]
        if self._tail_recheck is not None:
            self._tail_recheck = None
            self._streams = [self._stream(position) for _, position in live]
            return self._live_streams()
        return live
