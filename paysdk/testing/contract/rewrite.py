"""Change a page of any API on its way. Pure.

The records of a page are found with ``Payment.raw``, which says what was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
import msgspec

from paysdk.exact import decode_exactly
from paysdk.payment import Payment

if TYPE_CHECKING:
    from paysdk.testing.exchange import Response

__all__ = [
    "Edit",
    "Json",
    "Pages",
    "Path",
    "change_raws",
    "value_at",
    "walk_values",
    "with_text",
    "with_value",
]

Json: TypeAlias = Any
Path: TypeAlias = tuple[str | int, ...]
Edit: TypeAlias = Callable[[int, list[Json]], list[Json]]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.define
class Pages:
    """Changes the records of pages, and leaves other responses unchanged.

    A record is the ``raw`` of a payment in ``known``, or contains one. ``number`` counts the pages
    from 1. ``edit`` takes the number of the page and its records, and returns the new records.
    """

    known: Sequence[Payment]
    edit: Edit
    number: int = 0
    _raws: list[Json] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Decode each ``raw`` once."""
        self._raws = [payment.raw for payment in self.known]

    def __call__(self, response: Response) -> Response:
        """Return the response with its records changed."""
        try:
            document = decode_exactly(response.body)
        except (ValueError, msgspec.DecodeError):
            return response
        place = next(
            (path for path, value in walk_values(document) if self._is_records(value)), None
        )
        if place is None:
            return response
        self.number += 1
        changed = with_value(document, place, self.edit(self.number, value_at(document, place)))
        return attrs.evolve(response, body=_encode(changed))

    def _is_records(self, value: Json) -> bool:
        return isinstance(value, list) and any(self._is_record(each) for _, each in _members(value))

    def _is_record(self, value: Json) -> bool:
        return value in self._raws or any(inner in self._raws for _, inner in _members(value))


def change_raws(known: Sequence[Payment], change: Callable[[Payment], Json]) -> Edit:
    """Make an edit that replaces the ``raw`` of each payment with the result of *change*."""

    def changed(record: Json) -> Json:
        found = (
            (path, payment)
            for path, value in walk_values(record)
            for payment in known
            if value == payment.raw
        )
        path, payment = next(found, ((), None))
        return record if payment is None else with_value(record, path, change(payment))

    return lambda _, records: [changed(record) for record in records]


def walk_values(document: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Yield all values in a document with their paths, outer values first."""
    yield path, document
    for step, value in _members(document):
        yield from walk_values(value, (*path, step))


def value_at(document: Json, path: Path) -> Json:
    """Return the value at this path."""
    for step in path:
        document = document[step]
    return document


def with_value(document: Json, path: Path, value: Json) -> Json:
    """Return the document with *value* at *path*."""
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = with_value(document[path[0]], path[1:], value)
    return copy


def with_text(response: Response, old: str, new: str) -> Response:
    """Return the response with every *old* replaced by *new*, in its headers and its body.

    Text with slashes escaped by JSON is replaced too.
    """
    body = response.body.replace(old.encode(), new.encode()).replace(_escape(old), _escape(new))
    headers = {name: value.replace(old, new) for name, value in response.headers.items()}
    return attrs.evolve(response, body=body, headers=headers)


def _members(value: Json) -> list[tuple[str | int, Json]]:
    if isinstance(value, dict):
        return list(cast("dict[str, Json]", value).items())
    return list(enumerate(cast("list[object]", value))) if isinstance(value, list) else []


def _escape(text: str) -> bytes:
    return text.replace("/", "\\/").encode()
