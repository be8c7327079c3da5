"""Reading and writing the queries of requests and links."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit

from paysdk.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


__all__ = [
    "contradicted",
    "encode_query",
    "marks_from",
    "moment_of",
    "no_page_error",
    "parameters_of",
    "parse_int",
    "query_of",
    "same_request",
    "same_value",
    "truncate_for_message",
    "values_of",
    "with_parameter",
]

# What RFC 3986 allows in a query, and the percent sign of what is encoded already. Whatever else a
# link holds cannot stand in a request line.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~"
# Fewer digits than Python refuses to turn into an int, and more than any page size or offset has.
_INTEGER = re.compile("[0-9]{1,18}")
_MAX_SHOWN_CHARS = 200


def encode_query(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encode names and values.

    A ``+`` in a value becomes ``%2B``; left alone it would be read as a space.
    """
    return urlencode(list(parameters), safe=":")


def query_of(link: str) -> str:
    """The query of *link*, as it stands there, but for what cannot stand in a request line.

    Raises ``PaginationError`` if it is no URL.
    """
    try:
        return quote(urlsplit(link).query, safe=_QUERY_SAFE)
    except ValueError as error:
        raise PaginationError(
            f"The link to the next page is no URL: {truncate_for_message(link)}. Resume from the "
            "checkpoint later, or tell the provider."
        ).quoting(truncate_for_message(link)) from error


def parameters_of(query: str) -> dict[str, str]:
    """What *query* says, decoded; of a name that is repeated, the last value."""
    return dict(parse_qsl(query, keep_blank_values=True))


def values_of(query: str, name: str) -> list[str]:
    """The values of the parameter *name* in *query*.

    If there are several, some servers take the first one and others the last.
    """
    return [value for key, value in parse_qsl(query, keep_blank_values=True) if key == name]


def parse_int(text: str) -> int | None:
    """The number that *text* is, if it is a whole one."""
    return int(text) if _INTEGER.fullmatch(text) else None


def with_parameter(query: str, name: str, value: str) -> str:
    """*query* with this value for the parameter *name*; the others stay as they are, to the character."""
    others = [
        pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name
    ]
    return "&".join([*others, encode_query([(name, value)])])


def contradicted(
    query: str, filters: Mapping[str, str], kept: Collection[str] | None = None
) -> str | None:
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


def truncate_for_message(text: str) -> str:
    """*text* in quotes, as much of it as a message can bear."""
    return repr(text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…")


def no_page_error(link: str, expected: str) -> PaginationError:
    """The error about a link that does not identify a page."""
    return PaginationError(
        f"The link to the next page has no {expected}, so it leads nowhere: "
        f"{truncate_for_message(link)}. "
        "Resume from the checkpoint later, or tell the provider."
    ).quoting(truncate_for_message(link))


def same_request(query: str) -> str:
    """*query* with its parameters in a fixed order: equal for queries that ask for the same."""
    return "&".join(sorted(query.split("&")))


def marks_from(marks: Sequence[object], first: str) -> list[object]:
    """Those of the *marks* that begin with the record whose id is *first*, also if it could not be read."""
    quoted = b'"%b"' % first.encode(errors="surrogatepass")
    for place, mark in enumerate(marks):
        if quoted in mark if isinstance(mark, bytes) else str(mark) == first:
            return list(marks[place:])
    return []
