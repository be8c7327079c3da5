"""One reader for every provider: pure.

A provider describes its pages and its records as msgspec types. The reader decodes into them. A
record is a struct that a ``Payment`` looks its fields up in, so most fields are done when they are
decoded. ``columns`` does the rest, such as amounts and times.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
import msgspec

from paysdk.exact import exact_number
from paysdk.payment import Payment
from paysdk.records.columns import Amount, compile_finish, converted, has_times
from paysdk.records.fields import PaymentRecord, RawRecord, make_payment
from paysdk.records.liberal import Mender
from paysdk.records.page import as_array
from paysdk.records.stand_ins import quote_constants
from paysdk.records.times import is_finer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paysdk.records.page import RawPage

__all__ = ["Amount", "FieldError", "PaymentRecord", "RecordReader", "TableReader", "converted"]

PageType = TypeVar("PageType")
RecordType = TypeVar("RecordType", bound=RawRecord)
PaymentType = TypeVar("PaymentType", bound=PaymentRecord)
T = TypeVar("T")


class FieldError(ValueError):
    """A field of a record has a value that a provider's own code cannot use.

    *field* is the path of the field in the record, such as ``amount.value`` or ``lines[0].price``.
    The ``MalformedResponseError`` has that path.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# What Python raises for a value that is not what it must be.
BAD_VALUE = (ValueError, LookupError, ArithmeticError)
# The search for finer times takes a fifth of the time of decoding. So the reader searches only the
# ends of a large batch. An API that sends such times sends them in nearly every record, and a later
# listing starts at the last record.
_WHOLE_BYTES = 16_384
_END_BYTES = 1024


@cache
def _decoder(
    row: type[RecordType], float_hook: Callable[[str], object]
) -> Callable[[bytes], list[RecordType]]:
    return msgspec.json.Decoder(list[row], float_hook=float_hook).decode  # type: ignore[valid-type]  # it is a type by then


@cache
def _mender(row: type[RawRecord]) -> Mender:
    return Mender(row)


class RecordReader(Generic[PageType, RecordType, T]):
    """Reads pages by two types, of a page and of a record.

    *path* is where the records are in a page, such as ``$.results``. *page* is the type of a page,
    in which the records stay ``msgspec.Raw``, and *open_page* takes the records, the link to the
    next page and the count out of it. *row* is the type of a record, and *make* makes of a record
    what the listing yields. *settings* are further values that each record gets.
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
        # A payment is not modified before it is created.
        names = {field.name: field.encode_name for field in msgspec.structs.fields(row)}
        self.times: tuple[str, ...] = tuple(
            names[name] for name in ("modified_at", "created_at") if name in names
        )

    def split(self, body: bytes) -> RawPage:
        return self._open_page(self._decode_page(body))

    def rows(self, records: list[bytes]) -> list[RecordType]:
        return self._finish(records, as_array(records))

    def read_liberally(self, record: bytes) -> list[RecordType]:
        return self._finish([quote_constants(record)], as_array([_mender(self._row).mend(record)]))

    def _finish(self, records: list[bytes], array: bytes) -> list[RecordType]:
        """The rows of *records*, which are decoded from *array*."""
        rows = self._decode(self._truncate_times(array))
        try:
            self._convert(rows, records, *self._settings)
        except BAD_VALUE as error:
            raise malformed(error) from error
        return rows

    def _decode(self, array: bytes) -> list[RecordType]:
        try:
            return _decoder(self._row, Decimal)(array)
        except InvalidOperation:  # an exponent that no Decimal can hold
            return _decoder(self._row, exact_number)(array)

    def _truncate_times(self, array: bytes) -> bytes:
        if self._has_times and (
            len(array) <= _WHOLE_BYTES
            or is_finer(array[:_END_BYTES])
            or is_finer(array[-_END_BYTES:])
        ):
            return _mender(self._row).truncate_times(array)
        return array


class TableReader(RecordReader[PageType, PaymentType, Payment]):
    """Reads the pages of a provider of your own into payments, with a table.

    *path* is where the records are in a page, such as ``$.data``. *page* is the type of a page, in
    which the records stay ``msgspec.Raw``. *open_page* makes a ``RawPage`` of it: the records, the
    link to the next page, and the count. *row* is your subclass of ``PaymentRecord``, which says
    what each field of a ``Payment`` is. *settings* are further values that each record gets.

    A record that does not fit its type is malformed. So is a record with a property that raises
    ``ValueError``, ``LookupError``, ``ArithmeticError`` or ``msgspec.ValidationError``: the reader
    reads every property once. If ``is_payment`` of a record is false, the record is left out, and
    counted in ``report.left_out``.
    """

    def __init__(
        self,
        *,
        path: str,
        page: type[PageType],
        open_page: Callable[[PageType], RawPage],
        row: type[PaymentType],
        settings: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(
            path=path,
            page=page,
            open_page=partial(open_or_raise, open_page),
            row=row,
            make=make_payment,
            settings=settings,
        )
        self._read_properties = _read_properties(row)

    def _finish(self, records: list[bytes], array: bytes) -> list[PaymentType]:
        rows: list[Any] = super()._finish(records, array)
        try:
            for row in rows:
                if row.is_payment:
                    _check_amount(row.amount)
                    self._read_properties(row)
        except BAD_VALUE as error:
            raise malformed(error) from error
        return rows

    def select(self, rows: list[Any]) -> tuple[list[PaymentType], list[str]]:
        """Return the rows that are payments, and the ids of the others."""
        left_out = [str(row.id) for row in rows if not row.is_payment]
        return ([row for row in rows if row.is_payment] if left_out else rows), left_out


def open_or_raise(open_page: Callable[[PageType], RawPage], page: PageType) -> RawPage:
    try:
        return open_page(page)
    except BAD_VALUE as error:
        raise malformed(error) from error


def _read_properties(row: type[PaymentRecord]) -> Callable[[PaymentRecord], object]:
    """A function that reads the properties of a record of this type that are fields of a payment.

    Raises ``TypeError`` if the type lacks a field.
    """
    fields = [str(field.alias) for field in attrs.fields(Payment)]
    if missing := [name for name in fields if not hasattr(row, name)]:
        raise TypeError(f"{row.__name__} does not say what a payment's {missing[0]!r} is.")
    own = [name for name in fields if isinstance(getattr(row, name), property)]
    names = [name for name in own if getattr(row, name) is not getattr(PaymentRecord, name, None)]
    return attrgetter("is_payment", *names)


def _check_amount(amount: object) -> None:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise msgspec.ValidationError(f"Expected a finite decimal.Decimal, got {amount!r}")


def malformed(error: Exception) -> msgspec.ValidationError:
    """Return the error about a record, for what the code of a provider raised of it."""
    if isinstance(error, FieldError):
        return msgspec.ValidationError(f"{error} - at `$[0].{error.field}`")
    return msgspec.ValidationError(
        str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    )
