"""The rules that tell whether an order is booked. Pure.

Mark Invoice as Paid documents no idempotency, and no document says how the server keeps an
``external_id``. So paysdk compares the payments of the invoice with the order: before it is sent,
so that nothing is sent twice, and afterwards, to find the payments that it made. A payment that may
be somebody else's is never taken for ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.providers.campfire.paying.comparison import (
    add_up,
    has_changed_external_id,
    has_external_id,
    has_kind_and_day,
    has_transaction,
    is_on_its_day,
    is_surplus,
    matches,
    may_have_made,
    select_by_amount,
    select_with_changed_external_id,
    select_without_external_id,
)
from paysdk.providers.campfire.paying.refusals import partly_booked_error, surplus_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from decimal import Decimal

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.order import ExpectedPayment, PayOrder

__all__ = [
    "are_external_ids_kept",
    "can_be_found",
    "find_booked",
    "find_by_external_ids",
    "find_possible",
    "find_similar",
    "find_voided",
    "refuse_surplus",
]


def find_by_external_ids(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...] | None:
    """The ids of the order's payments, if all of them are there under their external ids.

    Otherwise returns ``None``. If several payments have one external id, and their exact sum is the
    item's amount, they are that item, which the server has split. Raises ``DuplicatePaymentError``
    if more is booked under an external id than was ordered. Raises ``ConfigurationError`` if
    another payment has the external id, or if only some of the order's payments are there.
    """
    there = {
        payment.id: payment
        for payment in payments
        if payment.external_id in order.external_ids and not payment.is_voided
    }
    if not there:
        return None
    groups = {
        item.external_id: [each for each in there.values() if has_external_id(item, each)]
        for item in order.expected
    }
    unseen = [item for item in order.expected if not groups[item.external_id]]
    surplus = [
        payment
        for group in (groups[item.external_id] for item in order.expected)
        if is_surplus(group, _amounts_under(group, order, unseen))
        for payment in group
    ]
    if surplus:
        raise surplus_error(surplus)
    if any(add_up(groups[item.external_id]) != item.amount for item in order.expected):
        raise partly_booked_error(there.values())
    return tuple(payment.id for item in order.expected for payment in groups[item.external_id])


def find_similar(
    order: PayOrder, payments: Collection[Payment], *, others: Collection[str] = ()
) -> tuple[Payment, ...]:
    """The live payments that may be this very order, though they do not have its external ids.

    The server may have changed or dropped the external id. *others* are the ids of payments that,
    as the caller knows, this order did not make.
    """
    live = [payment for payment in payments if not payment.is_voided and payment.id not in others]
    found: dict[str, Payment] = {}
    for item in order.expected:
        for group in (
            select_with_changed_external_id(item, live),
            select_without_external_id(item, live),
        ):
            found |= {payment.id: payment for payment in select_by_amount(group, item.amount)}
    return tuple(found.values())


def can_be_found(order: PayOrder, payments: Collection[Payment]) -> bool:
    """Whether a later call for *order*, which is booked, will recognise it among *payments*."""
    named = any(has_external_id(item, payment) for item in order.expected for payment in payments)
    return named or bool(find_similar(order, payments) or find_voided(order, payments))


def find_voided(
    order: PayOrder, payments: Collection[Payment], *, others: Collection[str] = ()
) -> tuple[Payment, ...]:
    """The voided payments that may be the order, in whatever form its external id was kept."""
    voided = [payment for payment in payments if payment.is_voided and payment.id not in others]
    found: dict[str, Payment] = {}
    for item in order.expected:
        same_amount = [payment for payment in voided if payment.amount == item.amount]
        exact = [payment for payment in voided if has_external_id(item, payment)]
        for payment in (
            *exact,
            *select_with_changed_external_id(item, same_amount),
            *select_without_external_id(item, same_amount),
        ):
            found[payment.id] = payment
    return tuple(found.values())


def refuse_surplus(
    order: PayOrder, payments: Collection[Payment], *, before: Collection[str]
) -> None:
    """Raise ``DuplicatePaymentError`` if more is booked under an external id than the order says.

    *before* are the ids of the payments that were there when the order was sent. Of those, only the
    ones under exactly this external id count.
    """
    live = [payment for payment in payments if not payment.is_voided]
    new = [payment for payment in live if payment.id not in before]
    unseen = [
        item
        for item in order.expected
        if not any(has_external_id(item, payment) for payment in live)
    ]
    found: dict[str, Payment] = {}
    for item in order.expected:
        if item.external_id is None:
            continue
        group = [payment for payment in live if has_external_id(item, payment)]
        group = group or select_with_changed_external_id(item, new)
        amounts = _amounts_under(group, order, unseen)
        if not group:
            group = select_without_external_id(item, new)
            amounts = [
                each.amount
                for each in unseen
                if any(has_kind_and_day(each, payment) for payment in group)
            ]
        if is_surplus(group, amounts):
            found |= {payment.id: payment for payment in group}
    if found:
        raise surplus_error(tuple(found.values()))


def _amounts_under(
    group: Collection[Payment], order: PayOrder, unseen: Collection[ExpectedPayment]
) -> list[Decimal]:
    """The amounts of the items that a server may have booked as *group*.

    A server may turn two external ids into one, such as "receipt-1" and "Receipt-1" into
    "receipt-1". So the *unseen* items count too: the items whose external id no payment shows
    exactly.
    """
    return [
        item.amount
        for item in order.expected
        if any(
            has_external_id(item, payment)
            or (item in unseen and has_changed_external_id(item, payment))
            for payment in group
        )
    ]


def are_external_ids_kept(order: PayOrder, payments: Collection[Payment]) -> bool:
    """Whether every external id of the order is shown exactly as it was sent."""
    shown = {payment.external_id for payment in payments if not payment.is_voided}
    return order.external_ids <= shown


def find_booked(
    order: PayOrder,
    payments: Collection[Payment],
    *,
    before: Collection[str],
    currency: str | None,
    rivals: Iterable[PayOrder] = (),
) -> tuple[str, ...] | None:
    """The ids of the payments that the order made, in the order of *payments*.

    Returns ``None`` unless it is certain which they are. *before* are the ids of payments that were
    there when the order was sent, or that another order made. *currency* is the invoice's. *rivals*
    are other orders whose outcome is unknown: a payment that one of them may have made is not
    certainly ours.
    """
    new = [
        payment
        for payment in payments
        if payment.id not in before
        and not payment.is_voided
        and (payment.currency or currency) == (currency or payment.currency)
    ]
    found: list[str] = []
    rest: list[ExpectedPayment] = []
    for item in order.expected:
        named = [
            payment for payment in new if has_external_id(item, payment)
        ] or select_with_changed_external_id(item, new)
        if named and (
            add_up(named) != item.amount
            or not all(is_on_its_day(item, payment) for payment in named)
        ):
            return None
        found += [payment.id for payment in named]
        rest += [] if named else [item]
    others = [payment for payment in new if payment.id not in found]
    theirs = [item for rival in rivals for item in rival.expected]
    alike = _find_alike(rest, others, theirs)
    if alike is None:
        return None
    found += alike
    return tuple(payment.id for payment in new if payment.id in found)


def _find_alike(
    items: list[ExpectedPayment], payments: list[Payment], theirs: list[ExpectedPayment]
) -> list[str] | None:
    """The ids of the payments of *items*, which cannot be recognised by an external id.

    Returns ids only if exactly as many payments match as there are items, and if these payments
    match no item of *theirs*, the items of other orders. Otherwise returns ``None``.
    """
    alike = [payment for payment in payments if any(matches(item, payment) for item in items)]
    if len(alike) != len(items) or any(
        matches(item, payment) for item in theirs for payment in alike
    ):
        return None
    found: list[str] = []
    for item in sorted(items, key=lambda item: item.transaction_id is None):
        match = next((payment for payment in alike if matches(item, payment)), None)
        if match is None:
            return None
        alike.remove(match)
        found.append(match.id)
    return found


def find_possible(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...]:
    """The ids of the new *payments* that may be the order's.

    Returns an empty tuple if they cannot be the whole order.
    """
    live = [payment for payment in payments if not payment.is_voided]
    found: set[str] = set()
    for item in order.expected:
        certain = [
            payment
            for payment in live
            if has_external_id(item, payment) or has_transaction(item, payment)
        ]
        possible = certain or select_by_amount(
            [payment for payment in live if may_have_made(item, payment)], item.amount
        )
        if not possible:
            return ()
        found |= {payment.id for payment in possible}
    # Each item makes a payment of its own.
    return (
        tuple(payment.id for payment in live if payment.id in found)
        if len(found) >= len(order.expected)
        else ()
    )
