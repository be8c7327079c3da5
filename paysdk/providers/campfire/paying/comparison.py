"""Comparing an item of an order with payments. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.exact import EXACT, add_exactly, sums_of_some
from paysdk.providers.campfire.paying.external_ids import external_id_fits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.order import ExpectedPayment

__all__ = [
    "add_up",
    "has_changed_external_id",
    "has_external_id",
    "has_kind_and_day",
    "has_transaction",
    "is_on_its_day",
    "is_surplus",
    "matches",
    "may_have_made",
    "select_by_amount",
    "select_with_changed_external_id",
    "select_without_external_id",
]

# The later schema's payment_type for each kind of item. It has none for debit memos.
_PAYMENT_TYPES = {
    "transactions": "BANK_TRANSACTION",
    "credit_memos": "CREDIT_MEMO",
    "empty_transactions": "MANUAL_TRANSACTION",
}
# Sums of more payments than this are not tried, because n payments have 2 to the power n sums.
_MAX_PIECES = 12


def may_have_made(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether *item* may have made *payment*, whatever the amount is."""
    if not has_kind_and_day(item, payment) or (
        item.transaction_id is not None and _transaction_ids(payment)
    ):
        return False
    if item.external_id is None:
        # A payment that is booked by hand has an external id only if somebody gave it one.
        return item.kind != "empty_transactions" or not payment.external_id
    return not payment.external_id or external_id_fits(item.external_id, payment.external_id)


def has_transaction(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether *payment* shows the bank transaction of *item*."""
    return item.transaction_id is not None and item.transaction_id in _transaction_ids(payment)


def _transaction_ids(payment: Payment) -> set[str]:
    raw = payment.raw
    shown = (raw.get("payment_transaction"), *(raw.get("payment_transactions") or ()))
    return {str(each) for each in shown if each is not None}


def has_external_id(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether *payment* has the external id of *item*, exactly as it was sent."""
    return item.external_id is not None and payment.external_id == item.external_id


def has_changed_external_id(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether the server may have made this payment's external id out of that of *item*."""
    if (
        item.external_id is None
        or not payment.external_id
        or payment.external_id == item.external_id
    ):
        return False
    return has_kind_and_day(item, payment) and external_id_fits(
        item.external_id, payment.external_id
    )


def select_with_changed_external_id(
    item: ExpectedPayment, payments: Iterable[Payment]
) -> list[Payment]:
    """The payments whose external id the server may have changed."""
    return [payment for payment in payments if has_changed_external_id(item, payment)]


def select_without_external_id(item: ExpectedPayment, payments: Iterable[Payment]) -> list[Payment]:
    """The payments whose external id the server may have dropped."""
    if item.external_id is None:
        return []
    return [
        payment
        for payment in payments
        if not payment.external_id and has_kind_and_day(item, payment)
    ]


def has_kind_and_day(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether *payment* is of the kind and of the day that *item* ordered."""
    # A payment from Stripe is ours only if it shows an external id of ours.
    if payment.source == "STRIPE" and not payment.external_id:
        return False
    if not is_on_its_day(item, payment):
        return False
    # A payment_type that is in no document may mean any kind.
    kind = str(payment.raw.get("payment_type")).upper().replace(" ", "_")
    return (
        item.kind not in _PAYMENT_TYPES
        or kind == _PAYMENT_TYPES[item.kind]
        or kind not in _PAYMENT_TYPES.values()
    )


def is_on_its_day(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether *payment* has the date that *item* has. A missing date fits any."""
    day = payment.payment_date
    return item.payment_date is None or day is None or day.isoformat() == item.payment_date


def matches(item: ExpectedPayment, payment: Payment) -> bool:
    """Whether *payment*, which is new, can be what *item* ordered.

    An id decides if the payment shows one. Otherwise everything that can be seen is compared.
    """
    raw = payment.raw
    if payment.amount != item.amount or not is_on_its_day(item, payment):
        return False
    if item.external_id is not None and (payment.external_id is not None or "external_id" in raw):
        return payment.external_id == item.external_id
    if item.transaction_id is not None:
        return has_transaction(item, payment)
    # An item without an external id cannot have made a payment with one.
    if payment.source == "STRIPE" or (item.external_id is None and payment.external_id is not None):
        return False
    return has_kind_and_day(item, payment)


def add_up(payments: Iterable[Payment]) -> Decimal:
    """The sum of the amounts."""
    return add_exactly(payment.amount for payment in payments)


def is_surplus(payments: Collection[Payment], amounts: Collection[Decimal]) -> bool:
    """Whether *payments* are these amounts and more of the same, and not something else."""
    total, ordered = add_up(payments), add_exactly(amounts)
    if len(payments) <= 1 or total <= ordered:
        return False
    return (
        sum(payment.amount in amounts for payment in payments) >= len(amounts)
        or EXACT.remainder(total, ordered) == 0
    )


def _withheld_amount(payment: Payment) -> Decimal:
    """The tax that the payer withheld. The later schema shows it in addition to the amount."""
    shown = payment.raw.get("withheld_amount")
    return Decimal(shown) if isinstance(shown, int | Decimal) else Decimal(0)


def select_by_amount(payments: list[Payment], amount: Decimal) -> list[Payment]:
    """The payments that have this amount each.

    If there are none, returns all payments if some of them add up to it, since a server may split a
    payment.
    """
    if single := [
        payment
        for payment in payments
        if amount in (payment.amount, EXACT.add(payment.amount, _withheld_amount(payment)))
    ]:
        return single
    sums = sums_of_some(payment.amount for payment in payments[:_MAX_PIECES])
    return payments if amount in sums else []
