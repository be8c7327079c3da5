"""The reader of the built-in providers, and the base class of ``TableReader``: pure.

A provider describes its pages and its records as msgspec types. The reader decodes each record into
a row, a struct that a ``Payment`` looks its fields up in. Decoding makes most fields what they
should be. ``columns`` converts the others, such as amounts and times.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from paysdk.exact import exact_number
from paysdk.records.columns import compile_finish, has_times
from paysdk.records.errors import reading_records
from paysdk.records.fields import RawRecord
from paysdk.records.page import as_array
from paysdk.records.times import may_have_finer_times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paysdk.records.liberal import Mender
    from paysdk.records.page import RawPage

__all__ = ["RecordReader"]

PageType = TypeVar("PageType")
RecordType = TypeVar("RecordType", bound=RawRecord)
T = TypeVar("T")


@cache
def _decoder(
    row: type[RecordType], float_hook: Callable[[str], object]
) -> Callable[[bytes], list[RecordType]]:
    return msgspec.json.Decoder(list[row], float_hook=float_hook).decode  # type: ignore[valid-type]  # it is a type by then


@cache
def _mender(row: type[RawRecord]) -> Mender:
    from paysdk.records.liberal import Mender  # noqa: PLC0415  # few pages need it, and it is slow

    return Mender(row)


class RecordReader(Generic[PageType, RecordType, T]):
    """Reads pages by two types, of a page and of a record.

    *path* is where the records are in a page, such as ``$.results``. *page* is the type of a page,
    in which the records stay ``msgspec.Raw``, and *open_page* takes the records, the link to the
    next page and the count out of it. *row* is the type of a row, and *make* turns a row into what
    the listing yields. *settings* are further values that each row gets.
    """

    def __init__(
        self,
        *,
        path: str,
        page: type[PageType],
        open_page: Callable[[PageType], RawPage],
        row: type[RecordType],
        make: Callable[[RecordType], T],
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.path: str = path
        # An attribute, because a method would be one more call for each payment.
        self.make: Callable[[RecordType], T] = make
        self._row = row
        self._open_page = open_page
        self._settings = [] if settings is None else list(settings.values())
        self._convert = compile_finish(row, tuple(settings or ()))
        self._decode_page = msgspec.json.Decoder(page).decode
        self._has_times = has_times(row)
        # If a malformed record has no readable time of modification, its time of creation is used,
        # which is not later.
        names = {field.name: field.encode_name for field in msgspec.structs.fields(row)}
        self.times: tuple[str, ...] = tuple(
            names[name] for name in ("modified_at", "created_at") if name in names
        )
        self.id_name: str | None = names.get("id")

    def split(self, body: bytes) -> RawPage:
        return self._open_page(self._decode_page(body))

    def rows(self, records: list[bytes]) -> list[RecordType]:
        return self._finish(records, as_array(records))

    def read_liberally(self, record: bytes) -> list[RecordType]:
        from paysdk.records.stand_ins import make_decodable  # noqa: PLC0415  # seldom used

        return self._finish([make_decodable(record)], as_array([_mender(self._row).mend(record)]))

    def _finish(self, records: list[bytes], array: bytes) -> list[RecordType]:
        """The rows of *records*, which are decoded from *array*."""
        if self._has_times and may_have_finer_times(array):
            array = _mender(self._row).truncate_times(array)
        rows = self._decode(array)
        with reading_records():
            self._convert(rows, records, *self._settings)
        return rows

    def _decode(self, array: bytes) -> list[RecordType]:
        try:
            return _decoder(self._row, Decimal)(array)
        except InvalidOperation:  # an exponent that no Decimal can hold
            return _decoder(self._row, exact_number)(array)
