"""A reader that is made from a schema and a normalising function: pure.

Campfire's and Notify's readers are written out, since their pages of thousands are read at the
speed of the decoder. This one takes a few microseconds more for each record, and two types and two
functions to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

import attrs
import msgspec

from paysdk.exact import exact_number
from paysdk.payment import Payment
from paysdk.records.liberal import Mender, quote_constants
from paysdk.records.page import as_array

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from paysdk.records.page import RawPage

__all__ = ["HasId", "NormalisedRow", "SchemaReader"]


# What Python raises of a value that is not what it must be.
_BAD_VALUE = (ValueError, LookupError, ArithmeticError)


class HasId(Protocol):
    """A record of a provider, typed."""

    @property
    def id(self) -> str | int: ...


PageType = TypeVar("PageType")
RowType = TypeVar("RowType", bound=HasId)


@attrs.frozen
class NormalisedRow:
    """A record that was read: the payment that it is, if it is one, and its bytes."""

    id: str | int
    payment: Payment | None
    raw: bytes

    @property
    def modified_at(self) -> datetime | None:
        """When the payment was modified, where the provider says so."""
        return None if self.payment is None else self.payment.modified_at


class SchemaReader(Generic[PageType, RowType]):
    """Reads pages by two types, of a page and of a record, and by what two functions make of them.

    *path* is where the records stand in a page, such as ``$.data``. *page* is the type of a page,
    in which the records are left alone as ``msgspec.Raw``, and *open_page* takes them out of it,
    with the link to the next page. *row* is the type of a record, and *normalise* makes a payment
    of it; it is given the record's own bytes besides, for ``Payment.raw``. Where it gives ``None``
    the record is no payment: it is left out, and counted in ``report.left_out``.

    A record that does not fit its type is malformed. So is what the functions can make nothing of:
    a ``ValueError``, ``LookupError``, ``ArithmeticError`` or ``msgspec.ValidationError`` of theirs
    says why. Numbers that have no type in the schema become ``Decimal``.
    """

    def __init__(
        self,
        *,
        path: str,
        page: type[PageType],
        open_page: Callable[[PageType], RawPage],
        row: type[RowType],
        normalise: Callable[[RowType, bytes], Payment | None],
    ) -> None:
        self.path: str = path
        self._page = msgspec.json.Decoder(page)
        self._open_page = open_page
        self._rows = msgspec.json.Decoder(list[row], float_hook=exact_number)  # type: ignore[valid-type]  # it is a type by then
        self._mender = Mender(row)
        self._normalise = normalise

    def split(self, body: bytes) -> RawPage:
        page = self._page.decode(body)
        try:
            return self._open_page(page)
        except _BAD_VALUE as error:
            raise _malformed(error) from error

    def rows(self, records: list[bytes]) -> list[NormalisedRow]:
        return self._normalised_rows(records, records)

    def read_liberally(self, record: bytes) -> list[NormalisedRow]:
        return self._normalised_rows([quote_constants(record)], [self._mender.mend(record)])

    def _normalised_rows(self, records: list[bytes], readable: list[bytes]) -> list[NormalisedRow]:
        """The rows of *records*, read from *readable*, which say the same."""
        rows = self._rows.decode(self._mender.truncate_times(as_array(readable)))
        return [
            self._normalise_record(row, record) for row, record in zip(rows, records, strict=True)
        ]

    def make(self, row: NormalisedRow) -> Payment:
        return cast("Payment", row.payment)

    def leaves_out(self, row: NormalisedRow) -> bool:
        """Whether the record is no payment."""
        return row.payment is None

    def _normalise_record(self, row: RowType, record: bytes) -> NormalisedRow:
        try:
            return NormalisedRow(row.id, self._normalise(row, record), record)
        except _BAD_VALUE as error:
            raise _malformed(error) from error


def _malformed(error: Exception) -> msgspec.ValidationError:
    return msgspec.ValidationError(
        str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    )
