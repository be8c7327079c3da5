"""The two paginations of a Django REST framework server: by offset, and by cursor."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from zlib import crc32

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["InvalidCursorError", "Window", "paginate", "parse_positive", "with_parameters"]


def with_parameters(url: str, parameters: Mapping[str, object | None]) -> str:
    """Return the URL with these query parameters replaced, or removed if they are ``None``.

    The other parameters stay. All are sorted by name.
    """
    parts = urlsplit(url)
    query: dict[str, list[str]] = parse_qs(parts.query, keep_blank_values=True)
    for name, value in parameters.items():
        query.pop(name, None)
        if value is not None:
            query[name] = [str(value)]
    return urlunsplit(parts._replace(query=urlencode(sorted(query.items()), doseq=True)))


def parse_positive(
    text: str | None, default: int, *, least: int = 1, largest: int | None = None
) -> int:
    """Parse a number, and cut it to ``largest``; return ``default`` if it is below ``least``."""
    try:
        number = int(text or "")
    except ValueError:
        return default
    if number < least:
        return default
    return number if largest is None else min(number, largest)


Key = tuple[int, int]


class InvalidCursorError(ValueError):
    """This server did not issue this cursor."""


@attrs.frozen(kw_only=True)
class Window:
    """The keys of one page, whether more follow, and the links to the pages around it."""

    keys: Sequence[Key]
    start: int
    has_more: bool
    next: str | None
    previous: str | None


def paginate(
    keys: Sequence[Key], url: str, query: Mapping[str, str], *, default: int, largest: int
) -> Window:
    """Return the page of the sorted ``keys`` that ``query`` requests.

    A query with ``cursor``, even an empty one, is paginated by cursor, any other by offset. Links
    are ``url`` with only the parameters of the pagination replaced. Raises InvalidCursorError.
    """
    limit = parse_positive(query.get("limit"), default, largest=largest)
    if "cursor" in query:
        return _cursor_page(keys, url, query["cursor"], limit)
    return _offset_page(keys, url, parse_positive(query.get("offset"), 0), limit)


def _offset_page(keys: Sequence[Key], url: str, offset: int, limit: int) -> Window:
    end, before = offset + limit, offset - limit
    following, preceding = (
        {"limit": limit, "offset": end},
        {"limit": limit, "offset": before if before > 0 else None},
    )
    return Window(
        keys=keys[offset:end],
        start=offset,
        has_more=end < len(keys),
        next=with_parameters(url, following) if end < len(keys) else None,
        previous=with_parameters(url, preceding) if offset else None,
    )


def _cursor_page(keys: Sequence[Key], url: str, cursor: str, limit: int) -> Window:
    # The framework seeks by time alone, and repeats itself if very many rows share a time. A key of
    # time and id always moves on.
    start, end = 0, limit
    if cursor:
        direction, key = _decode_cursor(cursor)
        start = (
            bisect_right(keys, key)
            if direction == "after"
            else max(0, bisect_left(keys, key) - limit)
        )
        end = start + limit if direction == "after" else bisect_left(keys, key)
    page = keys[start:end]
    return Window(
        keys=page,
        start=start,
        has_more=end < len(keys),
        next=with_parameters(url, {"cursor": _encode_cursor("after", page[-1])})
        if page and end < len(keys)
        else None,
        previous=with_parameters(url, {"cursor": _encode_cursor("before", page[0])})
        if page and start
        else None,
    )


def _encode_cursor(direction: Literal["after", "before"], key: Key) -> str:
    content = f"{direction}:{key[0]}:{key[1]}"
    return urlsafe_b64encode(f"{content}:{crc32(content.encode()):x}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[str, Key]:
    try:
        content, _, check = urlsafe_b64decode(cursor).decode().rpartition(":")
    except ValueError:
        raise InvalidCursorError(cursor) from None
    if check != f"{crc32(content.encode()):x}":
        raise InvalidCursorError(cursor)
    direction, position, row_id = content.split(":")
    return direction, (int(position), int(row_id))
