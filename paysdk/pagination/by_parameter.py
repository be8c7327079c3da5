"""Pages that are asked for by one parameter, without a link to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.errors import PaginationError
from paysdk.pagination.base import MORE, Position, with_limit
from paysdk.pagination.queries import (
    contradicted,
    marks_from,
    no_page_error,
    parameters_of,
    parse_int,
    query_of,
    with_parameter,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AfterLastId", "NextToken", "PageNumber"]


@attrs.frozen
class _ByParameter:
    """What they have in common: all of a page's query stays for the next one, but for the one parameter."""

    first: str
    parameter: str
    limit: int | None = None
    limit_name: str = "limit"

    @property
    def needs_ids(self) -> bool:
        return False

    @property
    def header(self) -> str | None:
        return None

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:  # noqa: ARG002  # pages have none
        return []

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        return contradicted(position.query, filters)

    def start(self) -> Position:
        return Position(self.first)

    def resume_from(self, position: Position) -> Position:
        return with_limit(position, self.limit, self.limit_name)

    def predict_next(self, position: Position, pages: int) -> list[Position]:  # noqa: ARG002  # neither a token nor an id can be guessed
        return []

    def _at(self, position: Position, value: str) -> Position:
        return Position(with_parameter(position.query, self.parameter, value))


@attrs.frozen
class PageNumber(_ByParameter):
    """Numbered pages.

    ``first`` is the query of the first page, and ``parameter`` the one that has the number; a query
    without it asks for ``first_number``. A page's link is the number of the next page, or a link
    that has it, or ``MORE`` for the number after this page's own.

    The number of a page means something only together with the page size, so a listing that is
    resumed takes on another size only where a page of that size begins at the same place.
    ``limit_name`` is the parameter for the size.
    """

    first_number: int = 1

    def resume_from(self, position: Position) -> Position:
        number, size = (
            self._number(position),
            parse_int(parameters_of(position.query).get(self.limit_name, "")),
        )
        begins_at = None if number is None or size is None else (number - self.first_number) * size
        if begins_at is None or not self.limit or begins_at % self.limit:
            return position
        return with_limit(
            self._at(position, str(begins_at // self.limit + self.first_number)),
            self.limit,
            self.limit_name,
        )

    def predict_next(self, position: Position, pages: int) -> list[Position]:
        number = self._number(position)
        return (
            []
            if number is None
            else [self._at(position, str(number + page)) for page in range(1, pages + 1)]
        )

    def next_position(
        self,
        position: Position,
        link: str | None,
        ids: Sequence[str],  # noqa: ARG002  # the protocol's
        records: int = 0,  # noqa: ARG002  # the protocol's
    ) -> Position | None:
        if link is None:
            return None
        number = self._after(position) if link == MORE else parse_int(link)
        if number is None:
            number = parse_int(parameters_of(query_of(link)).get(self.parameter, ""))
        if number is None:
            raise no_page_error(link, f"{self.parameter!r} with a whole number")
        return self._at(position, str(number))

    def _after(self, position: Position) -> int | None:
        number = self._number(position)
        return None if number is None else number + 1

    def _number(self, position: Position) -> int | None:
        return parse_int(parameters_of(position.query).get(self.parameter, str(self.first_number)))


@attrs.frozen
class NextToken(_ByParameter):
    """Opaque tokens: each page has one that asks for the next, by itself and not within a link.

    ``first`` is the query of the first page, and ``parameter`` the one that takes the token. A
    page's link is its token, whatever it is; a reader gives ``None`` for what the provider's
    document says that the last page has in its place. ``limit`` is the page size that a resumed
    listing goes on with, ``limit_name`` the parameter for it.
    """

    def next_position(
        self,
        position: Position,
        link: str | None,
        ids: Sequence[str],  # noqa: ARG002  # the protocol's
        records: int = 0,  # noqa: ARG002  # the protocol's
    ) -> Position | None:
        return None if link is None else self._at(position, link)


@attrs.frozen
class AfterLastId(_ByParameter):
    """Pages that go on behind an id, exclusive: the last one of the page before.

    ``first`` is the query of the first page, and ``parameter`` the one that takes the id, such as
    ``starting_after``. A page's link says no more than that there is another page: a reader gives
    ``MORE`` where the provider says ``has_more`` or the like. ``limit`` is the page size that a
    resumed listing goes on with, ``limit_name`` the parameter for it.
    """

    @property
    def needs_ids(self) -> bool:
        return True

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:
        # Records whose id could not be read come after the last one whose id could.
        return marks_from(marks, parameters_of(position.query)[self.parameter])[1:]

    def next_position(
        self,
        position: Position,
        link: str | None,
        ids: Sequence[str],  # the protocol's
        records: int = 0,  # noqa: ARG002  # the protocol's
    ) -> Position | None:
        if link is None:
            return None
        if not ids:
            raise PaginationError(
                "There is more to list, but this page has no id to go on from. Resume from the "
                "checkpoint later, or tell the provider."
            ).quoting()
        return self._at(position, str(ids[-1]))
