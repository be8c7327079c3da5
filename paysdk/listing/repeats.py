"""What a listing remembers, to drop what the previous page had, and never to go in circles."""

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

# Django REST framework's cursors repeat a page if more records share a time than fit on a page.
_WAYS_OUT = (
    "Resume from the checkpoint with a larger page_size, list with another pagination if the "
    "provider has one, or tell the provider."
)
# An empty page with a link is not the end, but a listing of empty pages must end, too.
_MAX_EMPTY_PAGES = 1000


class _Digests:
    """Texts that were added, in eight bytes each."""

    def __init__(self) -> None:
        self._sorted = array("Q")

    def add(self, text: str) -> bool:
        """Add *text*, and return whether it is new."""
        digest = int.from_bytes(
            blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
        )
        index = bisect_left(self._sorted, digest)
        if index < len(self._sorted) and self._sorted[index] == digest:
            return False
        self._sorted.insert(index, digest)
        return True


class RequestsMade:
    """The requests that a listing has made. Takes eight bytes a page."""

    def __init__(self) -> None:
        self._made = _Digests()

    def add(self, query: str) -> None:
        """Remember *query*.

        Raises ``PaginationError`` if the same request, even with its parameters in another order,
        was made before.
        """
        if not self._made.add(same_request(query)):
            shown = truncate_for_message(query)
            raise PaginationError(
                f"The link leads to a page that was read before ({shown}), so following it would "
                f"never end. {_WAYS_OUT}"
            ).quoting(shown)


class PagesGiven:
    """The pages that a listing has returned, by their first and last rows, in eight bytes each.

    A provider may send a new link with each page, and still repeat its pages, or send nothing new
    without end. ``RequestsMade`` does not notice that.
    """

    def __init__(self) -> None:
        self._given = _Digests()
        self._empty_in_a_row = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Remember a page that has a link to a next one, without its repeats.

        Raises ``PaginationError`` if the same page, unchanged, was returned before, or if too many
        pages in a row had nothing new.
        """
        if not rows:
            self._count_empty_page()
            return
        self._empty_in_a_row = 0
        ends = [(row.id, _version(row)) for row in (rows[0], rows[-1])]
        if not self._given.add(f"{len(rows)} {ends}"):
            raise PaginationError(
                f"The links lead back to a page that was listed before, from {rows[0].id!r} to "
                f"{rows[-1].id!r}, so following them would never end. {_WAYS_OUT}"
            ).quoting(repr(rows[0].id), repr(rows[-1].id))

    def _count_empty_page(self) -> None:
        self._empty_in_a_row += 1
        if self._empty_in_a_row >= _MAX_EMPTY_PAGES:
            raise PaginationError(
                f"There is always another link, but the last {_MAX_EMPTY_PAGES} pages had no new "
                "payment. Resume from the checkpoint later, or tell the provider."
            ).quoting()


def _version(row: Row) -> object:
    """A value that changes with a payment: its time of modification or, without one, its bytes."""
    return row.modified_at or row.raw


def find_repeats(
    rows: Sequence[Row], before: Mapping[str | int, object]
) -> tuple[dict[str | int, object], list[int]]:
    """The versions of a page's *rows* by their ids, and the indexes of the rows that are repeats.

    *before* has the versions on the previous page. A row with the id and the version of an earlier
    one is a repeat. If the version is another, the payment was changed during the listing, and is
    returned again. If the version in *before* is ``None``, a row with this id is always a repeat.
    """
    versions: dict[str | int, object] = {row.id: row.modified_at or row.raw for row in rows}
    if len(versions) == len(rows) and before.keys().isdisjoint(versions):
        return versions, []
    seen = dict(before)
    repeats: list[int] = []
    for index, row in enumerate(rows):
        version = _version(row)
        if row.id in seen and seen[row.id] in (None, version):
            repeats.append(index)
        seen[row.id] = version
    return versions, repeats
