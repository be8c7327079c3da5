"""Models of paged APIs, and a loop that reads them as a listing does."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

from paysdk.listing.repeats import RequestsMade
from paysdk.pagination import FollowLinks, Pagination, Position

DEFAULT_LIMIT = 3


@attrs.frozen
class Seen:
    """A page that was read: its position, and the new ids on it."""

    position: Position
    new: list[str]


class ModelServer:
    """A list of ids with its own way of paging."""

    def page(self, query: str) -> tuple[list[str], str | None]:
        """The ids of a page, and its link."""
        raise NotImplementedError


def read_pages(
    pagination: Pagination, server: ModelServer, start: Position | None = None
) -> list[Seen]:
    """Read page after page as a listing does, without repeats of the page before."""
    pages: list[Seen] = []
    made = RequestsMade()
    position = start or pagination.start()
    made.add(position.query)
    before: set[str | int] = set()
    while True:
        ids, link = server.page(position.query)
        pages.append(
            Seen(position, [one for one in ids if one not in before | set(position.given)])
        )
        before = set(ids) or before
        following = pagination.next_position(position, link, ids)
        if following is None:
            return pages
        made.add(following.query)
        position = following


def ids_of(pages: list[Seen]) -> list[str]:
    """All ids of *pages*, in order."""
    return [one for page in pages for one in page.new]


LIMITS = st.none() | st.integers(1, 26)


def campfire(first: str, limit: int | None) -> FollowLinks:
    """The pagination of Campfire."""
    return FollowLinks(first, ("cursor", "offset"), limit)
