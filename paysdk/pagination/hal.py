"""The pagination of Notify: pages that start from an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.errors import PaginationError
from paysdk.pagination.base import Position, with_limit
from paysdk.pagination.queries import (
    contradicted,
    encode_query,
    marks_from,
    no_page_error,
    parameters_of,
    parse_int,
    query_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["HalFrom"]


@attrs.frozen
class HalFrom:
    """HAL pagination by the id that a page starts from, inclusive.

    "The payment with this ID is included in the result as well" (Notify, List payments).

    The document does not say which payment ``from`` names in a link. It may be the first payment of
    the next page, or the last of this page. In the document's example it is the first of this page,
    and following that link would request the same page forever. So if a link leads to its own page,
    the listing goes on from the last id of the page. It ends when the provider returns only the
    payment with that id. ``largest`` is the largest page size that the API accepts.
    """

    limit: int | None
    largest: int = 250

    @property
    def needs_ids(self) -> bool:
        return True

    @property
    def header(self) -> str | None:
        return None

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:
        return marks_from(marks, parameters_of(position.query)["from"])

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        # From a link, only "from" is used. So if the position has another parameter, somebody has
        # changed the checkpoint.
        added = parameters_of(position.query).keys() - filters.keys() - {"from", "limit"}
        return contradicted(position.query, filters) or min(added, default=None)

    def start(self) -> Position:
        return self._position(None, self.limit, ())

    def resume_from(self, position: Position) -> Position:
        return with_limit(position, self.limit)

    def predict_next(
        self,
        position: Position,  # noqa: ARG002  # ids cannot be predicted
        pages: int,  # noqa: ARG002  # as above
    ) -> list[Position]:
        return []

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        asked = parameters_of(position.query)
        if link is None:
            if "from" in asked and not ids and not records:
                raise _deleted_error(asked["from"])
            return None
        target = parameters_of(query_of(link)).get("from")
        if target is None:
            raise no_page_error(link, "'from'")
        limit = parse_int(asked.get("limit", ""))
        if ids and target in (ids[0], asked.get("from")):
            target = ids[-1]
            if target == asked.get("from"):
                if target != ids[0]:
                    raise _ignored_start_error(target, ids[0])
                # The page has only the payment that was requested, and perhaps malformed records.
                # If the page is not full, that is the end. If it is full, a larger page may have
                # more.
                if max(records, len(ids)) < (limit or 2):
                    return None
                return self._position(
                    target, self.largest if limit is None else min(2 * limit, self.largest), ids
                )
        if target not in ids:
            # A page that is smaller than the previous page may end before the payments that were
            # returned already.
            return self._position(
                target, limit, [given for given in position.given if given not in ids]
            )
        # The next page repeats a payment of this page, so it must have room for a second one.
        return self._position(target, limit and max(limit, 2), ids[ids.index(target) :])

    def _position(
        self, start: str | None, limit: int | None, given: Sequence[str | int]
    ) -> Position:
        parameters = {"from": start, "limit": None if limit is None else str(limit)}
        return Position(
            encode_query((name, value) for name, value in parameters.items() if value is not None),
            tuple(given),
        )


def _deleted_error(start: str) -> PaginationError:
    return PaginationError(
        f"The page from payment {start!r} on is empty: the payment was deleted during the listing, "
        "so the payments after it cannot be requested. List again from the beginning."
    ).quoting(repr(start))


def _ignored_start_error(start: str, first: str) -> PaginationError:
    return PaginationError(
        f"The API ignored the start of a page: it was to start from {start!r}, and starts from "
        f"{first!r}. Resume from the checkpoint later, or tell the provider."
    ).quoting(repr(start), repr(first))
