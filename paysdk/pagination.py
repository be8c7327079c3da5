"""The rules by which one page leads to the next: pure, and the same for every transport.

A pagination says where a listing starts and, given what a page held and the link it came with, where the next page starts. What it takes
from a link is only what identifies the page; the request itself always goes to the provider's own endpoint.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import attrs

from paysdk.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from paysdk.reading import Row

__all__ = ["FollowLinks", "HalFrom", "Pagination", "Position", "RequestsMade", "encode_query", "repeats", "same_request"]

# What RFC 3986 allows in a query, and the percent sign of what is encoded already. Whatever else a link holds cannot stand in a request
# line.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~"
# Fewer digits than Python refuses to turn into an int, and more than any page size or offset has.
_WHOLE = re.compile("[0-9]{1,18}")


@attrs.frozen
class Position:
    """Where a page starts.

    ``query`` asks for it. ``given`` are ids on it that have been given already. In a listing that is walked in windows of time, ``until``
    is where its window ends, and all from before ``floor`` has been given.
    """

    query: str
    given: tuple[str | int, ...] = ()
    floor: datetime | None = None
    until: datetime | None = None


class Pagination(Protocol):
    """One kind of pagination. Implementations are immutable, and no method of theirs does I/O."""

    def guessed(self, position: Position, pages: int) -> list[Position]:
        """Where the next *pages* pages may start, as far as that can be told before the one at *position* has come."""
        ...

    @property
    def reads_ids(self) -> bool:
        """Whether ``following`` looks at the ids of the page. Where it does not, the next page is asked for before this one is decoded."""
        ...

    def start(self) -> Position:
        """Where the listing starts."""
        ...

    def resumed(self, position: Position) -> Position:
        """*position*, which an earlier listing left, with the page size of this one."""
        ...

    def following(self, position: Position, link: str | None, ids: Sequence[str], records: int = 0) -> Position | None:
        """Where the page after the one at *position* starts, or ``None`` after the last.

        Raises ``PaginationError`` for a link that does not identify a page.
        """
        ...


def encode_query(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encode names and values. A ``+`` in a value becomes ``%2B``; left alone it would be read as a space."""
    return urlencode(list(parameters), safe=":")


def _query_of(link: str) -> str:
    try:
        return quote(urlsplit(link).query, safe=_QUERY_SAFE)
    except ValueError as error:
        raise PaginationError(
            f"The link to the next page is no URL: {link!r}. Resume from the checkpoint later, or tell the provider."
        ) from error


def _parameters(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _with_limit(position: Position, limit: int | None) -> Position:
    if limit is None:
        return position
    others = [pair for pair in position.query.split("&") if pair and not pair.startswith("limit=")]
    return attrs.evolve(position, query="&".join([*others, f"limit={limit}"]))


def _nowhere(link: str, wanted: str) -> PaginationError:
    return PaginationError(
        f"The link to the next page has no {wanted}, so it leads nowhere: {link!r}. Resume from the checkpoint later, or tell the provider."
    )


def _gone(start: str) -> PaginationError:
    return PaginationError(
        f"There is nothing from {start!r} on, not even that payment: it was deleted while the listing went on, so what came after it "
        "cannot be asked for. List again from the beginning."
    )


@attrs.frozen
class FollowLinks:
    """Offset and cursor pagination where each link carries the whole query of the next page (Campfire).

    The query is taken verbatim, since a cursor is opaque ("do not parse or construct it": Campfire, List Invoice Payments), and Django REST
    Framework, which the API appears to run on, repeats the filters in it. The rest of the link is ignored: in the provider's own example it
    points at http://api.example.org/accounts/.
    """

    first: str
    tokens: Collection[str]
    limit: int | None

    @property
    def reads_ids(self) -> bool:
        return False

    def start(self) -> Position:
        return Position(self.first)

    def resumed(self, position: Position) -> Position:
        return _with_limit(position, self.limit)

    def guessed(self, position: Position, pages: int) -> list[Position]:
        parameters = _parameters(position.query)
        offset, limit = _whole(parameters.get("offset", "0")), _whole(parameters.get("limit", ""))
        if "cursor" in parameters or offset is None or not limit:
            return []
        return [Position(encode_query((parameters | {"offset": str(offset + limit * page)}).items())) for page in range(1, pages + 1)]

    def following(self, position: Position, link: str | None, ids: Sequence[str], records: int = 0) -> Position | None:  # noqa: ARG002  # the protocol's
        if link is None:
            return None
        query = _query_of(link)
        if _parameters(query).keys().isdisjoint(self.tokens):
            raise _nowhere(link, " or ".join(self.tokens))
        return Position(query, until=position.until)


@attrs.frozen
class HalFrom:
    """HAL pagination by the id that a page starts from, inclusive.

    "The payment with this ID is included in the result as well" (Notify, List payments).

    ``from`` in a link has been seen to be the first id of the next page, the last of this one, and, in the document's own example, the
    first of this one; followed as it stands, that last form would fetch one page for ever. So where a link points at its own page, the
    listing goes on from the page's last id, and ends when the provider has nothing but that to give. ``largest`` is the largest page that
    can be asked for.
    """

    limit: int | None
    largest: int = 250

    @property
    def reads_ids(self) -> bool:
        return True

    def start(self) -> Position:
        return self._position(None, self.limit, ())

    def resumed(self, position: Position) -> Position:
        return _with_limit(position, self.limit)

    def guessed(self, position: Position, pages: int) -> list[Position]:  # noqa: ARG002  # an id cannot be guessed
        return []

    def following(self, position: Position, link: str | None, ids: Sequence[str], records: int = 0) -> Position | None:
        asked = _parameters(position.query)
        if link is None:
            if "from" in asked and not ids and not records:
                raise _gone(asked["from"])
            return None
        target = _parameters(_query_of(link)).get("from")
        if target is None:
            raise _nowhere(link, "'from'")
        limit = _whole(asked.get("limit", ""))
        if ids and target in (ids[0], asked.get("from")):
            target = ids[-1]
            if target == asked.get("from"):
                # Nothing came but what was asked for, and perhaps records without a readable id. Where the page had room for more, that
                # is the end; where it was full, a larger one may show what comes after.
                if max(records, len(ids)) < (limit or 2):
                    return None
                return self._position(target, self.largest if limit is None else min(2 * limit, self.largest), ids)
        if target not in ids:
            # A smaller page than the one before it was asked for with may not have reached all that was given by then.
            return self._position(target, limit, [given for given in position.given if given not in ids])
        # A page that starts with what this one gave must hold two to hold anything new.
        return self._position(target, limit and max(limit, 2), ids[ids.index(target) :])

    def _position(self, start: str | None, limit: int | None, given: Sequence[str | int]) -> Position:
        parameters = {"from": start, "limit": None if limit is None else str(limit)}
        return Position(encode_query((name, value) for name, value in parameters.items() if value is not None), tuple(given))


def same_request(query: str) -> str:
    """*query* with its parameters in a fixed order: equal for queries that ask for the same."""
    return "&".join(sorted(query.split("&")))


class RequestsMade:
    """Which requests a listing has made, so that it cannot go in circles. Eight bytes a page."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, query: str) -> None:
        """Remember *query*. Raises ``PaginationError`` if it was made before, in whatever order its parameters stood."""
        digest = int.from_bytes(blake2b(same_request(query).encode(), digest_size=8).digest())
        place = bisect_left(self._digests, digest)
        if place < len(self._digests) and self._digests[place] == digest:
            raise PaginationError(
                f"The link leads to a page that was read before ({query!r}), so following it would never end. "
                "Resume from the checkpoint later, or tell the provider."
            )
        self._digests.insert(place, digest)


def repeats(rows: Sequence[Row], before: Mapping[str | int, datetime | None]) -> tuple[dict[str | int, datetime | None], list[int]]:
    """The modification times by id of a page's *rows*, and the places of those that are repeats; *before* has those of the page before.

    A payment that comes again unchanged is a repeat. One with another modification time was changed while the listing went on, and is no
    repeat.
    """
    now = {row.id: row.modified_at for row in rows}
    if len(now) == len(rows) and before.keys().isdisjoint(now):
        return now, []
    seen = dict(before)
    places: list[int] = []
    for place, row in enumerate(rows):
        if row.id in seen and seen[row.id] == row.modified_at:
            places.append(place)
        seen[row.id] = row.modified_at
    return now, places
