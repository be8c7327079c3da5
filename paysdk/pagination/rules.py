"""What every pagination is, and what a walk remembers of its pages."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit

import attrs

from paysdk.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from paysdk.reading import Row

__all__ = [
    "MORE",
    "PagesGiven",
    "Pagination",
    "Position",
    "RequestsMade",
    "contradicted",
    "encode_query",
    "marks_from",
    "moment_of",
    "nowhere",
    "parameters_of",
    "query_of",
    "repeats",
    "same_request",
    "same_value",
    "shortened",
    "values_of",
    "whole",
    "with_limit",
    "with_parameter",
]

# What a reader gives for a page's link where the provider says that there is another page and no more.
MORE = "more"

# What RFC 3986 allows in a query, and the percent sign of what is encoded already. Whatever else a link holds cannot stand in a request
# line.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~"
# Fewer digits than Python refuses to turn into an int, and more than any page size or offset has.
_WHOLE = re.compile("[0-9]{1,18}")
_SHOWN = 200


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

    @property
    def header(self) -> str | None:
        """The header, in lower case, that stands for a page's link; ``None`` where the link is in the body, for the reader to find."""
        ...

    def overlap(self, position: Position, marks: Sequence[object]) -> list[object]:
        """With which records of the page before it the page at *position* begins again.

        *marks* are those of the page before in order: the id of each or, if it could not be read, its bytes.
        """
        ...

    def contradicted(self, position: Position, filters: Mapping[str, str]) -> str | None:
        """The name of a filter that *position* does not ask for as *filters* say, if there is one."""
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


def query_of(link: str) -> str:
    """The query of *link*, as it stands there, but for what cannot stand in a request line. Raises ``PaginationError`` if it is no URL."""
    try:
        return quote(urlsplit(link).query, safe=_QUERY_SAFE)
    except ValueError as error:
        raise PaginationError(
            f"The link to the next page is no URL: {shortened(link)}. Resume from the checkpoint later, or tell the provider."
        ).quoting(shortened(link)) from error


def parameters_of(query: str) -> dict[str, str]:
    """What *query* says, decoded; of a name that is repeated, the last value."""
    return dict(parse_qsl(query, keep_blank_values=True))


def values_of(query: str, name: str) -> list[str]:
    """The values of the parameter *name* in *query*. If there are several, some servers take the first one and others the last."""
    return [value for key, value in parse_qsl(query, keep_blank_values=True) if key == name]


def whole(text: str) -> int | None:
    """The number that *text* is, if it is a whole one."""
    return int(text) if _WHOLE.fullmatch(text) else None


def with_parameter(query: str, name: str, value: str) -> str:
    """*query* with this value for the parameter *name*; the others stay as they are, to the character."""
    others = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    return "&".join([*others, encode_query([(name, value)])])


def with_limit(position: Position, limit: int | None, name: str = "limit") -> Position:
    """*position* with this page size, if there is one."""
    return position if limit is None else attrs.evolve(position, query=with_parameter(position.query, name, str(limit)))


def contradicted(query: str, filters: Mapping[str, str], kept: Collection[str] | None = None) -> str | None:
    """The name of one of the *filters* that *query* does not have, or has with another value.

    Only those that are *kept* must be in the query; ``None`` stands for all of them.
    """
    for name, value in filters.items():
        values = values_of(query, name)
        if not all(same_value(sent, value) for sent in values):
            return name
        if not values and (kept is None or name in kept):
            return name
    return None


def same_value(one: str, other: str) -> bool:
    """Whether an API reads the two alike: a link may have another form of a filter that was sent."""
    if one.casefold() == other.casefold():
        return True
    first, second = moment_of(one), moment_of(other)
    return first is not None and first == second


def moment_of(text: str) -> datetime | None:
    """The time that *text* is, if it is one with a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def shortened(text: str) -> str:
    """*text* in quotes, as much of it as a message can bear."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def nowhere(link: str, wanted: str) -> PaginationError:
    """The error about a link that does not identify a page."""
    return PaginationError(
        f"The link to the next page has no {wanted}, so it leads nowhere: {shortened(link)}. "
        "Resume from the checkpoint later, or tell the provider."
    ).quoting(shortened(link))


def same_request(query: str) -> str:
    """*query* with its parameters in a fixed order: equal for queries that ask for the same."""
    return "&".join(sorted(query.split("&")))


class _Digests:
    """Texts that were seen, at eight bytes each."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, text: str) -> bool:
        """Whether *text* is new."""
        digest = int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())
        place = bisect_left(self._digests, digest)
        if place < len(self._digests) and self._digests[place] == digest:
            return False
        self._digests.insert(place, digest)
        return True


class RequestsMade:
    """Which requests a listing has made, so that it cannot go in circles. Eight bytes a page."""

    def __init__(self) -> None:
        self._made = _Digests()

    def add(self, query: str) -> None:
        """Remember *query*. Raises ``PaginationError`` if it was made before, in whatever order its parameters stood."""
        if not self._made.add(same_request(query)):
            raise PaginationError(
                f"The link leads to a page that was read before ({shortened(query)}), so following it would never end. "
                "Resume from the checkpoint later, or tell the provider."
            ).quoting(shortened(query))


class PagesGiven:
    """Which pages a listing has given, told by their ends, so that ever new links cannot lead it in circles. Eight bytes a page."""

    def __init__(self) -> None:
        self._given = _Digests()

    def add(self, rows: Sequence[Row]) -> None:
        """Remember a page of at least one row. Raises ``PaginationError`` if it was given before, unchanged."""
        ends = [(row.id, _mark(row)) for row in (rows[0], rows[-1])]
        if not self._given.add(f"{len(rows)} {ends}"):
            raise PaginationError(
                f"The links lead back to a page that was given before, from {rows[0].id!r} to {rows[-1].id!r}, so following them would "
                "never end. Resume from the checkpoint later, or tell the provider."
            ).quoting(repr(rows[0].id), repr(rows[-1].id))


def marks_from(marks: Sequence[object], first: str) -> list[object]:
    """Those of the *marks* that begin with the record whose id is *first*, also if it could not be read."""
    quoted = b'"%b"' % first.encode(errors="surrogatepass")
    for place, mark in enumerate(marks):
        if quoted in mark if isinstance(mark, bytes) else str(mark) == first:
            return list(marks[place:])
    return []


def _mark(row: Row) -> object:
    """What differs where a payment was changed: its time of modification or, where there is none, all of it."""
    return row.modified_at or row.raw


def repeats(rows: Sequence[Row], before: Mapping[str | int, object]) -> tuple[dict[str | int, object], list[int]]:
    """What marks each payment of a page, by its id, and the places of the *rows* that are repeats; *before* has that of the page before.

    A payment that comes again unchanged is a repeat. One with another modification time, or where the provider sends none with anything
    else that is another, was changed while the listing went on, and is no repeat. ``None`` in *before* marks one of which nothing is known
    but that it was given.
    """
    now: dict[str | int, object] = {row.id: row.modified_at or row.raw for row in rows}
    if len(now) == len(rows) and before.keys().isdisjoint(now):
        return now, []
    seen = dict(before)
    places: list[int] = []
    for place, row in enumerate(rows):
        mark = _mark(row)
        if row.id in seen and seen[row.id] in (None, mark):
            places.append(place)
        seen[row.id] = mark
    return now, places
