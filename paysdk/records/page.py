"""From an answer's bytes to payments, whatever the provider: pure.

A page takes three steps. Its body is split into records. The records are decoded into typed rows of
the provider's shape, each of which knows its own bytes. Each row becomes a ``Payment`` when its turn
comes. The second step finds every fault of a record, for the whole page, so that the third cannot
fail. If a record cannot be decoded, its page is decoded again record by record: the error gets a
path, and good pages do not pay for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, TypeVar, cast

import attrs
import msgspec

from paysdk.records.liberal import hide_constants
from paysdk.records.malformed import UNREADABLE, lone_surrogate_path, malformed_error

if TYPE_CHECKING:
    from paysdk.errors import MalformedResponseError

__all__ = [
    "RawPage",
    "Reader",
    "Row",
    "as_array",
    "batches",
    "decode_one_by_one",
    "decode_or_raise",
    "modified_at",
    "open_page",
    "try_decode",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
# So many records take less than a millisecond to read.
_BATCH_RECORDS = 500
_BATCH_BYTES = 131_072
_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
# Half of a surrogate pair is valid JSON (RFC 8259, 8.2), but UTF-8 cannot encode it, and msgspec
# refuses a page that has one. The pattern matches every escape, so that the text after an escaped
# backslash does not look like an escape. The first group is half of a pair. Its replacement has the
# same length.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_STAND_IN = rb"\uFfFd"


@attrs.frozen
class RawPage:
    """A page's envelope.

    It holds the records, each still in its bytes, the link to the next page, and the count that the
    provider reported.
    """

    records: Sequence[bytes | msgspec.Raw]
    link: str | None
    reported_count: int | None


class Row(Protocol):
    """A record of a page, typed but still in the provider's shape.

    ``modified_at`` is ``None`` where the provider sends no such time. ``raw`` are the record's own
    bytes.
    """

    @property
    def id(self) -> str | int: ...

    @property
    def modified_at(self) -> datetime | None: ...

    @property
    def raw(self) -> bytes: ...


class Reader(Protocol[T_co]):
    """How a provider's pages are read, into payments or into whatever else they list.

    ``path`` is where the records stand in the body, such as ``$.results``.
    """

    @property
    def path(self) -> str: ...

    def split(self, body: bytes) -> RawPage:
        """Open the envelope. Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``."""
        ...

    def rows(self, records: list[bytes]) -> list[Any]:
        """The ``Row`` of each record, in order.

        Raises ``msgspec.ValidationError`` if one is not what it must be.
        """
        ...

    def make(self, row: Any, /) -> T_co:  # noqa: ANN401  # what a row is, only its reader knows
        """Return the payment, or the other item of the listing, that has this row."""
        ...


def decode_or_raise(decode: Callable[[bytes], T], body: bytes) -> T:
    """``decode(body)``, with its errors as ``MalformedResponseError``."""
    try:
        return decode(body)
    except UNREADABLE as error:
        raise malformed_error(error, "$", body) from None


def open_page(reader: Reader[object], body: bytes) -> RawPage:
    """Open the envelope of a page. Raises ``MalformedResponseError``.

    A page whose records hold half of a surrogate pair, NaN or Infinity is opened all the same: the
    other records can still be decoded.
    """
    whole = body
    try:
        return reader.split(body)
    except UNREADABLE as error:
        if type(error) is msgspec.DecodeError:
            whole = _ESCAPE.sub(lambda escape: _STAND_IN if escape[1] else escape[0], body)
        fault = error
    whole = hide_constants(whole)
    if whole == body:
        raise malformed_error(fault, "$", body)
    try:
        page = reader.split(whole)
    except UNREADABLE as still:
        found = malformed_error(still, "$", body)
        raise (malformed_error(fault, "$", body) if found.path == "$" else found) from None
    records: list[bytes] = []
    halves = end = 0
    for record in map(bytes, page.records):
        start = whole.index(record, end)
        end = start + len(record)
        halves += record.count(_STAND_IN)
        records.append(body[start:end])
    if halves < whole.count(_STAND_IN):  # it is in the link, or wherever else no stand-in will do
        raise malformed_error(fault, "$", body)
    return attrs.evolve(page, records=records)


def try_decode(reader: Reader[object], records: list[bytes]) -> list[Any] | None:
    """The rows of *records*; ``None`` where that takes a closer look, at their whole page with ``decode_one_by_one``."""
    try:
        return reader.rows(records)
    except UNREADABLE:
        return None


def decode_one_by_one(
    reader: Reader[object],
    page: RawPage,
    set_aside: Callable[[MalformedResponseError], None] | None,
) -> Iterator[Any]:
    """The row of each record of *page*.

    A record that cannot be read raises ``MalformedResponseError``; with *set_aside* that is called
    with the error instead, and ``None`` stands for the row.
    """
    for number, record in enumerate(map(bytes, page.records)):
        try:
            yield from _read_one(reader, record)
        except UNREADABLE as error:
            fault = malformed_error(error, f"{reader.path}[{number}]", record)
            if set_aside is None:
                raise fault from None
            set_aside(fault)
            yield None


def _read_one(reader: Reader[object], record: bytes) -> list[Any]:
    """The row of *record*, which is read strictly first, and then liberally by a reader that can."""
    try:
        return reader.rows([record])
    except UNREADABLE as error:
        liberally: Callable[[bytes], list[Any]] | None = getattr(reader, "read_liberally", None)
        if liberally is None or lone_surrogate_path(record):
            raise
        try:
            return liberally(record)
        except (*UNREADABLE, ValueError) as still:
            # Only an error of the second reading is about what stays wrong, and it has no path if
            # the record is no JSON.
            raise (still if isinstance(still, msgspec.ValidationError) else error) from None


def modified_at(reader: Reader[object], record: bytes) -> datetime | None:
    """When a record that cannot be read was modified, or a time before that.

    ``None`` if that cannot be told. ``times`` of *reader*, if it has that, names the fields that
    hold such times, the best one first. The time is a second early: it may have been
    rounded when it was read.
    """
    names: Sequence[str] = getattr(reader, "times", ())
    try:
        fields = json.loads(record.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    values = (cast("dict[str, object]", fields).get(name) for name in names)
    return next((found for found in map(_moment, values) if found is not None), None)


def _moment(value: object) -> datetime | None:
    try:
        return msgspec.convert(value, _Moment).astimezone(UTC) - timedelta(seconds=1)
    except (msgspec.ValidationError, OverflowError):
        return None


def batches(records: Sequence[bytes | msgspec.Raw]) -> Iterator[list[bytes]]:
    """*records* in batches that each take about a millisecond to decode.

    After each batch the event loop should get its turn.
    """
    for first in range(0, len(records), _BATCH_RECORDS):
        batch = list(map(bytes, records[first : first + _BATCH_RECORDS]))
        if sum(map(len, batch)) <= _BATCH_BYTES or len(batch) == 1:
            yield batch
        else:
            yield from _split_by_size(batch)


def _split_by_size(records: list[bytes]) -> Iterator[list[bytes]]:
    """*records*, some of which are large, in batches that end when they reach ``_BATCH_BYTES``."""
    batch: list[bytes] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def as_array(records: list[bytes]) -> bytes:
    """The records as one JSON array.

    Raises ``UnicodeDecodeError`` where they are no UTF-8: a decoder does not look at what it skips.
    """
    array = b"[%b]" % b",".join(records)
    if not array.isascii():
        array.decode()
    return array
