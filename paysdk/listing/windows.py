"""Reads a listing in several windows of time, concurrently.

A cursor leads only to the next page, so pages behind cursors cannot be requested concurrently. But
the provider can filter by time of modification. So the listing is divided into windows of time. The
dividing times are those of rows at even distances. So the windows have about the same number of
rows, even if the times are distributed unevenly. The first window has two pages more.

A provider reads both bounds of a window as inclusive; a row exactly at a dividing time belongs to
the later window. The last window has no end: a payment that is modified during the listing moves
there, and is found.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.errors import PaysdkError
from paysdk.listing.pages import PageRequests, PageStream
from paysdk.pagination import Position, encode_query, same_request
from paysdk.records.malformed import decode_one_by_one

if TYPE_CHECKING:
    from paysdk.listing.endpoint import Endpoint, RowsOfPage
    from paysdk.listing.progress import Progress
    from paysdk.records.page import RawPage, Row

__all__ = ["TimeWindows", "WindowedPages", "recheck_position", "rows_in_window", "sort_cuts"]


@attrs.frozen(kw_only=True)
class TimeWindows:
    """The queries for dividing one listing into windows.

    *filters* are all filters of the listing, and *paging* are the other parameters of its pages.
    *since* and *until* are the names of the time filters, and *stamp* writes a time for them.
    """

    filters: dict[str, str]
    paging: dict[str, str]
    since: str
    until: str
    stamp: Callable[[datetime], str]
    page_size: int

    def count_position(self) -> Position:
        """A page that says how many payments there are."""
        return Position(encode_query((self.filters | {"limit": "1"}).items()))

    def row_position(self, offset: int) -> Position:
        """A page that has only the payment at *offset*."""
        return Position(
            encode_query((self.filters | {"limit": "1", "offset": str(offset)}).items())
        )

    def cut_offsets(self, count: int, concurrency: int) -> list[int]:
        """The offsets of the rows at which to divide a listing of *count* rows.

        The first window is two pages longer, because it has read about that much when the others
        begin.
        """
        ahead = 2 * self.page_size
        left = count - ahead
        # No list is longer than sys.maxsize, whatever count a provider reports.
        return (
            [ahead + left * number // concurrency for number in range(1, concurrency)]
            if concurrency <= left <= sys.maxsize
            else []
        )

    def window_positions(self, times: Sequence[datetime]) -> list[Position]:
        """The windows that begin at *times*, which ascend.

        Each window ends where the next one begins, and the last one ends where the listing does.
        """
        return [
            self._window(start, end) for start, end in zip(times, [*times[1:], None], strict=True)
        ]

    def _window(self, start: datetime, end: datetime | None) -> Position:
        bounds = {self.since: self.stamp(start)}
        if end is not None:
            bounds[self.until] = self.stamp(end)
        query = encode_query((self.paging | self.filters | bounds).items())
        return Position(query, until=end, since=start)


def sort_cuts(times: Sequence[datetime | None], after: datetime | None) -> list[datetime]:
    """*times* in order, each once. If *after* is given, only those after it."""
    return sorted({time for time in times if time is not None and (after is None or time > after)})


def rows_in_window(rows: Sequence[Row], position: Position) -> tuple[slice, bool]:
    """Which of a page's *rows* belong to the window of *position*.

    The second value is true if a row after the window came, so that the window ends on this page.
    """
    first, last = 0, len(rows)
    if position.emitted_before is not None:
        first = next(
            (
                index
                for index, row in enumerate(rows)
                if row.modified_at is None or row.modified_at >= position.emitted_before
            ),
            last,
        )
    if position.until is None:
        return slice(first, last), False
    beyond = next(
        (
            index
            for index, row in enumerate(rows)
            if row.modified_at is not None and row.modified_at >= position.until
        ),
        None,
    )
    return slice(first, last if beyond is None else beyond), beyond is not None


def recheck_position(position: Position, rows: Sequence[Any]) -> Position:
    """The position from which to read the end of a listing again.

    The page at *position* was the last one, and had *rows*.
    """
    times = [row.modified_at for row in rows if row.modified_at is not None]
    if not times:
        return position
    latest = max(times)
    return attrs.evolve(
        position,
        emitted_before=latest,
        given=tuple(row.id for row in rows if row.modified_at == latest),
    )


class WindowedPages:
    """Reads a ``PageStream`` for each window, and gives whichever page comes first.

    A listing begins as one stream. Meanwhile the rows at the dividing times are requested. A
    listing that is resumed has the windows of its checkpoint.
    """

    def __init__(
        self,
        endpoint: Endpoint[object],
        windows: TimeWindows | None,
        positions: Sequence[Position],
        progress: Progress,
    ) -> None:
        self._endpoint = endpoint
        self._progress = progress
        self._requests = PageRequests(endpoint.client)
        # A window requests one page at a time.
        self._window_endpoint = attrs.evolve(endpoint, concurrency=1)
        self._streams = [self._open_stream(position) for position in positions]
        self._unplanned = None if progress.resumed else windows
        self._planning: asyncio.Task[tuple[TimeWindows, list[datetime | None]]] | None = None
        self._latest: datetime | None = None
        # The requests of the last window that were under way when another window ended.
        self._noted_requests: set[str] = set()
        self._tail_recheck: PageStream | None = None

    async def next_page(self) -> RowsOfPage | None:
        """The next page of any window, or ``None`` if no window has another page."""
        if not (positions := self._positions()):
            return None
        position = positions[0]
        try:
            self._endpoint.client.check_process()
            async with self._requests.deadline.enforce():
                stream, position = await self._next_ready_stream()
                if stream.bad_link is not None:
                    raise stream.bad_link
                raw = await self._endpoint.client.wait_for(stream.fetch(position))
                rows = await self._read_window(stream, position, raw)
        except PaysdkError as error:
            self._endpoint.describe_error(error, position, self._positions(), self._progress)
            raise
        return self._endpoint.finish_page(
            rows, raw.reported_count, self._positions(), self._progress
        )

    async def aclose(self) -> None:
        await self._requests.aclose()

    def _open_stream(self, position: Position) -> PageStream:
        return PageStream(self._window_endpoint, position, self._progress, self._requests)

    def _positions(self) -> list[Position]:
        """The position of each window that has not ended."""
        return [stream.position for stream in self._streams if stream.position is not None]

    async def _read_window(self, stream: PageStream, position: Position, raw: RawPage) -> list[Any]:
        rows, following = await stream.decode_page(raw, position)
        in_window, ended = rows_in_window(rows, position)
        rows = rows[in_window]
        if rows:
            self._latest = rows[-1].modified_at
        if ended:
            following = None
            stream.stop()
        stream.move_on(rows, position, following)
        if stream.position is None:
            self._handle_stream_end(stream, position, rows)
        return rows

    async def _next_ready_stream(self) -> tuple[PageStream, Position]:
        """The stream to read next, and where its page starts.

        If it is the only stream, its page may not have arrived yet.
        """
        if self._unplanned is not None:
            self._planning = self._requests.start(self._plan_windows(self._unplanned))
            self._unplanned = None
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
                self._split(*await self._endpoint.client.wait_for(self._planning))
                self._planning = None
                continue
            return next(found for task, found in tasks.items() if task in done)

    async def _plan_windows(
        self, windows: TimeWindows
    ) -> tuple[TimeWindows, list[datetime | None]]:
        """The windows, and the times at which to divide the listing into them."""
        fetches: list[asyncio.Task[RawPage]] = []
        try:
            counted = await self._endpoint.fetch(windows.count_position(), self._progress.stats)
            offsets = windows.cut_offsets(counted.reported_count or 0, self._endpoint.concurrency)
            fetches += [
                self._requests.start(
                    self._endpoint.fetch(windows.row_position(offset), self._progress.stats)
                )
                for offset in offsets
            ]
            pages = [await fetch for fetch in fetches]
            return windows, [
                row.modified_at
                for page in pages
                for row in decode_one_by_one(self._endpoint.reader, page, None)
            ]
        except PaysdkError:
            # Without dividing times the listing is one stream, which is slower but complete.
            return windows, []
        finally:
            for fetch in fetches:
                fetch.cancel()

    def _split(self, windows: TimeWindows, times: list[datetime | None]) -> None:
        first = self._streams[0]
        cuts = sort_cuts(times, self._latest)
        if first.position is not None and cuts:
            first.position = attrs.evolve(first.position, until=cuts[0])
            self._streams += map(self._open_stream, windows.window_positions(cuts))

    def _handle_stream_end(self, stream: PageStream, position: Position, rows: list[Any]) -> None:
        """Remember to read the tail of the last window again, if that may be necessary.

        It is, if its last page was requested before another window ended. A payment modified before
        its own window reached it has moved to the tail.
        """
        last = self._streams[-1]
        if stream is not last:
            self._noted_requests = set(last.under_way)
        elif same_request(position.query) in self._noted_requests or self._positions():
            last.position = recheck_position(position, rows)
            self._tail_recheck = last

    def _live_streams(self) -> list[tuple[PageStream, Position]]:
        """The streams to read from now, and where the next page of each starts."""
        live = [
            (stream, stream.position) for stream in self._streams if stream.position is not None
        ]
        if len(live) > 1:
            return [found for found in live if found[0] is not self._tail_recheck]
        if self._tail_recheck is not None:
            # Only the tail is left. A stream of its own may make the same request again.
            self._tail_recheck = None
            self._noted_requests = set()
            self._streams = [self._open_stream(position) for _, position in live]
            return self._live_streams()
        return live
