"""Pages that start from an id."""

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

    ``from`` in a link has been seen to be the first id of the next page, the last of this one, and,
    in the document's own example, the first of this one; followed as it stands, that last form
    would fetch one page for ever. So where a link points at its own page, the listing goes on from
    the page's last id, and ends when the provider has nothing but that to give. ``largest`` is the
    largest page that can be asked for.
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
        return marks_from(marks, parameters_of(position.query).get("from", ""))

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        return contradicted(position.query, filters)

    def start(self) -> Position:
        return self._position(None, self.limit, ())

    def resume_from(self, position: Position) -> Position:
        return with_limit(position, self.limit)

    def predict_next(self, position: Position, pages: int) -> list[Position]:  # noqa: ARG002  # an id cannot be guessed
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
                # Nothing came but what was asked for, and perhaps records without a readable id.
                # Where the page had room for more, that is the end; where it was full, a larger one
                # may show what comes after.
                if max(records, len(ids)) < (limit or 2):
                    return None
                return self._position(
                    target, self.largest if limit is None else min(2 * limit, self.largest), ids
                )
        if target not in ids:
            # A smaller page than the one before it was asked for with may not have reached all that
            # was given by then.
            return self._position(
                target, limit, [given for given in position.given if given not in ids]
            )
        # A page that starts with what this one gave must hold two to hold anything new.
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
        f"There is nothing from {start!r} on, not even that payment: it was deleted while the "
        "listing went on, so what came after it "
        "cannot be asked for. List again from the beginning."
    ).quoting(repr(start))


def _ignored_start_error(start: str, first: str) -> PaginationError:
    return PaginationError(
        f"The page that was to start from {start!r} starts from {first!r}, so the API does not "
        "go where it is asked to. "
        "Resume from the checkpoint later, or tell the provider."
    ).quoting(repr(start), repr(first))
