"""A payment of any provider."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, final

import attrs
import msgspec

from paysdk._row_backed import as_struct, back_by_row
from paysdk.errors import ConfigurationError
from paysdk.exact import decode_exactly

__all__ = ["CustomerRef", "InvoiceRef", "Payment"]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@final
@as_struct
@attrs.frozen(weakref_slot=False)
class InvoiceRef:
    """The invoice that a payment belongs to, as far as the provider says.

    ``total`` and ``balance`` are in major currency units, and ``None`` if the provider does not
    send them with a payment. The balance is what was open when the payment was read.
    """

    id: str
    number: str | None = None
    total: Decimal | None = None
    balance: Decimal | None = None


@final
@as_struct
@attrs.frozen(weakref_slot=False)
class CustomerRef:
    """Who pays. Each part is ``None`` if the provider does not send it."""

    id: str | None = None
    number: str | None = None
    name: str | None = None


def _check_finite(_payment: Payment, field: attrs.Attribute[Decimal], value: Decimal) -> None:
    if not isinstance(value, Decimal) or not value.is_finite():
        message = (
            f"Payment.{field.name} must be a finite decimal.Decimal, not {value!r}: a "
            "float has lost its digits already."
        )
        raise ConfigurationError(message)


def _to_json(raw: object) -> bytes:
    try:
        sent = raw if isinstance(raw, bytes) else _encode(raw)
        decode_exactly(sent)
    except (ValueError, TypeError, msgspec.MsgspecError, RecursionError) as error:
        raise ConfigurationError(
            f"Payment.raw must be JSON as bytes, or a value that can be written as JSON: {error}"
        ) from None
    return sent


@back_by_row
@attrs.frozen(kw_only=True, weakref_slot=False)
class Payment:
    """A payment. It is immutable, and compared by every field except ``raw``.

    ``provider`` is the provider's name, and ``id`` is the provider's id as text. ``amount`` is in
    major currency units with exactly the digits that were sent, and may be negative. ``currency``
    is as sent. Notify sends none, so there it is the currency that you configured, or ``None``.
    ``payment_date`` is the day of the payment. ``source`` is the provider's own word, for example
    STRIPE or MANUAL at Campfire. ``voided`` is true if the payment was voided. If you pass a
    ``voided_date``, the constructor sets ``voided``. Some APIs send no ``voided_date``.
    ``created_at`` and ``modified_at`` of the built-in providers are aware and in UTC, or ``None``.
    Notify sends neither.
    """

    provider: str
    id: str
    amount: Decimal = attrs.field(validator=_check_finite)
    currency: str | None = None
    payment_date: date | None = None
    invoice: InvoiceRef
    customer: CustomerRef | None = None
    external_id: str | None = None
    source: str | None = None
    voided_date: date | None = None
    voided: bool = False
    created_at: datetime | None = None
    modified_at: datetime | None = None
    _raw: bytes = attrs.field(default=b"{}", alias="raw", converter=_to_json, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.voided_date is not None:
            object.__setattr__(self, "voided", True)

    @property
    def is_voided(self) -> bool:
        """The same as ``voided``."""
        return self.voided

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a record is any JSON value
        """The whole record that the provider sent, with fields that paysdk does not know.

        Numbers are ``int`` or ``Decimal``. A number whose exponent no ``Decimal`` can hold is the
        text of its digits. Each access decodes the record, so changes to the result do not change
        the payment.
        """
        return decode_exactly(self._raw)
