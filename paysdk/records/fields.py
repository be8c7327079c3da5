"""The record that a payment looks its fields up in, and fast constructors: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from paysdk._row_backed import row_setter, slot_setters
from paysdk.payment import CustomerRef, InvoiceRef, Payment

if TYPE_CHECKING:
    from decimal import Decimal
    from types import SimpleNamespace

__all__ = [
    "PaymentRecord",
    "RawRecord",
    "make_customer_ref",
    "make_invoice_ref",
    "make_payment",
]

# The __init__ of a frozen class goes through object.__setattr__ for each field, which takes more
# than twice as long as the slot's own setter.
_new: Any = object.__new__
_set_row = row_setter(Payment)
_set_invoice_id, _set_invoice_number, _set_total, _set_balance = slot_setters(InvoiceRef)
_set_customer_id, _set_customer_number, _set_name = slot_setters(CustomerRef)


class RawRecord(msgspec.Struct, kw_only=True, gc=False):
    """A record that keeps its own bytes in ``raw``."""

    # The reader sets it. The name in JSON is one that no record contains, so that the decoder does
    # not.
    raw: bytes = msgspec.field(default=b"", name="<raw>")


class PaymentRecord(RawRecord, kw_only=True, gc=False):
    """The base class for a provider's record of a payment.

    A subclass lists ``Payment``'s fields: each is a field of the struct, a class attribute, or a
    property. ``provider``, ``id``, ``amount`` and ``invoice`` are required. The others are ``None``
    unless the subclass says otherwise.
    """

    # Type checkers refuse a field or a class attribute in the place of a property, and the reverse.
    if not TYPE_CHECKING:  # pragma: no branch  # it is always true at run time
        currency = None
        payment_date = None
        customer = None
        external_id = None
        source = None
        voided_date = None

        @property
        def voided(self) -> bool:
            return self.voided_date is not None

        created_at = None
        modified_at = None

    @property
    def is_payment(self) -> bool:
        """Whether the record is a payment. A reader leaves out the others, and counts them."""
        return True


def make_payment(row: PaymentRecord | SimpleNamespace) -> Payment:
    """The payment whose fields are in *row*, which are neither converted nor validated."""
    payment = _new(Payment)
    _set_row(payment, row)
    return cast("Payment", payment)


def make_invoice_ref(
    invoice_id: str,
    number: str | None = None,
    total: Decimal | None = None,
    balance: Decimal | None = None,
) -> InvoiceRef:
    """``InvoiceRef(invoice_id, number, total, balance)``, in half the time."""
    invoice = _new(InvoiceRef)
    _set_invoice_id(invoice, invoice_id)
    _set_invoice_number(invoice, number)
    _set_total(invoice, total)
    _set_balance(invoice, balance)
    return cast("InvoiceRef", invoice)


def make_customer_ref(
    customer_id: str | None = None, number: str | None = None, name: str | None = None
) -> CustomerRef:
    """``CustomerRef(customer_id, number, name)``, in half the time."""
    customer = _new(CustomerRef)
    _set_customer_id(customer, customer_id)
    _set_customer_number(customer, number)
    _set_name(customer, name)
    return cast("CustomerRef", customer)
