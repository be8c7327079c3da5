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
    "KnownRecords",
    "Pages",
    "Path",
    "change_raws",
    "repeat_last",
    "value_at",
    "walk_values",
    "with_text",
    "with_value",
]

Json: TypeAlias = Any
Path: TypeAlias = tuple[str | int, ...]
Edit: TypeAlias = Callable[[int, list[Json]], list[Json]]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.frozen
class KnownRecords:
    """Finds records: a record is the ``raw`` of one or more known payments, or contains them."""

    known: Sequence[Payment]
    _raws: list[Json] = attrs.field(init=False)

    @_raws.default  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType,reportUntypedFunctionDecorator]  # attrs' way
    def _decode_raws(self) -> list[Json]:
        return [payment.raw for payment in self.known]

    def open_page(self, body: bytes) -> tuple[Json, Path] | None:
        """Return the document of a page, and the path of its records. ``None`` for other bodies."""
        try:
            document = decode_exactly(body)
        except (ValueError, msgspec.DecodeError):
            return None
        lists = (path for path, value in walk_values(document) if isinstance(value, list))
        # The outermost list is the page: a record may have a list of payments.
        found = next((path for path in lists if self._has_known(value_at(document, path))), None)
        return None if found is None else (document, found)

    def find(self, record: Json) -> Iterator[tuple[Path, Payment]]:
        """Yield the payments in a record, each with the path of its ``raw``."""
        for path, value in walk_values(record):
            if not isinstance(value, dict | list):
                continue
            for payment, raw in zip(self.known, self._raws, strict=True):
                if value == raw:
                    yield path, payment

    def _has_known(self, records: Json) -> bool:
        return any(next(self.find(record), None) for record in records)


@attrs.define
class Pages:
    """Changes the records of pages, and leaves other responses unchanged.

    A record is the ``raw`` of a payment in ``known``, or contains some. ``number`` counts the pages
    from 1. ``edit`` takes the number of the page and its records, and returns the new records.
    """

    known: Sequence[Payment]
    edit: Edit
    number: int = 0
    _records: KnownRecords = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Decode each ``raw`` once."""
        self._records = KnownRecords(self.known)

    def __call__(self, response: Response) -> Response:
        """Return the response with its records changed."""
        page = self._records.open_page(response.body)
        if page is None:
            return response
        document, place = page
        self.number += 1
        changed = with_value(document, place, self.edit(self.number, value_at(document, place)))
        return attrs.evolve(response, body=_encode(changed))


def change_raws(known: Sequence[Payment], change: Callable[[Payment, Json], Json]) -> Edit:
    """Make an edit that replaces the ``raw`` of each payment with the result of *change*.

    *change* takes the payment and its present ``raw``. Several payments may share one ``raw``, and
    an earlier change may have replaced it.
    """
    known_records = KnownRecords(known)

    def changed(record: Json) -> Json:
        for path, payment in list(known_records.find(record)):
            record = with_value(record, path, change(payment, value_at(record, path)))
        return record

    return lambda _, records: [changed(record) for record in records]


def repeat_last(repeats: Sequence[bool]) -> Edit:
    """Let the pages that *repeats* names begin with the last record of the previous page."""
    last: list[Json] = []

    def edit(number: int, records: list[Json]) -> list[Json]:
        is_first = repeats[number - 1 : number] == [False]
        changed = records if is_first else [*last, *records]
        last[:] = records[-1:]
        return changed

    return edit


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
