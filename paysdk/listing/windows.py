"""Cutting a listing that is ordered by time of modification into windows that can be walked side by side: pure.

Cursors cannot be asked for side by side, but filters can. The rows that stand at even distances in
the whole list say where to cut, so the windows are even however unevenly the payments lie in time.
On the wire a window is inclusive at both ends; what stands on a cut belongs to the later window.
The last window is open, so that a payment that is modified meanwhile, and so leaves its place, is
met there again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.pagination import Position, encode_query

if TYPE_CHECKING:
    from paysdk.records.page import Row

__all__ = ["TimeWindows", "recheck_position", "rows_in_window", "sort_cuts"]


@attrs.frozen(kw_only=True)
class TimeWindows:
    """The queries for cutting one listing.

    *filters* are all of its filters, *paging* what else its pages are asked for with, *since* and
    *until* the names of the time filters, *stamp* writes a time for them. *page_size* is how many
    rows a page has.
    """

    filters: dict[str, str]
    paging: dict[str, str]
    since: str
    until: str
    stamp: Callable[[datetime], str]
    page_size: int

    def count_position(self) -> Position:
        """Where the provider says how many payments there are."""
        return Position(encode_query((self.filters | {"limit": "1"}).items()))

    def row_position(self, place: int) -> Position:
        """Where the payment number *place* (from 0) stands alone."""
        return Position(encode_query((self.filters | {"limit": "1", "offset": str(place)}).items()))

    def cut_offsets(self, count: int, concurrency: int) -> list[int]:
        """Between which payments to cut for so many *concurrency*, the first of which has read two pages when the others begin."""
        ahead = 2 * self.page_size
        left = count - ahead
        # No list is longer than the latter, whatever a provider counts.
        return (
            [ahead + left * place // concurrency for place in range(1, concurrency)]
            if concurrency <= left <= sys.maxsize
            else []
        )

    def window_positions(self, times: Sequence[datetime]) -> list[Position]:
        """The windows that begin at *times*, which ascend; each ends where the next begins, the last where the listing does."""
        return [
            self._window(start, end) for start, end in zip(times, [*times[1:], None], strict=True)
        ]

    def _window(self, start: datetime, end: datetime | None) -> Position:
        bounds = {self.since: self.stamp(start)} | (
            {} if end is None else {self.until: self.stamp(end)}
        )
        return Position(encode_query((self.paging | self.filters | bounds).items()), until=end)


def sort_cuts(times: Sequence[datetime | None], after: datetime | None) -> list[datetime]:
    """*times* in order, each once; those after *after* only, where that is given."""
    return sorted({time for time in times if time is not None and (after is None or time > after)})


def rows_in_window(rows: Sequence[Row], position: Position) -> tuple[slice, bool]:
    """Which of a page's *rows* belong to the window of *position*, and whether a row beyond it came, so that it ends here."""
    first, last = 0, len(rows)
    if position.emitted_before is not None:
        first = next(
            (
                place
                for place, row in enumerate(rows)
                if row.modified_at is None or row.modified_at >= position.emitted_before
            ),
            last,
        )
    if position.until is None:
        return slice(first, last), False
    beyond = next(
        (
            place
            for place, row in enumerate(rows)
            if row.modified_at is not None and row.modified_at >= position.until
        ),
        None,
    )
    return slice(first, last if beyond is None else beyond), beyond is not None


def recheck_position(position: Position, rows: Sequence[Any]) -> Position:
    """Where to look, once more, at the end of a listing that was reached at *position* with *rows*, and what stood there."""
    times = [row.modified_at for row in rows if row.modified_at is not None]
    if not times:
        return position
    latest = max(times)
    return attrs.evolve(
        position,
        emitted_before=latest,
        given=tuple(row.id for row in rows if row.modified_at == latest),
    )
