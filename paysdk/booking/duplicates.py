"""Which payments and orders of the target may be for the same money as a booking. Pure."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.booking.names import are_of_one_account, are_of_one_payment
from paysdk.booking.problem import Problem
from paysdk.exact import EXACT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from paysdk.booking.booking import Booking
    from paysdk.payment import Payment
    from paysdk.target import TargetInvoice

__all__ = ["add_up_open", "check_open", "check_similar", "find_own", "list_foreign"]


def check_similar(
    external_id: str,
    amount: Decimal,
    day: date,
    payments: Iterable[Payment],
    *,
    days: int | None,
    ours: Collection[str] | None = None,
) -> Problem | None:
    """Check that no live payment near this day has the same amount.

    If *days* is ``None``, payments of any day count. A payment that paysdk booked for another
    payment of the same account does not count if its external id is in *ours*. Without *ours*, no
    payment that was booked for the same account counts. A payment that was booked for another
    account may be the same money, because both accounts say that they have this invoice. Another
    booking of the same payment is the same money, whatever its amount is.
    """
    foreign = list_foreign(external_id, payments, ours)
    sums: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for payment in foreign:
        sums[payment.external_id] = EXACT.add(sums[payment.external_id], payment.amount)
    for payment in foreign:
        other = payment.external_id
        if are_of_one_payment(external_id, other):
            return Problem(
                "possible_duplicate",
                f"The invoice has another booking of this payment: payment {payment.id} with the "
                f"external id {other}.",
                f"payment {payment.id}",
            )
        # The target may have split a payment. Then its parts have one external id.
        same = payment.amount == amount or (other is not None and sums[other] == amount)
        if same and (
            days is None
            or payment.payment_date is None
            or abs(payment.payment_date - day).days <= days
        ):
            return Problem(
                "possible_duplicate",
                f"The invoice has a payment of the same amount, {amount:f}, dated "
                f"{payment.payment_date}.",
                f"payment {payment.id}",
            )
    return None


def list_foreign(
    external_id: str, payments: Iterable[Payment], ours: Collection[str] | None = None
) -> list[Payment]:
    """The live payments that are neither of this booking nor of another payment of its account.

    See ``check_similar`` about *ours*.
    """
    return [
        payment
        for payment in payments
        if not payment.is_voided
        and (other := payment.external_id) != external_id
        and (
            not are_of_one_account(external_id, other)
            or are_of_one_payment(external_id, other)
            or (ours is not None and other not in ours)
        )
    ]


def check_open(
    booking: Booking, others: Iterable[Booking], known: Collection[str]
) -> Problem | None:
    """Return a problem if an order with an unknown outcome may be for the same money.

    *others* are the bookings with such orders, and *known* are the ids of the payments of the same
    account that the source still has for the invoice.
    """
    for other in others:
        same_account = (other.key.source, other.key.source_account) == (
            booking.key.source,
            booking.key.source_account,
        )
        if same_account and other.key.payment_id == booking.key.payment_id:
            may_be_same = True
        else:
            may_be_same = (
                other.line.invoice_id == booking.line.invoice_id
                and other.line.amount == booking.line.amount
                and not (same_account and other.key.payment_id in known)
            )
        if may_be_same:
            return Problem(
                "possible_duplicate",
                f"An order of {other.line.amount:f} for payment {other.key.payment_id} of "
                f"{other.key.source}, account {other.key.source_account}, has no known outcome. "
                "It may be for the same money, and may still be booked.",
            )
    return None


def add_up_open(bookings: Iterable[Booking], invoice: TargetInvoice) -> Decimal:
    """The sum of the orders for an invoice that may still be booked.

    An order does not count if the invoice already shows its payment.
    """
    total = Decimal(0)
    for booking in bookings:
        line = booking.line
        if line.invoice_id == invoice.id and not find_own(
            line.external_id, booking.payment_ids, invoice.payments or ()
        ):
            total = EXACT.add(total, line.amount)
    return total


def find_own(
    external_id: str, payment_ids: Iterable[str], payments: Iterable[Payment]
) -> list[Payment]:
    """The payments of a booking, also voided ones: by their ids, or by the external id."""
    known = frozenset(payment_ids)
    return [each for each in payments if each.id in known or each.external_id == external_id]
