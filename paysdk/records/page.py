"""From the bytes of a page to rows, for every provider: pure.

A record is JSON as the provider sends it. A row is the struct that a record is decoded into. It has
the provider's shape, and keeps the bytes of its record.

A page takes three steps. Its body is split into records. The records are decoded into rows. With
most readers, each row becomes a ``Payment`` when the caller reaches it. The second step finds every
malformed record, so the third cannot fail.

If a record cannot be decoded, ``decode_one_by_one`` reads the page again. So errors have a path,
and it costs nothing while all records are good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import attrs
import msgspec

from paysdk.records.malformed import UNREADABLE

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "RawPage",
    "Reader",
    "Row",
    "Selected",
    "as_array",
    "batches",
    "open_page",
    "try_decode",
]

T_co = TypeVar("T_co", covariant=True)
# Reading this many records takes less than a millisecond.
_BATCH_RECORDS = 500
_BATCH_BYTES = 131_072


@attrs.frozen
class RawPage:
    """A page that is split: the records as bytes, the link to the next page, and the count.

    The count is what the provider reported.
    """

    records: Sequence[bytes | msgspec.Raw]
    link: str | None
    reported_count: int | None


@attrs.frozen
class Selected:
    """What the records of a page are: items of the listing, or something else.

    ``left_out`` are the ids of the records that are not payments. ``whole_invoices`` are the ids of
    the invoices whose payments are all in ``items``. ``whole_records`` are the ids of the records
    whose payments are all in ``items``.
    """

    items: list[Any]
    left_out: tuple[str, ...] = ()
    whole_invoices: tuple[str, ...] = ()
    whole_records: tuple[str, ...] = ()


class Row(Protocol):
    """A record of a page, typed but still in the provider's shape.

    ``modified_at`` is ``None`` if the provider sends no such time. ``raw`` are the record's own
    bytes.
    """

    @property
    def id(self) -> str | int: ...

    @property
    def modified_at(self) -> datetime | None: ...

    @property
    def raw(self) -> bytes: ...


class Reader(Protocol[T_co]):
    """Reads a provider's pages into payments, or into whatever else they list.

    ``path`` is where the records are in the body, such as ``$.results``.
    """

    @property
    def path(self) -> str: ...

    def split(self, body: bytes) -> RawPage:
        """Open the envelope. Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``."""
        ...

    def rows(self, records: list[bytes]) -> list[Any]:
        """The ``Row`` of each record, in order.

        Raises ``msgspec.ValidationError`` if a record is malformed.
        """
        ...

    def make(self, row: Any, /) -> T_co:  # noqa: ANN401  # what a row is, only its reader knows
        """Return the payment, or the other item of the listing, that has this row."""
        ...


def open_page(reader: Reader[object], body: bytes) -> RawPage:
    """Open the envelope of a page. Raises ``MalformedResponseError``.

    A lone surrogate, NaN or Infinity in a record affects that record only, and not the page.
    """
    try:
        return reader.split(body)
    except UNREADABLE as error:
        from paysdk.records.stand_ins import open_with_stand_ins  # noqa: PLC0415  # seldom used

        return open_with_stand_ins(reader.split, body, error)


def try_decode(reader: Reader[object], records: list[bytes]) -> list[Any] | None:
    """The rows of *records*, or ``None`` if their page must be read with ``decode_one_by_one``."""
    try:
        return reader.rows(records)
    except UNREADABLE:
        return None


def batches(records: Sequence[bytes | msgspec.Raw]) -> Iterator[list[bytes]]:
    """*records* in batches that each take about a millisecond to decode.

    Give the event loop its turn after each batch.
    """
    for first in range(0, len(records), _BATCH_RECORDS):
        batch = list(map(bytes, records[first : first + _BATCH_RECORDS]))
        if sum(map(len, batch)) <= _BATCH_BYTES or len(batch) == 1:
            yield batch
        else:
            yield from _split_by_size(batch)


def _split_by_size(records: list[bytes]) -> Iterator[list[bytes]]:
    """*records* in batches. A batch ends when it reaches ``_BATCH_BYTES``."""
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

    Raises ``UnicodeDecodeError`` if they are not UTF-8. A decoder does not check the fields that it
    skips.
    """
    array = b"[%b]" % b",".join(records)
    if not array.isascii():
        array.decode()
    return array
