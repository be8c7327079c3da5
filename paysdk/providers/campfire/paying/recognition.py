"""The rules that tell whether an order is booked. Pure.

Mark Invoice as Paid documents no idempotency, and no document says how the server keeps an
``external_id``. So paysdk compares the payments of the invoice with the order: before it is sent,
so that nothing is sent twice, and afterwards, to find the payments that it made. A payment that may
be somebody else's is never taken for ours.
"""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING
from unicodedata import normalize

from paysdk.providers.campfire.paying.refusals import partly_booked_error, surplus_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.order import Expected, PayOrder

__all__ = [
    "are_external_ids_kept",
    "can_be_found",
    "external_id_fits",
    "find_booked",
    "find_by_external_ids",
    "find_possible",
    "find_similar",
    "find_voided",
    "refuse_surplus",
]

# The later schema's payment_type for each kind of item. It has none for debit memos.
_PAYMENT_TYPES = {
    "transactions": "BANK_TRANSACTION",
    "credit_memos": "CREDIT_MEMO",
    "empty_transactions": "MANUAL_TRANSACTION",
}
# A shorter beginning is taken for another external id ("order-1" beside "order-10"), not for one
# that a server has cut.
_MIN_CUT_CHARS = 10
# Sums of more payments than this are not tried, because n payments have 2 to the power n sums.
_MAX_PIECES = 12


def external_id_fits(ours: str, kept: str) -> bool:
    """Whether a server may have changed *ours* into *kept*.

    It may change, drop or replace characters, and cut the end off.
    """
    if _is_or_begins(_normalise(ours), _normalise(kept)):
        return True
    left = _keep_letters(unescape(kept))
    if left and _is_or_begins(_keep_letters(ours), left):
        return True
    # An ASCII server drops or replaces the other letters, in the worst case all of them.
    if ours.isascii() or not (kept.isascii() or "\ufffd" in kept):
        return False
    return _is_or_begins(_keep_ascii(ours), _keep_ascii(unescape(kept)))


def _is_or_begins(sent: str, shown: str) -> bool:
    return shown == sent or (len(shown) >= _MIN_CUT_CHARS and sent.startswith(shown))


def _normalise(external_id: str) -> str:
    # Decomposed, so that an external id that was cut between a letter and its accent is still a
    # beginning of ours. A server that cuts bytes may leave a replacement character at the end.
    folded = normalize("NFKD", normalize("NFKD", external_id).casefold())
    return " ".join(folded.rstrip("\ufffd").split())


def _keep_letters(external_id: str) -> str:
    """The letters and digits, without accents.

    A number loses its leading zeros, as in a server that keeps numbers.
    """
    letters = "".join(filter(str.isalnum, _normalise(external_id)))
    return letters.lstrip("0") if letters.isdecimal() else letters


def _keep_ascii(external_id: str) -> str:
    composed = normalize("NFC", external_id)
    return _keep_letters("".join(filter(str.isascii, composed)))


def find_by_external_ids(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...] | None:
    """The ids of the order's payments, if all of them are there under their external ids.

    Otherwise returns ``None``. Several payments under one external id whose exact sum is the item's
    amount are that item, split by the server. Raises ``DuplicatePaymentError`` if more is booked
    under an external id than was ordered. Raises ``ConfigurationError`` if another payment has the
    external id, or if only some of the order's payments are there.
    """
    there = {
        payment.id: payment
        for payment in payments
        if payment.external_id in order.external_ids and not payment.is_voided
    }
    if not there:
        return None
    groups = {
        item.external_id: [each for each in there.values() if _has_external_id(item, each)]
        for item in order.expected
    }
    surplus = [
        payment
        for item in order.expected
        for payment in groups[item.external_id]
        if _is_surplus(groups[item.external_id], [item.amount])
    ]
    if surplus:
        raise surplus_error(surplus)
    if any(_sum(groups[item.external_id]) != item.amount for item in order.expected):
        raise partly_booked_error(there.values())
    return tuple(payment.id for item in order.expected for payment in groups[item.external_id])


def find_similar(
    order: PayOrder, payments: Collection[Payment], *, others: Collection[str] = ()
) -> tuple[Payment, ...]:
    """The live payments that may be this very order, though they do not have its external ids.

    The server may have changed or dropped the external id. *others* are the ids of payments that
    the caller knows to be something else.
    """
    live = [payment for payment in payments if not payment.is_voided and payment.id not in others]
    found: dict[str, Payment] = {}
    for item in order.expected:
        for group in (_select_changed(item, live), _select_without_external_id(item, live)):
            found |= {payment.id: payment for payment in _select_by_amount(group, item.amount)}
    return tuple(found.values())


def can_be_found(order: PayOrder, payments: Collection[Payment]) -> bool:
    """Whether a later call for *order*, which is booked, will recognise it among *payments*."""
    named = any(_has_external_id(item, payment) for item in order.expected for payment in payments)
    return named or bool(find_similar(order, payments) or find_voided(order, payments))


def find_voided(
    order: PayOrder, payments: Collection[Payment], *, others: Collection[str] = ()
) -> tuple[Payment, ...]:
    """The voided payments that may be the order, in whatever form its external id was kept."""
    voided = [payment for payment in payments if payment.is_voided and payment.id not in others]
    found: dict[str, Payment] = {}
    for item in order.expected:
        same_amount = [payment for payment in voided if payment.amount == item.amount]
        exact = [payment for payment in voided if _has_external_id(item, payment)]
        for payment in (
            *exact,
            *_select_changed(item, same_amount),
            *_select_without_external_id(item, same_amount),
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
        if not any(_has_external_id(item, payment) for payment in live)
    ]
    found: dict[str, Payment] = {}
    for item in order.expected:
        if item.external_id is None:
            continue
        group, amounts = (
            [payment for payment in live if _has_external_id(item, payment)],
            [item.amount],
        )
        if not group:
            group = _select_changed(item, new)
            amounts = [
                each.amount
                for each in unseen
                if any(_has_changed_external_id(each, payment) for payment in group)
            ]
        if not group:
            group = _select_without_external_id(item, new)
            amounts = [
                each.amount
                for each in unseen
                if any(_has_kind_and_day(each, payment) for payment in group)
            ]
        if _is_surplus(group, amounts):
            found |= {payment.id: payment for payment in group}
    if found:
        raise surplus_error(tuple(found.values()))


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
    """The ids of the payments that the order made, in the sequence of *payments*.

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
    rest: list[Expected] = []
    for item in order.expected:
        named = [payment for payment in new if _has_external_id(item, payment)] or _select_changed(
            item, new
        )
        if named and (
            _sum(named) != item.amount
            or not all(_is_on_its_day(item, payment) for payment in named)
        ):
            return None
        found += [payment.id for payment in named]
        rest += [] if named else [item]
    # The rest cannot be recognised by an external id. So there must be exactly as many payments
    # like them as were ordered, and no other order that may have made those.
    alike = [
        payment
        for payment in new
        if payment.id not in found and any(_matches(item, payment) for item in rest)
    ]
    theirs = [item for rival in rivals for item in rival.expected]
    if len(alike) != len(rest) or any(
        _matches(item, payment) for item in theirs for payment in alike
    ):
        return None
    for item in sorted(rest, key=lambda item: item.transaction_id is None):
        match = next((payment for payment in alike if _matches(item, payment)), None)
        if match is None:
            return None
        alike.remove(match)
        found.append(match.id)
    return tuple(payment.id for payment in new if payment.id in found)


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
            if _has_external_id(item, payment) or _has_transaction(item, payment)
        ]
        possible = certain or _select_by_amount(
            [payment for payment in live if _can_be(item, payment)], item.amount
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


def _can_be(item: Expected, payment: Payment) -> bool:
    if not _has_kind_and_day(item, payment) or (
        item.transaction_id is not None and _transaction_ids(payment)
    ):
        return False
    if item.external_id is None:
        # A payment that is booked by hand has an external id only if somebody gave it one.
        return item.kind != "empty_transactions" or not payment.external_id
    return not payment.external_id or external_id_fits(item.external_id, payment.external_id)


def _has_transaction(item: Expected, payment: Payment) -> bool:
    return item.transaction_id is not None and item.transaction_id in _transaction_ids(payment)


def _transaction_ids(payment: Payment) -> set[str]:
    raw = payment.raw
    shown = (raw.get("payment_transaction"), *(raw.get("payment_transactions") or ()))
    return {str(each) for each in shown if each is not None}


def _has_external_id(item: Expected, payment: Payment) -> bool:
    return item.external_id is not None and payment.external_id == item.external_id


def _has_changed_external_id(item: Expected, payment: Payment) -> bool:
    if (
        item.external_id is None
        or not payment.external_id
        or payment.external_id == item.external_id
    ):
        return False
    return _has_kind_and_day(item, payment) and external_id_fits(
        item.external_id, payment.external_id
    )


def _select_changed(item: Expected, payments: Iterable[Payment]) -> list[Payment]:
    return [payment for payment in payments if _has_changed_external_id(item, payment)]


def _select_without_external_id(item: Expected, payments: Iterable[Payment]) -> list[Payment]:
    if item.external_id is None:
        return []
    return [
        payment
        for payment in payments
        if not payment.external_id and _has_kind_and_day(item, payment)
    ]


def _has_kind_and_day(item: Expected, payment: Payment) -> bool:
    """Whether *payment* is of the kind and of the day that *item* ordered."""
    # A payment of Stripe is not ours, unless it shows an external id that we gave.
    if payment.source == "STRIPE" and not payment.external_id:
        return False
    if not _is_on_its_day(item, payment):
        return False
    # A payment_type that is in no document may mean any kind.
    kind = str(payment.raw.get("payment_type")).upper().replace(" ", "_")
    return (
        item.kind not in _PAYMENT_TYPES
        or kind == _PAYMENT_TYPES[item.kind]
        or kind not in _PAYMENT_TYPES.values()
    )


def _is_on_its_day(item: Expected, payment: Payment) -> bool:
    day = payment.payment_date
    return item.payment_date is None or day is None or day.isoformat() == item.payment_date


def _matches(item: Expected, payment: Payment) -> bool:
    """Whether *payment*, which is new, can be what *item* ordered.

    An id decides if the payment shows one. Otherwise everything that can be seen is compared.
    """
    raw = payment.raw
    if payment.amount != item.amount or not _is_on_its_day(item, payment):
        return False
    if item.external_id is not None and (payment.external_id is not None or "external_id" in raw):
        return payment.external_id == item.external_id
    if item.transaction_id is not None:
        return _has_transaction(item, payment)
    # A payment with an external id is not that of an item without one.
    if payment.source == "STRIPE" or (item.external_id is None and payment.external_id is not None):
        return False
    return _has_kind_and_day(item, payment)


def _sum(payments: Iterable[Payment]) -> Decimal:
    return sum((payment.amount for payment in payments), Decimal(0))


def _is_surplus(payments: Collection[Payment], amounts: Collection[Decimal]) -> bool:
    """Whether *payments* are these amounts and more of the same, and not something else."""
    total, ordered = _sum(payments), sum(amounts, Decimal(0))
    if len(payments) <= 1 or total <= ordered:
        return False
    return (
        sum(payment.amount in amounts for payment in payments) >= len(amounts)
        or total % ordered == 0
    )


def _withheld_amount(payment: Payment) -> Decimal:
    """What the payer kept back for taxes. The later schema shows it beside the amount."""
    shown = payment.raw.get("withheld_amount")
    return Decimal(shown) if isinstance(shown, int | Decimal) else Decimal(0)


def _select_by_amount(payments: list[Payment], amount: Decimal) -> list[Payment]:
    """The payments that have this amount each.

    If there are none, returns all payments if some of them add up to it, since a server may split a
    payment.
    """
    if single := [
        payment
        for payment in payments
        if amount in (payment.amount, payment.amount + _withheld_amount(payment))
    ]:
        return single
    sums = {Decimal(0)}
    for payment in payments[:_MAX_PIECES]:
        sums |= {already + payment.amount for already in sums}
    return payments if amount in sums else []
