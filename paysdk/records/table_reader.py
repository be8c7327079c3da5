"""A reader for a provider of your own, which reads payments with a table: pure."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.payment import Payment
from paysdk.records.columns import check_converted
from paysdk.records.errors import PASSED_ON, as_validation_error, open_or_raise
from paysdk.records.fields import PaymentRecord, make_payment
from paysdk.records.page import Selected
from paysdk.records.reader import RecordReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paysdk.records.page import RawPage

__all__ = ["TableReader"]

PageType = TypeVar("PageType")
PaymentType = TypeVar("PaymentType", bound=PaymentRecord)


class TableReader(RecordReader[PageType, PaymentType, Payment]):
    """Reads the pages of a provider of your own into payments, with a table.

    *path* is where the records are in a page, such as ``$.data``. *page* is the type of a page, in
    which the records stay ``msgspec.Raw``. *open_page* makes a ``RawPage`` of it: the records, the
    link to the next page, and the count. *row* is your subclass of ``PaymentRecord``, which says
    what each field of a ``Payment`` is. *settings* are further values that each record gets.

    A record that does not fit its type is malformed. A payment is also malformed if one of its
    properties raises an exception: the reader reads those that are fields of a ``Payment``. If
    ``is_payment`` of a record is false, the record is left out, and counted in ``report.left_out``.

    Raises ``ConfigurationError`` if *row* does not say what a field of a payment is, if it lacks a
    field that *settings* names, and for an ``Amount`` or ``converted(...)`` in a list of the
    record: this reader converts no fields there.
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
        check_converted(row, in_table=True)
        for name in settings or ():
            if name not in row.__struct_fields__:
                raise ConfigurationError(
                    f"{row.__name__} has no field {name!r}, which is a name in settings."
                )
        self._properties = _find_properties(row)
        self._read_properties = attrgetter(*self._properties)
        super().__init__(
            path=path,
            page=page,
            open_page=partial(open_or_raise, open_page),
            row=row,
            make=make_payment,
            settings=settings,
        )

    def _finish(self, records: list[bytes], array: bytes) -> list[PaymentType]:
        rows: list[Any] = super()._finish(records, array)
        for row in rows:
            try:
                if row.is_payment:
                    _check_amount(row.amount)
                    self._read_properties(row)
            except PASSED_ON:
                raise
            except Exception as error:  # a bad value can make a property raise anything
                raised_in = _find_raising(row, self._properties)
                raise as_validation_error(error, from_property=raised_in) from error
        return rows

    def select(self, rows: list[Any]) -> Selected:
        """Return the rows that are payments, and the ids of the others."""
        left_out = tuple(str(row.id) for row in rows if not row.is_payment)
        return Selected([row for row in rows if row.is_payment] if left_out else rows, left_out)


def _find_properties(row: type[PaymentRecord]) -> list[str]:
    """The names of the properties of *row* that are fields of a payment, and ``is_payment``.

    Raises ``ConfigurationError`` if the type lacks a field.
    """
    fields = [str(field.alias) for field in attrs.fields(Payment)]
    if missing := [name for name in fields if not hasattr(row, name)]:
        raise ConfigurationError(f"{row.__name__} does not say what a payment's {missing[0]!r} is.")
    own = [name for name in fields if isinstance(getattr(row, name), property)]
    names = [name for name in own if getattr(row, name) is not getattr(PaymentRecord, name, None)]
    return ["is_payment", *names]


def _find_raising(row: PaymentRecord, properties: Sequence[str]) -> str | None:
    """The first of the *properties* that raises an exception, if one does so again."""
    for name in properties:
        try:
            getattr(row, name)
        except Exception:  # noqa: BLE001  # whatever the provider's own code raises
            return name
    return None


def _check_amount(amount: object) -> None:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise msgspec.ValidationError(
            f"Expected a finite decimal.Decimal as the payment's amount, got {amount!r}"
        )
