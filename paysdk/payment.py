"""One payment, whichever provider it came from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from types import MemberDescriptorType
from typing import Any, Protocol, cast

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.exact import decode_exactly

__all__ = [
    "CustomerRef",
    "CustomerRefDraft",
    "InvoiceRef",
    "InvoiceRefDraft",
    "Payment",
    "PaymentFields",
    "PaymentValues",
    "make_payment",
]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.frozen(weakref_slot=False)
class InvoiceRef:
    """The invoice that a payment belongs to, as far as the provider told.

    ``total`` and ``balance`` are in major currency units, and ``None`` where the provider sends
    none beside a payment. A balance is what was open when the payment was read, not when it was
    made.
    """

    id: str
    number: str | None = None
    total: Decimal | None = None
    balance: Decimal | None = None


@attrs.frozen(weakref_slot=False)
class CustomerRef:
    """Who pays. Each part is ``None`` where the provider does not send it."""

    id: str | None = None
    number: str | None = None
    name: str | None = None


def _finite(_payment: Payment, field: attrs.Attribute[Decimal], value: Decimal) -> None:
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
            f"Payment.raw must be JSON as bytes, or what can be written as JSON: {error}"
        ) from None
    return sent


class PaymentFields(Protocol):
    """What a payment's fields are taken from: a record of a provider, typed, with its own bytes in ``raw``.

    ``id`` is the provider's own, whole number or text, by which a walk tells records apart.
    """

    @property
    def provider(self) -> str: ...
    @property
    def id(self) -> str | int: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def payment_date(self) -> date | None: ...
    @property
    def invoice(self) -> InvoiceRef: ...
    @property
    def customer(self) -> CustomerRef | None: ...
    @property
    def external_id(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def voided_date(self) -> date | None: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def modified_at(self) -> datetime | None: ...
    @property
    def raw(self) -> bytes: ...


@attrs.define(kw_only=True, eq=False)
class PaymentValues:
    """A row that is nothing but its values.

    They are neither converted nor validated, so whoever makes it answers for them.
    """

    provider: str
    id: str
    amount: Decimal
    invoice: InvoiceRef
    currency: str | None = None
    payment_date: date | None = None
    customer: CustomerRef | None = None
    external_id: str | None = None
    source: str | None = None
    voided_date: date | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    raw: bytes = b"{}"


class _Described:
    """What has ``__attrs_attrs__`` in the place of ``Payment``.

    msgspec encodes a class that has these itself from its slots, which would be as ``{}``. One that
    inherits them it refuses.
    """

    __slots__ = ()


class _Draft(_Described):
    """A ``Payment`` in the making: of one layout with it, and not frozen."""

    __slots__ = ("_row",)

    _row: PaymentFields


def _row_property(name: str) -> property:
    def put(payment: Any, value: object) -> None:  # noqa: ANN401  # a payment, to whom type checkers know no _row
        if not hasattr(payment, "_row"):
            _hold(payment, PaymentValues.__new__(PaymentValues))
        setattr(payment._row, name, value)  # noqa: SLF001  # this is Payment's own

    return property(attrgetter(f"_row.{name}"), put, doc="")


def _id_as_text(payment: Any) -> str:  # noqa: ANN401  # likewise
    return str(payment._row.id)  # noqa: SLF001  # likewise


# Reading a record takes less time than filling in the thirteen fields of a payment. So a payment
# that was read holds its row and nothing else, and each field is looked up there when it is asked
# for, without a call of a Python function. What the constructor is given is put into a row, too:
# attrs sets and gets the fields by their names, in __init__ and evolve, for pickling and in
# subclasses, and so comes through here. Against everybody else the class's own __setattr__, which
# attrs makes, stands before it.
def _back_by_row(made: type[Payment]) -> type[Payment]:
    """The attrs class *made*, with one slot for a row in place of one for each field."""
    own = {
        name: value
        for name, value in vars(made).items()
        if not isinstance(value, MemberDescriptorType)
    }
    fields = {field.name: _row_property(field.alias) for field in attrs.fields(made)}
    fields["id"] = property(_id_as_text, fields["id"].fset, doc="")
    cast("Any", _Described).__attrs_attrs__ = own.pop("__attrs_attrs__")
    return cast(
        "type[Payment]", type(made.__name__, (_Described,), own | fields | {"__slots__": ("_row",)})
    )


@_back_by_row
@attrs.frozen(kw_only=True, weakref_slot=False)
class Payment:
    """One payment, immutable, compared by everything but ``raw``.

    ``provider`` is the provider's name, ``id`` its own id as text. ``amount`` is in major currency
    units with exactly the digits that were sent, and may be negative. ``currency`` is as sent;
    Notify sends none, so it is what the provider object was configured with, else ``None``.
    ``payment_date`` is when it was paid. ``source`` is the provider's own word (Campfire: STRIPE,
    MANUAL, and others to come). ``voided_date`` is set where the payment was voided. ``created_at``
    and ``modified_at`` are aware, in UTC, and ``None`` for Notify, which sends no timestamps.
    """

    provider: str
    id: str
    amount: Decimal = attrs.field(validator=_finite)
    currency: str | None = None
    payment_date: date | None = None
    invoice: InvoiceRef
    customer: CustomerRef | None = None
    external_id: str | None = None
    source: str | None = None
    voided_date: date | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    _raw: bytes = attrs.field(default=b"{}", alias="raw", converter=_to_json, eq=False, repr=False)

    @property
    def is_voided(self) -> bool:
        """Whether the payment was voided: the provider reports voids by their date."""
        return self.voided_date is not None

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a record is any JSON value
        """What the provider sent for this payment, whole: fields unknown to us included, numbers as ``int`` or ``Decimal``.

        A number whose exponent no ``Decimal`` can hold is the text of its digits. Decoded anew each
        time, so changing what you get changes nothing here.
        """
        return decode_exactly(self._raw)


_hold = cast("Any", Payment)._row.__set__  # noqa: SLF001  # its own


def make_payment(row: PaymentFields) -> Payment:
    """The payment that *row* is."""
    payment: Any = _Draft()
    payment._row = row  # noqa: SLF001  # the draft's own field
    payment.__class__ = Payment
    return payment  # type: ignore[no-any-return]  # it has just become one


# The __init__ of a frozen class has to go through object.__setattr__ for each field, which takes
# more than twice as long as plain assignment. So a provider fills in a draft, which has the same
# slots and is not frozen, and then makes it what it is by setting its __class__: Python allows that
# for classes of one layout, which is why these have no weakref slot. A test holds the drafts'
# fields to the records'.
class InvoiceRefDraft:
    """An ``InvoiceRef`` in the making."""

    __slots__ = ("balance", "id", "number", "total")

    id: str
    number: str | None
    total: Decimal | None
    balance: Decimal | None


class CustomerRefDraft:
    """A ``CustomerRef`` in the making."""

    __slots__ = ("id", "name", "number")

    id: str | None
    number: str | None
    name: str | None
