"""Paginations that change one parameter of the query, and follow no link."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import attrs

from paysdk.errors import PaginationError
from paysdk.pagination.base import MORE, FromFirstQuery, Position, with_limit
from paysdk.pagination.queries import (
    added_filter,
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
class _ByParameter(FromFirstQuery):
    """Keeps the query of a page for the next page, except for one parameter.

    *filters* are the names of all parameters that choose what is listed. The query in a checkpoint
    must have only those that its listing has.
    """

    parameter: str
    limit: int | None = None
    limit_name: str = "limit"
    filters: Collection[str] = attrs.field(default=(), kw_only=True)

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        pages = {self.parameter, self.limit_name, *parameters_of(self.first)}
        return contradicted(position.query, filters) or added_filter(
            position.query, self.filters, {*filters, *pages}
        )

    def resume_from(self, position: Position) -> Position:
        return with_limit(position, self.limit, self.limit_name)

    def predict_next(
        self,
        position: Position,  # noqa: ARG002  # tokens and ids cannot be predicted
        pages: int,  # noqa: ARG002  # as above
    ) -> list[Position]:
        return []

    def _at(self, position: Position, value: str) -> Position:
        return Position(with_parameter(position.query, self.parameter, value))


@attrs.frozen
class PageNumber(_ByParameter):
    """Numbered pages.

    ``first`` is the query of the first page, and ``parameter`` is the parameter with the number. A
    query without it requests page ``first_number``. The link of a page is the number of the next
    page, or a URL with that number, or ``MORE`` for the next number.

    The same number means another page if the page size changes. So a listing is resumed with
    another page size only if a page of that size begins at exactly the same record. ``limit_name``
    is the parameter for the page size. ``filters`` are the parameters that choose what is listed.
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
        ids: Sequence[str],  # noqa: ARG002  # the protocol has it
        records: int = 0,  # noqa: ARG002  # the protocol has it
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
    """Opaque tokens: each page has a token that requests the next page.

    ``first`` is the query of the first page, and ``parameter`` is the parameter for the token. The
    link of a page is its token, and any text is a token. If the provider's document says that the
    last page has an empty token, for example, the reader must return ``None`` for it. ``limit`` is
    the page size for a resumed listing, and ``limit_name`` is the parameter for it. ``filters`` are
    the parameters that choose what is listed.
    """

    def next_position(
        self,
        position: Position,
        link: str | None,
        ids: Sequence[str],  # noqa: ARG002  # the protocol has it
        records: int = 0,  # noqa: ARG002  # the protocol has it
    ) -> Position | None:
        return None if link is None else self._at(position, link)


@attrs.frozen
class AfterLastId(_ByParameter):
    """Pages that start after an id: the last id of the previous page.

    ``first`` is the query of the first page, and ``parameter`` is the parameter for the id, such as
    ``starting_after``. The link says only whether there is another page: the reader returns
    ``MORE`` if the provider says so, with ``has_more`` for example. ``limit`` is the page size for
    a resumed listing, and ``limit_name`` is the parameter for it. ``filters`` are the parameters
    that choose what is listed.

    If no record of a page can be read, the next page starts after the id of its last record. If
    that id cannot be read either, the listing ends with ``PaginationError``.
    """

    @property
    def needs_ids(self) -> bool:
        return True

    @property
    def can_skip_malformed(self) -> bool:
        """Whether the next page can start after a record that cannot be read."""
        return True

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:
        # Malformed records after the last readable id come again.
        return marks_from(marks, parameters_of(position.query)[self.parameter])[1:]

    def next_position(
        self,
        position: Position,
        link: str | None,
        ids: Sequence[str],
        records: int = 0,
    ) -> Position | None:
        if link is None:
            return None
        if not ids:
            there = "The provider says that there is another page, which starts after an id, but "
            raise PaginationError(
                f"{there}the id of the last record cannot be read. Resume from the checkpoint with "
                "a larger page_size, so that a page ends with another record, or tell the provider."
                if records
                else f"{there}this page has no record. Resume from the checkpoint later, or tell "
                "the provider."
            ).quoting()
        return self._at(position, str(ids[-1]))
