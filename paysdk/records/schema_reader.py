"""A reader for a provider of your own, which makes payments with a function: pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.exact import exact_number
from paysdk.payment import Payment
from paysdk.records.columns import check_converted
from paysdk.records.errors import open_or_raise, reading_records
from paysdk.records.liberal import Mender, find_name
from paysdk.records.page import Selected, as_array
from paysdk.records.stand_ins import make_decodable

if TYPE_CHECKING:
    from paysdk.records.page import RawPage

__all__ = ["HasId", "InvoicePayments", "NormalisedRow", "RecordPayments", "SchemaReader"]


class HasId(Protocol):
    """A decoded record of a provider."""

    @property
    def id(self) -> str | int: ...


PageType = TypeVar("PageType")
RowType = TypeVar("RowType", bound=HasId)


@attrs.frozen
class InvoicePayments:
    """All payments of one invoice, as its record has them.

    A *normalise* that returns this says that the invoice has no other payments. So a sync that
    lists only what was modified marks all other stored payments of the invoice as vanished.

    Raises ``ValueError`` for a payment of another invoice.
    """

    invoice_id: str
    payments: Sequence[Payment]

    def __attrs_post_init__(self) -> None:
        for payment in self.payments:
            if payment.invoice.id != self.invoice_id:
                raise ValueError(
                    f"Payment {payment.id!r} is of invoice {payment.invoice.id!r}, and not of "
                    f"{self.invoice_id!r}"
                )


@attrs.frozen
class RecordPayments:
    """All payments of one record, such as money that was divided among several invoices.

    The id of each payment is *record_id*, or begins with *record_id* and a colon, such as ``7:12``
    for the part of record 7 that paid invoice 12. A *normalise* that returns this says that the
    record has no other payments. So a sync that lists only what was modified marks all other stored
    payments of the record as vanished.

    Raises ``ValueError`` for a *record_id* with a colon, and for a payment with another id.
    """

    record_id: str
    payments: Sequence[Payment]

    def __attrs_post_init__(self) -> None:
        if ":" in self.record_id:
            raise ValueError(f"The id of a record must have no colon, but it is {self.record_id!r}")
        for payment in self.payments:
            if payment.id.partition(":")[0] != self.record_id:
                raise ValueError(
                    f"The id of a payment must be the id of its record, {self.record_id!r}, or "
                    f"begin with '{self.record_id}:', but it is {payment.id!r}"
                )


Normalised: TypeAlias = Payment | InvoicePayments | RecordPayments | Sequence[Payment] | None


@attrs.frozen
class NormalisedRow:
    """A record, the payments in it, and its bytes.

    ``payments`` is ``None`` if the record is not a payment. ``whole_invoice`` is the id of the
    invoice that has no other payments, and ``whole_record`` is that of the record that has none.
    """

    id: str | int
    modified_at: datetime | None
    payments: Sequence[Payment] | None
    raw: bytes
    whole_invoice: str | None = None
    whole_record: str | None = None


class SchemaReader(Generic[PageType, RowType]):
    """Reads the pages of a provider of your own into payments, with a function.

    *path* is the path of the records in a page, such as ``$.data``. *page* is the type of a page.
    Its records have the type ``msgspec.Raw``. *open_page* takes a page and returns a ``RawPage``
    with the records, the link to the next page, and the count. *row* is the type of a record, and
    must have an ``id``.

    *normalise* takes a record and its bytes, which are for ``Payment.raw``. It returns the payment,
    a sequence of payments if the record has several, or ``None`` if the record is not a payment. If
    it returns ``None``, the record is left out, and counted in ``report.left_out``. A sync then
    marks a stored payment with the id of the record as vanished. An empty sequence gives no payment
    either, but the record is not counted, and a sync marks nothing because of it. If a record is an
    invoice with all its payments, return ``InvoicePayments``. For any other record with several
    payments, return ``RecordPayments``. A sync then notices if one of them is gone.

    A record that does not fit *row* is malformed. A record for which *normalise* raises an
    exception is malformed, too. Raise ``FieldError`` to say which field has the bad value. If *row*
    does not say the type of a number, it becomes an ``int`` without a fraction and an exponent, and
    a ``Decimal`` with one. A number that no ``Decimal`` can hold becomes the text of its digits.
    *times* names the fields that have the time of the last change. The listing reads this time in
    malformed records.

    Raises ``ConfigurationError`` if *row* has no ``id``, and for a field of it that is an
    ``Amount`` or has ``converted(...)``: this reader converts no fields.
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
        check_converted(row, in_table=False)
        self.path: str = path
        self.times: Sequence[str] = times
        self.id_name: str | None = find_name(row, "id")
        self._page = msgspec.json.Decoder(page)
        self._open_page = open_page
        self._rows = msgspec.json.Decoder(list[row], float_hook=exact_number)  # type: ignore[valid-type]  # it is a type by then
        self._mender = Mender(row)
        self._normalise = normalise

    def split(self, body: bytes) -> RawPage:
        return open_or_raise(self._open_page, self._page.decode(body))

    def rows(self, records: list[bytes]) -> list[NormalisedRow]:
        return self._normalise_rows(records, as_array(records))

    def read_liberally(self, record: bytes) -> list[NormalisedRow]:
        return self._normalise_rows([make_decodable(record)], as_array([self._mender.mend(record)]))

    def make(self, row: Payment) -> Payment:
        return row

    def select(self, rows: list[NormalisedRow]) -> Selected:
        """Return the payments in *rows*, and what else *rows* say."""
        payments: list[Payment] = []
        left_out: list[str] = []
        for row in rows:
            if row.payments is None:
                left_out.append(str(row.id))
            else:
                payments += row.payments
        return Selected(
            payments,
            tuple(left_out),
            tuple(row.whole_invoice for row in rows if row.whole_invoice is not None),
            tuple(row.whole_record for row in rows if row.whole_record is not None),
        )

    def _normalise_rows(self, records: list[bytes], array: bytes) -> list[NormalisedRow]:
        """Return the rows of *records*, decoded from *array*, which has the same records."""
        rows: list[RowType] = self._rows.decode(self._mender.truncate_times(array))
        normalise = self._normalise
        normalised: list[NormalisedRow] = []
        with reading_records():
            for row, record in zip(rows, records, strict=True):
                found = normalise(row, record)
                payments = _payments_of(found)
                normalised.append(
                    NormalisedRow(
                        row.id,
                        _modified_at(row, payments),
                        payments,
                        record,
                        found.invoice_id if isinstance(found, InvoicePayments) else None,
                        found.record_id if isinstance(found, RecordPayments) else None,
                    )
                )
        return normalised


def check_has_id(row: type[Any]) -> None:
    """Raise ``ConfigurationError`` unless records of this type have an ``id``."""
    if not hasattr(row, "id") and find_name(row, "id") is None:
        raise ConfigurationError(
            f"{row.__name__} has no id. Give the type of a record a field or a property with that "
            "name. A listing uses it to tell its records apart."
        )


def _payments_of(found: Normalised) -> Sequence[Payment] | None:
    if isinstance(found, Payment):
        return (found,)
    return found.payments if isinstance(found, InvoicePayments | RecordPayments) else found


def _modified_at(row: object, payments: Sequence[Payment] | None) -> datetime | None:
    if payments is not None and len(payments) == 1:
        return payments[0].modified_at
    found: datetime | None = getattr(row, "modified_at", None)
    return found
