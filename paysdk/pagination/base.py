"""What every pagination is: where a page starts, and what may be asked of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import attrs

from paysdk.pagination.queries import with_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


__all__ = ["MORE", "Pagination", "Position", "with_limit"]

# What a reader gives for a page's link where the provider says that there is another page and no
# more.
MORE = "more"


@attrs.frozen
class Position:
    """Where a page starts.

    ``query`` asks for it. ``given`` are ids on it that have been given already. In a listing that
    is walked in windows of time, ``until`` is where its window ends, and all from before
    ``emitted_before`` has been given.
    """

    query: str
    given: tuple[str | int, ...] = ()
    emitted_before: datetime | None = None
    until: datetime | None = None

    @property
    def is_in_window(self) -> bool:
        return self.until is not None or self.emitted_before is not None


class Pagination(Protocol):
    """One kind of pagination. Implementations are immutable, and no method of theirs does I/O."""

    def predict_next(self, position: Position, pages: int) -> list[Position]:
        """Where the next *pages* pages may start, as far as that can be told before the one at *position* has come."""
        ...

    @property
    def needs_ids(self) -> bool:
        """Whether ``following`` looks at the ids of the page.

        Where it does not, the next page is asked for before this one is decoded.
        """
        ...

    @property
    def header(self) -> str | None:
        """The header, in lower case, that stands for a page's link; ``None`` where the link is in the body, for the reader to find."""
        ...

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:
        """With which records of the page before it the page at *position* begins again.

        *marks* are those of the page before in order: the id of each or, if it could not be read,
        its bytes.
        """
        ...

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        """The name of a filter that *position* does not ask for as *filters* say, if there is one."""
        ...

    def start(self) -> Position:
        """Where the listing starts."""
        ...

    def resume_from(self, position: Position) -> Position:
        """*position*, which an earlier listing left, with the page size of this one."""
        ...

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        """Where the page after the one at *position* starts, or ``None`` after the last.

        Raises ``PaginationError`` for a link that does not identify a page.
        """
        ...


def with_limit(position: Position, limit: int | None, name: str = "limit") -> Position:
    """*position* with this page size, if there is one."""
    return (
        position
        if limit is None
        else attrs.evolve(position, query=with_parameter(position.query, name, str(limit)))
    )
