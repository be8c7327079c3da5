"""The pagination that follows links, such as that of Campfire."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import attrs

from paysdk.pagination.base import FromFirstQuery, Position, with_limit
from paysdk.pagination.queries import (
    added_filter,
    contradicted,
    encode_query,
    moment_of,
    no_page_error,
    parameters_of,
    parse_int,
    query_of,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

__all__ = ["FollowLinks"]


@attrs.frozen
class FollowLinks(FromFirstQuery):
    """Cursor and offset pagination: each link has the whole query of the next page (Campfire).

    The query goes out unchanged, because a cursor is opaque ("do not parse or construct it":
    Campfire, List Invoice Payments). If a link has dropped a filter, the filter is added. The host
    and the path of a link are ignored, because the documented example has foreign ones:
    http://api.example.org/accounts/.

    ``first`` is the query of the first page. ``tokens`` are the parameters that identify a page,
    and each link must have one of them. ``limit`` is the page size for a resumed listing, and
    ``limit_name`` is the parameter for it. ``limit`` must be ``None`` if the links count pages,
    because such a link is valid only for its own page size. ``filters`` are the
    parameters that choose what is listed. ``bounds`` are two of them, for the earliest and the
    latest time, which a window of time may narrow.
    """

    tokens: Collection[str]
    limit: int | None
    limit_name: str = "limit"
    filters: Collection[str] = ()
    bounds: tuple[str, str] | None = attrs.field(default=None, kw_only=True)

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        asked = position.query
        if repeated := next((name for name in self.filters if _has_several(asked, name)), None):
            return repeated
        window = self._window_bounds(position, filters)
        others = {name: value for name, value in filters.items() if name not in window}
        pages = {*self.tokens, self.limit_name, *parameters_of(self.first)}
        return contradicted(asked, others, self.filters) or added_filter(
            asked, self.filters, {*filters, *window, *pages}
        )

    def _window_bounds(self, position: Position, filters: Mapping[str, str]) -> set[str]:
        """The bounds in the query of *position* that are those of its window of time.

        A window is within the bounds of the listing.
        """
        asked = parameters_of(position.query)
        ends = zip(self.bounds or (), (position.since, position.until), strict=False)
        return {
            name
            for name, end in ends
            if end is not None
            and moment_of(asked.get(name, "")) == end
            and (name not in filters or self._is_within(end, name, filters[name]))
        }

    def _is_within(self, end: datetime, name: str, bound: str) -> bool:
        """Whether *end* of a window is within *bound*, which is the listing's."""
        outer = moment_of(bound)
        if outer is None or self.bounds is None:
            return False
        return end >= outer if name == self.bounds[0] else end <= outer

    def resume_from(self, position: Position) -> Position:
        return with_limit(position, self.limit, self.limit_name)

    def predict_next(self, position: Position, pages: int) -> list[Position]:
        parameters = parameters_of(position.query)
        offset, limit = (
            parse_int(parameters.get("offset", "0")),
            parse_int(parameters.get(self.limit_name, "")),
        )
        others = set(self.tokens) - {"offset"}
        if (
            "offset" not in self.tokens
            or not others.isdisjoint(parameters)
            or offset is None
            or not limit
        ):
            return []
        return [
            Position(encode_query((parameters | {"offset": str(offset + limit * page)}).items()))
            for page in range(1, pages + 1)
        ]

    def next_position(
        self,
        position: Position,
        link: str | None,
        ids: Sequence[str],  # noqa: ARG002  # the protocol has it
        records: int = 0,  # noqa: ARG002  # the protocol has it
    ) -> Position | None:
        if link is None:
            return None
        query = query_of(link)
        there = parameters_of(query).keys()
        if there.isdisjoint(self.tokens):
            raise no_page_error(link, " or ".join(self.tokens))
        # Without its filters, the next pages would be those of another listing.
        dropped = {
            name: value
            for name, value in parameters_of(position.query).items()
            if name in self.filters and name not in there
        }
        return Position(
            "&".join([query, *([encode_query(dropped.items())] if dropped else [])]),
            until=position.until,
            since=position.since,
        )


def _has_several(query: str, name: str) -> bool:
    """Whether *query* has different values of the parameter *name*."""
    return len(set(values_of(query, name))) > 1
