"""The manners of a Django REST framework server: its errors, its links, its way of reading parameters.

Campfire runs on it in all likelihood (provider's schema and error bodies); what is said here holds for the stock framework, 3.15.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import msgspec

from paysdk.testing.exchange import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "boolean",
    "detail",
    "encode",
    "json_answer",
    "microseconds",
    "moment",
    "not_found_page",
    "parameters",
    "permanent_redirect",
    "positive",
    "with_parameters",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Amounts are JSON numbers with exactly the digits of the Decimal.
encode: Callable[[object], bytes] = msgspec.json.Encoder(decimal_format="number").encode


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with this value as JSON."""
    return Answer(status, encode(value), {"Content-Type": "application/json", **(headers or {})})


def detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The framework's error for everything that is about no field in particular."""
    return json_answer(status, {"detail": text}, headers)


def not_found_page(path: str) -> Answer:
    """Django's own page for a path that leads nowhere."""
    page = f"<!doctype html>\n<html><head><title>Not Found</title></head><body><h1>Not Found</h1><p>{escape(path)}</p></body></html>\n"
    return Answer(404, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def permanent_redirect(location: str) -> Answer:
    """Django's redirect to the path with the right slash."""
    return Answer(301, b"", {"Content-Type": "text/html; charset=utf-8", "Location": location})


def with_parameters(url: str, parameters: Mapping[str, object | None]) -> str:
    """The URL with these query parameters replaced, or removed where ``None``; the others stay, and all are sorted by name."""
    parts = urlsplit(url)
    query: dict[str, list[str]] = parse_qs(parts.query, keep_blank_values=True)
    for name, value in parameters.items():
        query.pop(name, None)
        if value is not None:
            query[name] = [str(value)]
    return urlunsplit(parts._replace(query=urlencode(sorted(query.items()), doseq=True)))


def positive(text: str | None, default: int, *, least: int = 1, largest: int | None = None) -> int:
    """The number, cut to ``largest``; ``default`` for what is no number of at least ``least``."""
    try:
        number = int(text or "")
    except ValueError:
        return default
    if number < least:
        return default
    return number if largest is None else min(number, largest)


def boolean(text: str) -> bool:
    """True or false. Raises ValueError for any other word."""
    word = text.lower()
    if word not in ("true", "1", "false", "0"):
        raise ValueError("Must be a valid boolean.")
    return word in ("true", "1")


def parameters(query: Mapping[str, str], readers: Mapping[str, Callable[[str], object]]) -> tuple[dict[str, object], dict[str, list[str]]]:
    """The query parameters that have a value, read, and the messages about those that cannot be; a reader raises ValueError."""
    values: dict[str, object] = {}
    errors: dict[str, list[str]] = {}
    for name, read in readers.items():
        if query.get(name):
            try:
                values[name] = read(query[name])
            except ValueError as error:
                errors[name] = [str(error)]
    return values, errors


def microseconds(value: datetime) -> int:
    """Microseconds since 1970 in UTC; a time without a zone is taken for UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def moment(text: str, *, ends_day: bool = False) -> int:
    """An ISO 8601 timestamp or date as microseconds; a date is its first moment, or its last with ``ends_day``. Raises ValueError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _timestamp(text)
    start = microseconds(datetime.combine(day, time()))
    return start + 86_400_000_000 - 1 if ends_day else start


def _timestamp(text: str) -> int:
    try:
        return microseconds(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError("Enter a valid date/time.") from None
