"""Customers that a provider lists apart from its payments."""

from __future__ import annotations

from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from paysdk.payment import Payment
from paysdk.records.fields import make_payment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from paysdk.payment import CustomerRef

__all__ = ["CustomerLookup", "FindsCustomers", "add_customers", "find_invoices", "set_customers"]

_FIELDS = attrs.fields(Payment)
_NAMES = [str(field.alias) for field in _FIELDS]
_read_fields = attrgetter(*(field.name for field in _FIELDS))


class CustomerLookup(Protocol):
    """Finds the customers of invoices. It remembers those that it has read."""

    @property
    def requests(self) -> int:
        """How many requests were sent, including retries."""
        ...

    async def find(self, invoice_ids: Collection[str]) -> Mapping[str, CustomerRef]:
        """Return the customers of these invoices by id, without those that are not found."""
        ...


@runtime_checkable
class FindsCustomers(Protocol):
    """A provider whose payments come without their customers, and which can look these up."""

    def look_up_customers(self) -> AbstractAsyncContextManager[CustomerLookup]:
        """Return the lookup. Leaving its context closes what it has open."""
        ...


async def add_customers(payments: Sequence[Payment], lookup: CustomerLookup) -> Sequence[Payment]:
    """Return the payments with the customers that the lookup finds."""
    invoices = find_invoices(payments)
    return set_customers(payments, await lookup.find(invoices)) if invoices else payments


def find_invoices(payments: Iterable[Payment]) -> set[str]:
    """Return the ids of the invoices whose payments have no customer."""
    return {payment.invoice.id for payment in payments if payment.customer is None}


def set_customers(
    payments: Sequence[Payment], customers: Mapping[str, CustomerRef]
) -> Sequence[Payment]:
    """Return the payments. Those without a customer get that of their invoice, if it is known."""
    if not customers:
        return payments
    return [
        payment
        if payment.customer is not None or (customer := customers.get(payment.invoice.id)) is None
        else _set_customer(payment, customer)
        for payment in payments
    ]


def _set_customer(payment: Payment, customer: CustomerRef) -> Payment:
    # This does what attrs.evolve does, but does not decode the record again.
    row = SimpleNamespace(**dict(zip(_NAMES, _read_fields(payment), strict=True)))
    row.customer = customer
    return make_payment(row)
