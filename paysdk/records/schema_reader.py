"""A reader that is made from two types and a function: pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.exact import exact_number
from paysdk.payment import Payment
from paysdk.records.errors import BAD_VALUE, as_validation_error, open_or_raise
from paysdk.records.liberal import Mender
from paysdk.records.page import as_array
from paysdk.records.stand_ins import quote_constants

if TYPE_CHECKING:
    from paysdk.records.page import RawPage

__all__ = ["HasId", "NormalisedRow", "SchemaReader"]


class HasId(Protocol):
    """A record of a provider, typed."""

    @property
    def id(self) -> str | int: ...


PageType = TypeVar("PageType")
RowType = TypeVar("RowType", bound=HasId)
Normalised: TypeAlias = Payment | Sequence[Payment] | None


@attrs.frozen
class NormalisedRow:
    """A record, the payments in it, and its bytes. ``payments`` is ``None`` if it is not one."""

    id: str | int
    modified_at: datetime | None
    payments: Sequence[Payment] | None
    raw: bytes


class SchemaReader(Generic[PageType, RowType]):
    """Reads the pages of a provider of your own into payments, with a function.

    *path* is where the records are in a page, such as ``$.data``. *page* is the type of a page, in
    which the records stay ``msgspec.Raw``. *open_page* makes a ``RawPage`` of it: the records, the
    link to the next page, and the count. *row* is the type of a record, which has an ``id``.

    *normalise* gets a record and its bytes, for ``Payment.raw``. It returns the payment, a sequence
    of payments if a record has several, or ``None`` if the record is not a payment. Such a record
    is left out, and counted in ``report.left_out``. An empty sequence counts as nothing.

    A record that does not fit its type is malformed. So is a record for which *normalise* raises
    ``ValueError``, ``LookupError``, ``ArithmeticError`` or ``msgspec.ValidationError``. Raise
    ``FieldError`` to say which field is at fault. Numbers without a type in the schema become
    ``Decimal``. *times* names the fields with the time of the last change, for records that are
    malformed.

    Raises ``ConfigurationError`` if *row* has no ``id``.
    """

    def __init__(
        self,
        *,
        path: str,
        page: type[PageType],
        open_page: Callable[[PageType], RawPage],
        row: type[RowType],
        normalise: Callable[[RowType, bytes], Normalised],
        times: Sequence[str] = (),
    ) -> None:
        check_has_id(row)
        self.path: str = path
        self.times: Sequence[str] = times
        self._page = msgspec.json.Decoder(page)
        self._open_page = open_page
        self._rows = msgspec.json.Decoder(list[row], float_hook=exact_number)  # type: ignore[valid-type]  # it is a type by then
        self._mender = Mender(row)
        self._normalise = normalise

    def split(self, body: bytes) -> RawPage:
        return open_or_raise(self._open_page, self._page.decode(body))

    def rows(self, records: list[bytes]) -> list[NormalisedRow]:
        return self._normalised_rows(records, as_array(records))

    def read_liberally(self, record: bytes) -> list[NormalisedRow]:
        return self._normalised_rows(
            [quote_constants(record)], as_array([self._mender.mend(record)])
        )

    def make(self, row: Payment) -> Payment:
        return row

    def select(self, rows: list[NormalisedRow]) -> tuple[list[Payment], list[str]]:
        """Return the payments in *rows*, and the ids of the records that are not payments."""
        payments: list[Payment] = []
        left_out: list[str] = []
        for row in rows:
            if row.payments is None:
                left_out.append(str(row.id))
            else:
                payments += row.payments
        return payments, left_out

    def _normalised_rows(self, records: list[bytes], array: bytes) -> list[NormalisedRow]:
        """Return the rows of *records*, decoded from *array*, which says the same."""
        rows: list[RowType] = self._rows.decode(self._mender.truncate_times(array))
        normalise = self._normalise
        normalised: list[NormalisedRow] = []
        try:
            for row, record in zip(rows, records, strict=True):
                found = normalise(row, record)
                payments = (found,) if isinstance(found, Payment) else found
                normalised.append(
                    NormalisedRow(row.id, _modified_at(row, payments), payments, record)
                )
        except BAD_VALUE as error:
            raise as_validation_error(error) from error
        return normalised


def check_has_id(row: type[Any]) -> None:
    """Raise ``ConfigurationError`` unless records of this type have an ``id``."""
    if not hasattr(row, "id") and "id" not in getattr(row, "__annotations__", {}):
        raise ConfigurationError(
            f"{row.__name__} has no id. Give the type of a record a field or a property of that "
            "name: a listing tells its records apart by it."
        )


def _modified_at(row: object, payments: Sequence[Payment] | None) -> datetime | None:
    if payments is not None and len(payments) == 1:
        return payments[0].modified_at
    found: datetime | None = getattr(row, "modified_at", None)
    return found
