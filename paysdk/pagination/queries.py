"""Reads and writes the queries of requests and links."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit

from paysdk.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


__all__ = [
    "added_filter",
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
    "without_parameters",
]

# The characters that RFC 3986 allows in a query, and "%" for encoded characters. A request line
# must not have other characters.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~"
# What separates a field from the way to compare it: "__" in Django, "[" in PHP and JSON:API.
_LOOKUP = re.compile(r"__|\[")
# More digits than any page size or offset has, and few enough for Python to parse.
_INTEGER = re.compile("[0-9]{1,18}")
_MAX_SHOWN_CHARS = 200


def encode_query(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encode names and values.

    A ``+`` in a value becomes ``%2B``, because servers read a ``+`` as a space.
    """
    return urlencode(list(parameters), safe=":")


def query_of(link: str) -> str:
    """The query of *link*. Characters that a request line must not have are percent-encoded.

    Raises ``PaginationError`` if *link* is not a URL.
    """
    try:
        return quote(urlsplit(link).query, safe=_QUERY_SAFE)
    except ValueError as error:
        raise PaginationError(
            f"The link to the next page is not a URL: {truncate_for_message(link)}. "
            "Resume from the checkpoint later, or tell the provider."
        ).quoting(truncate_for_message(link)) from error


def parameters_of(query: str) -> dict[str, str]:
    """The parameters of *query*, decoded. If a name is repeated, the last value counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def values_of(query: str, name: str) -> list[str]:
    """The values of the parameter *name* in *query*.

    If there are several, some servers use the first one and others the last.
    """
    return [value for key, value in parse_qsl(query, keep_blank_values=True) if key == name]


def parse_int(text: str) -> int | None:
    """*text* as a number, or ``None`` if it is not a whole number."""
    return int(text) if _INTEGER.fullmatch(text) else None


def with_parameter(query: str, name: str, value: str) -> str:
    """*query* with this value for the parameter *name*. The other parameters stay unchanged."""
    others = [
        pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name
    ]
    return "&".join([*others, encode_query([(name, value)])])


def contradicted(
    query: str, filters: Mapping[str, str], kept: Collection[str] | None = None
) -> str | None:
    """The name of a filter that *query* does not have, or has with another value.

    Filters that are not in *kept* may be missing in the query. If *kept* is ``None``, each filter
    must be there.
    """
    for name, value in filters.items():
        values = values_of(query, name)
        if not all(same_value(sent, value) for sent in values):
            return name
        if not values and (kept is None or name in kept):
            return name
    return None


def added_filter(query: str, known: Collection[str], allowed: Collection[str]) -> str | None:
    """The name of a filter that *query* has and that is not *allowed*.

    *known* are the names of the provider's filters. A name that only adds a lookup to one of them
    is a filter too, such as ``invoice_id__in`` or ``invoice_id[]`` for ``invoice_id``. A filter
    without a value chooses nothing.
    """
    stems = {_stem(name) for name in known}
    return next(
        (
            name
            for name, value in parse_qsl(query)
            if value and name not in allowed and (name in known or _stem(name) in stems)
        ),
        None,
    )


def _stem(name: str) -> str:
    """*name* without its lookup."""
    return _LOOKUP.split(name, maxsplit=1)[0]


def same_value(one: str, other: str) -> bool:
    """Whether two values of a filter mean the same. A link may write a filter in another form."""
    if one.casefold() == other.casefold():
        return True
    first, second = moment_of(one), moment_of(other)
    return first is not None and first == second


def moment_of(text: str) -> datetime | None:
    """*text* as a time, or ``None`` if it is not a time with a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def truncate_for_message(text: str) -> str:
    """*text* in quotes, at most ``_MAX_SHOWN_CHARS`` of it."""
    return repr(text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…")


def no_page_error(link: str, expected: str) -> PaginationError:
    """The error about a link that does not identify a page."""
    return PaginationError(
        f"The link to the next page has no {expected}, so it does not lead to a page: "
        f"{truncate_for_message(link)}. Resume from the checkpoint later, or tell the provider."
    ).quoting(truncate_for_message(link))


def same_request(query: str) -> str:
    """*query* with its parameters in a fixed order: equal for queries that request the same."""
    return "&".join(sorted(query.split("&")))


def marks_from(marks: Sequence[object], first: str) -> list[object]:
    """The *marks* from the record with the id *first* on, even if that record is malformed."""
    quoted = b'"%b"' % first.encode()
    for place, mark in enumerate(marks):
        if quoted in mark if isinstance(mark, bytes) else str(mark) == first:
            return list(marks[place:])
    return []


def without_parameters(query: str, names: Collection[str]) -> str:
    """Return *query* without the parameters in *names*. The rest stays as it is."""
    parts = query.split("&")
    return "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) not in names)
