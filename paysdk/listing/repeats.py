"""What a walk remembers of its requests and pages, so that it gives no payment twice and never goes in circles."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b
from typing import TYPE_CHECKING

from paysdk.errors import PaginationError
from paysdk.pagination.queries import same_request, truncate_for_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paysdk.records.page import Row

__all__ = ["PagesGiven", "RequestsMade", "find_repeats"]


class _Digests:
    """Texts that were seen, at eight bytes each."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, text: str) -> bool:
        """Whether *text* is new."""
        digest = int.from_bytes(
            blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
        )
        place = bisect_left(self._digests, digest)
        if place < len(self._digests) and self._digests[place] == digest:
            return False
        self._digests.insert(place, digest)
        return True


class RequestsMade:
    """Which requests a listing has made, so that it cannot go in circles. Eight bytes a page."""

    def __init__(self) -> None:
        self._made = _Digests()

    def add(self, query: str) -> None:
        """Remember *query*.

        Raises ``PaginationError`` if it was made before, in whatever order its parameters stood.
        """
        if not self._made.add(same_request(query)):
            raise PaginationError(
                f"The link leads to a page that was read before ({truncate_for_message(query)}), "
                "so following it would never end. "
                "Resume from the checkpoint later, or tell the provider."
            ).quoting(truncate_for_message(query))


class PagesGiven:
    """Which pages a listing has given, told by their ends, so that ever new links cannot lead it in circles.

    Eight bytes a page.
    """

    def __init__(self) -> None:
        self._given = _Digests()

    def add(self, rows: Sequence[Row]) -> None:
        """Remember a page of at least one row.

        Raises ``PaginationError`` if it was given before, unchanged.
        """
        ends = [(row.id, _mark(row)) for row in (rows[0], rows[-1])]
        if not self._given.add(f"{len(rows)} {ends}"):
            raise PaginationError(
                f"The links lead back to a page that was given before, from {rows[0].id!r} to "
                f"{rows[-1].id!r}, so following them would "
                "never end. Resume from the checkpoint later, or tell the provider."
            ).quoting(repr(rows[0].id), repr(rows[-1].id))


def _mark(row: Row) -> object:
    """What differs where a payment was changed: its time of modification or, where there is none, all of it."""
    return row.modified_at or row.raw


def find_repeats(
    rows: Sequence[Row], before: Mapping[str | int, object]
) -> tuple[dict[str | int, object], list[int]]:
    """What marks each payment of a page, by its id, and the places of the *rows* that are repeats; *before* has that of the page before.

    A payment that comes again unchanged is a repeat. One with another modification time, or where
    the provider sends none with anything else that is another, was changed while the listing went
    on, and is no repeat. ``None`` in *before* marks one of which nothing is known but that it was
    given.
    """
    now: dict[str | int, object] = {row.id: row.modified_at or row.raw for row in rows}
    if len(now) == len(rows) and before.keys().isdisjoint(now):
        return now, []
    seen = dict(before)
    places: list[int] = []
    for place, row in enumerate(rows):
        mark = _mark(row)
        if row.id in seen and seen[row.id] in (None, mark):
            places.append(place)
        seen[row.id] = mark
    return now, places
