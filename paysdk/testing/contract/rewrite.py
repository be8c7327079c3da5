"""Changing a page on its way, without knowing whose it is: its records are found by what payments say that they were.

Pure.
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
    """Changes the records of pages, which are counted from 1 by ``number``; other answers are left alone.

    ``known`` are payments that tell a page's records, each of which is a payment's ``raw`` or holds
    one. ``edit`` is given the number of the page and its records, and gives other ones.
    """

    known: Sequence[Payment]
    edit: Edit
    number: int = 0
    _raws: list[Json] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Decode what was sent once."""
        self._raws = [payment.raw for payment in self.known]

    def __call__(self, response: Response) -> Response:
        """The answer with its records changed."""
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
    """An edit that puts, for each payment, what *change* makes of it where its ``raw`` stands."""

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
    """All values in a document, each with its path, the outer ones first."""
    yield path, document
    for step, value in _members(document):
        yield from walk_values(value, (*path, step))


def value_at(document: Json, path: Path) -> Json:
    """The value at this path."""
    for step in path:
        document = document[step]
    return document


def with_value(document: Json, path: Path, value: Json) -> Json:
    """The document with *value* at *path*."""
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = with_value(document[path[0]], path[1:], value)
    return copy


def with_text(response: Response, old: str, new: str) -> Response:
    """The answer with *new* for every *old*, in its headers and in its body, also where JSON has escaped the slashes."""
    body = response.body.replace(old.encode(), new.encode()).replace(_escape(old), _escape(new))
    headers = {name: value.replace(old, new) for name, value in response.headers.items()}
    return attrs.evolve(response, body=body, headers=headers)


def _members(value: Json) -> list[tuple[str | int, Json]]:
    if isinstance(value, dict):
        return list(cast("dict[str, Json]", value).items())
    return list(enumerate(cast("list[object]", value))) if isinstance(value, list) else []


def _escape(text: str) -> bytes:
    return text.replace("/", "\\/").encode()
