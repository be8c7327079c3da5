"""Cutting a listing into windows of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from paysdk.listing.windows import TimeWindows, recheck_position, rows_in_window, sort_cuts
from paysdk.pagination import Position

DAY = datetime(2025, 1, 1, tzinfo=UTC)


@attrs.frozen
class Row:
    """A row of a page, as far as windows look at it."""

    id: int
    modified_at: datetime | None
    raw: bytes = b""


def at(hour: int) -> datetime:
    """An hour of the day."""
    return DAY + timedelta(hours=hour)


WINDOWS = TimeWindows(
    filters={"voided": "false", "until": "23"},
    paging={"cursor": "", "limit": "10"},
    since="since",
    until="until",
    stamp=lambda time: str(time.hour),
    page_size=10,
)


def test_the_count_is_asked_for_with_the_filters() -> None:
    """Counting and finding the cuts keep the listing's filters, and ask for a row each."""
    assert [
        Position("voided=false&until=23&limit=1"),
        Position("voided=false&until=23&limit=1&offset=70"),
    ] == [
        WINDOWS.count_position(),
        WINDOWS.row_position(70),
    ]


def test_windows_meet_at_the_cuts_and_the_last_is_as_open_as_the_listing() -> None:
    """Each window begins where the one before ends, and the last has the listing's own end."""
    assert [
        Position("cursor=&limit=10&voided=false&until=5&since=3", until=at(5)),
        Position("cursor=&limit=10&voided=false&until=23&since=5"),
    ] == WINDOWS.window_positions([at(3), at(5)])


@pytest.mark.parametrize(
    ("count", "walkers", "places"),
    [
        (0, 4, []),
        (23, 4, []),
        (24, 4, [21, 22, 23]),
        (100, 2, [60]),
        (820, 8, [120, 220, 320, 420, 520, 620, 720]),
        (100, 1, []),
        (10**400, 4, []),
        (-5, 4, []),
    ],
)
def test_places_are_even_after_what_the_first_walker_has_read(
    count: int, walkers: int, places: list[int]
) -> None:
    """The cuts share out evenly what is left after two pages, and there are none where that is too little."""
    assert places == WINDOWS.cut_offsets(count, walkers)


def test_cuts_ascend_and_differ() -> None:
    """Cuts come in order, each once, and after what has been given."""
    assert ([at(2), at(3)], [at(3)]) == (
        sort_cuts([at(3), None, at(2), at(3)], None),
        sort_cuts([at(3), at(2)], at(2)),
    )


@pytest.mark.parametrize(
    ("floor", "until", "ids", "ended"),
    [
        (None, None, [1, 2, 3, 4], False),
        (None, at(3), [1, 2], True),
        (None, at(9), [1, 2, 3, 4], False),
        (at(2), None, [2, 3, 4], False),
        (at(2), at(4), [2, 3], True),
        (at(9), None, [], False),
        (None, at(1), [], True),
    ],
)
def test_what_stands_on_a_cut_belongs_to_the_later_window(
    floor: datetime | None, until: datetime | None, ids: list[int], ended: bool
) -> None:
    """Rows from the floor on and before the window's end belong to it, and a row beyond that ends it."""
    rows = [Row(hour, at(hour)) for hour in range(1, 5)]
    part, over = rows_in_window(rows, Position("", emitted_before=floor, until=until))
    assert part.stop <= len(rows)
    assert (ids, ended) == ([row.id for row in rows[part]], over)


def test_a_row_without_a_time_belongs() -> None:
    """A row that has no time of modification is left out of no window."""
    rows = [Row(1, None)]
    assert (slice(0, 1), False) == rows_in_window(
        rows, Position("", emitted_before=at(2), until=at(3))
    )


def test_the_end_is_revisited_with_what_stood_there() -> None:
    """Looking again at the end leaves out what stood there, by its time and, at the latest time, by its id."""
    rows = [Row(1, at(1)), Row(2, at(2)), Row(3, at(2))]
    assert Position("q", emitted_before=at(2), given=(2, 3)) == recheck_position(
        Position("q"), rows
    )
    assert Position("q") == recheck_position(Position("q"), [])
