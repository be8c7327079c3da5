"""The protocol of a pagination, and the position where a page starts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import attrs

from paysdk.pagination.queries import with_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MORE", "FromFirstQuery", "Pagination", "Position", "with_limit"]

# The link that a reader returns if the provider says only that there is another page.
MORE = "more"


@attrs.frozen
class Position:
    """Where a page starts.

    ``query`` requests the page. ``given`` are the ids on it that were returned already. If the
    listing is read in windows of time, the window of this page begins at ``since`` and ends at
    ``until``, and payments modified before ``emitted_before`` were returned already.
    """

    query: str
    given: tuple[str | int, ...] = ()
    emitted_before: datetime | None = None
    until: datetime | None = None
    since: datetime | None = None

    @property
    def is_in_window(self) -> bool:
        """Whether its rows must be compared with the ends of a window.

        The last window has no end, and needs it only when its tail is read again.
        """
        return self.until is not None or self.emitted_before is not None


class Pagination(Protocol):
    """One kind of pagination. Implementations are immutable and do no I/O."""

    def predict_next(self, position: Position, pages: int) -> list[Position]:
        """Where the next *pages* pages probably start.

        Returns an empty list if that cannot be predicted before the page at *position* arrives.
        """
        ...

    @property
    def needs_ids(self) -> bool:
        """Whether ``next_position`` needs the ids of the page.

        If it does not, the next page is requested before this one is decoded.
        """
        ...

    @property
    def header(self) -> str | None:
        """The name of the header that has the link, in lower case.

        ``None`` if the link is in the body, where the reader finds it.
        """
        ...

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:
        """Which records of the previous page come again at the start of the page at *position*.

        *marks* stand for the records of the previous page, in order: the id of each record or, if
        the record is malformed, its bytes.
        """
        ...

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        """The name of the first filter that *position* requests differently from *filters*.

        Returns ``None`` if there is no such filter. A parameter that is not a filter may be in
        *position*, because servers add parameters of their own to their links.
        """
        ...

    def start(self) -> Position:
        """Where the listing starts."""
        ...

    def resume_from(self, position: Position) -> Position:
        """*position*, which comes from a checkpoint, with the page size of this listing."""
        ...

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        """Where the page after the one at *position* starts, or ``None`` after the last page.

        *ids* are the ids on the page at *position*, and *records* is the number of its records,
        malformed ones included.

        Raises ``PaginationError`` for a link that does not identify a page.
        """
        ...


@attrs.frozen
class FromFirstQuery:
    """The base class of paginations whose pages do not overlap. ``first`` requests the first page.

    It assumes that the next page does not depend on ids, and that the link is in the body.
    """

    first: str

    @property
    def needs_ids(self) -> bool:
        return False

    @property
    def header(self) -> str | None:
        return None

    def overlap(
        self,
        position: Position,  # noqa: ARG002  # the pages do not overlap
        marks: Sequence[object],  # noqa: ARG002  # as above
    ) -> list[object]:
        return []

    def start(self) -> Position:
        return Position(self.first)


def with_limit(position: Position, limit: int | None, name: str = "limit") -> Position:
    """*position* with the page size *limit*, if there is one."""
    return (
        position
        if limit is None
        else attrs.evolve(position, query=with_parameter(position.query, name, str(limit)))
    )
