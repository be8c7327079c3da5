"""What a payment is made from: a row with its fields, and fast constructors: pure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, cast

import attrs

from paysdk._row_backed import row_setter, slot_setters
from paysdk.payment import CustomerRef, InvoiceRef, Payment

__all__ = [
    "PaymentFields",
    "PaymentValues",
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


class PaymentFields(Protocol):
    """The row that a payment looks its fields up in: a provider's record, typed.

    ``id`` is the provider's own, a whole number or a text, which tells a listing's records apart.
    ``raw`` holds the record's own bytes.
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
    """A row of values that were valid before, such as those of a stored payment.

    They are neither converted nor validated.
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


def make_payment(row: PaymentFields) -> Payment:
    """The payment whose fields are in *row*."""
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
