"""From an answer's bytes to payments, whatever the provider: pure.

A page's way: its body is split into records, or a large one cut into runs of a few; these are read
into typed rows of the provider's shape, each of which knows its own bytes; and each row becomes a
``Payment`` when its turn comes. Whatever can be wrong with a record is found in the second step,
for the whole page, so that the third cannot fail. Where a record cannot be read, its page is gone
through again record by record: the fault gets a path, and good pages do not pay for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, TypeVar, cast

import attrs
import msgspec

from paysdk.records.cutting import cut
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
    """A page's envelope, opened: its records still in their bytes, the link to the next page, and the count that the provider reported.

    Where a large page was cut without reading it, ``records`` are runs of several, with the commas
    between, and ``around`` is what stood before and after them.
    """

    records: Sequence[bytes | msgspec.Raw]
    link: str | None
    reported_count: int | None
    around: tuple[bytes, bytes] | None = None


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

    @property
    def reads_runs(self) -> bool:
        """Whether ``rows`` also takes records that were not split, so that large pages may be cut into runs of them."""
        ...

    def split(self, body: bytes) -> RawPage:
        """Open the envelope. Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``."""
        ...

    def rows(self, records: list[bytes]) -> list[Any]:
        """The ``Row`` of each record, in order.

        Raises ``msgspec.ValidationError`` if one is not what it must be.
        """
        ...

    def make(self, row: Any, /) -> T_co:  # noqa: ANN401  # what a row is, only its reader knows
        """The payment, or whatever else is listed, that a row of ``rows`` is."""
        ...


def decode_or_raise(decode: Callable[[bytes], T], body: bytes) -> T:
    """``decode(body)``, with its errors as ``MalformedResponseError``."""
    try:
        return decode(body)
    except UNREADABLE as error:
        raise malformed_error(error, "$", body) from None


def open_page(reader: Reader[object], body: bytes, *, cutting: bool = True) -> RawPage:
    """The page's envelope; with *cutting*, that of a large one may be cut. Raises ``MalformedResponseError``.

    Whether a page is JSON in between is not seen where it was cut.
    """
    return (_cut(reader, body) if cutting and reader.reads_runs else None) or _split(reader, body)


def _cut(reader: Reader[object], body: bytes) -> RawPage | None:
    if (parts := cut(body, reader.path.removeprefix("$."))) is None:
        return None
    before, records, after = parts
    try:
        page = reader.split(before + after)
        whole = not page.records and not reader.split(before + b"]}").records
    except UNREADABLE:
        return None
    return attrs.evolve(page, records=records, around=(before, after)) if whole else None


def _split(reader: Reader[object], body: bytes) -> RawPage:
    """The page by the record.

    Where records hold half of a surrogate pair, NaN or Infinity it is opened all the same: the
    others can still be read.
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
    if page.around is not None:
        before, after = page.around
        page = _split(reader, before + b",".join(page.records) + after)
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
    """*records*, so many at a time that reading them takes about a millisecond, after which the event loop should get its turn."""
    turn: list[bytes] = []
    size = 0
    for record in map(bytes, records):
        turn.append(record)
        size += len(record)
        if size >= _BATCH_BYTES:
            yield turn
            turn, size = [], 0
    if turn:
        yield turn


def as_array(records: list[bytes]) -> bytes:
    """The records as one JSON array.

    Raises ``UnicodeDecodeError`` where they are no UTF-8: a decoder does not look at what it skips.
    """
    array = b"[%b]" % b",".join(records)
    if not array.isascii():
        array.decode()
    return array
