"""Whether an order to pay was booked: the rules by which what is found is recognised. Pure.

Mark Invoice as Paid documents no idempotency, and no document says how the server keeps an
``external_id``. So the payments of the invoice are compared with the order: before it is sent, to
send nothing twice, and afterwards, to find what it made. A payment that may as well be somebody
else's is not taken for ours.
"""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING
from unicodedata import normalize

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.paying.refusals import too_many_booked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.order import Expected, PayOrder

__all__ = [
    "find_booked",
    "fits_name",
    "may_be_booked",
    "may_have_made",
    "names_kept",
    "refuse_surplus",
    "voided_under",
    "with_external_ids",
    "would_be_found",
]

# What the later schema calls a payment of each kind (payment_type). It has no word of its own for
# debit memos.
_PAYMENT_TYPES = {
    "transactions": "BANK_TRANSACTION",
    "credit_memos": "CREDIT_MEMO",
    "empty_transactions": "MANUAL_TRANSACTION",
}
# A shorter beginning of a name is another name ("order-1" beside "order-10") rather than one that a
# server has cut.
_LEAST_CUT_CHARS = 10
# Sums of more payments than these are not tried: there are two to this power of them.
_MAX_PIECES = 12


def fits_name(ours: str, kept: str) -> bool:
    """Whether a server that changes, drops or replaces characters, or cuts names, may have made *kept* of *ours*."""
    if _is_made_of(_normal(ours), _normal(kept)):
        return True
    left = _letters(unescape(kept))
    if left and _is_made_of(_letters(ours), left):
        return True
    # An ASCII server drops the other letters or replaces them, at worst all of them.
    if ours.isascii() or not (kept.isascii() or "\ufffd" in kept):
        return False
    return _is_made_of(_only_ascii(ours), _only_ascii(unescape(kept)))


def _is_made_of(sent: str, shown: str) -> bool:
    return shown == sent or (len(shown) >= _LEAST_CUT_CHARS and sent.startswith(shown))


def _normal(name: str) -> str:
    # Decomposed, so that a name that was cut between a letter and its accent is still a beginning
    # of ours. A server that cuts bytes may leave a replacement character at the end.
    folded = normalize("NFKD", normalize("NFKD", name).casefold())
    return " ".join(folded.rstrip("\ufffd").split())


def _letters(name: str) -> str:
    """The letters and digits of *name*, without accents.

    What keeps numbers drops the zeros before one.
    """
    letters = "".join(filter(str.isalnum, _normal(name)))
    return letters.lstrip("0") if letters.isdecimal() else letters


def _only_ascii(name: str) -> str:
    composed = normalize("NFC", name)
    return _letters("".join(filter(str.isascii, composed)))


def with_external_ids(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...] | None:
    """The ids of the payments that the order would make, if all of them are there under their external ids; else ``None``.

    Several payments under one name whose exact sum is the item's amount are that item, which the
    server has split. Raises ``DuplicatePaymentError`` if more is booked under a name than the
    order, and ``ConfigurationError`` if a name is taken by another payment, or if only some of the
    order's are there.
    """
    there = {
        payment.id: payment
        for payment in payments
        if payment.external_id in order.external_ids and not payment.is_voided
    }
    if not there:
        return None
    groups = {
        item.external_id: [each for each in there.values() if _has_name(item, each)]
        for item in order.expected
    }
    surplus = [
        payment
        for item in order.expected
        for payment in groups[item.external_id]
        if _too_many(groups[item.external_id], [item.amount])
    ]
    if surplus:
        raise too_many_booked(surplus)
    if any(_sum(groups[item.external_id]) != item.amount for item in order.expected):
        taken = ", ".join(
            f"{payment.external_id!r} (payment {payment.id}, {payment.amount})"
            for payment in there.values()
        )
        raise ConfigurationError(
            f"Nothing was sent: booked already are {taken}. Leave out what is booked, or use "
            "other external_ids."
        )
    return tuple(payment.id for item in order.expected for payment in groups[item.external_id])


def may_be_booked(
    order: PayOrder, payments: Collection[Payment], *, others: Collection[str] = ()
) -> tuple[Payment, ...]:
    """The live payments that may be this very order, under a name that the server has changed or not kept.

    *others* are the ids of payments that the caller knows to be something else.
    """
    live = [payment for payment in payments if not payment.is_voided and payment.id not in others]
    found: dict[str, Payment] = {}
    for item in order.expected:
        for group in (_renamed(item, live), _nameless(item, live)):
            found |= {payment.id: payment for payment in _reaching(group, item.amount)}
    return tuple(found.values())


def would_be_found(order: PayOrder, payments: Collection[Payment]) -> bool:
    """Whether a later call for *order*, which is booked, sees among *payments* that it may be."""
    named = any(_has_name(item, payment) for item in order.expected for payment in payments)
    return named or bool(may_be_booked(order, payments) or voided_under(order, payments))


def voided_under(
    order: PayOrder, payments: Collection[Payment], *, others: Collection[str] = ()
) -> tuple[Payment, ...]:
    """The voided payments under a name of the order, in whatever form the server has kept it."""
    voided = [payment for payment in payments if payment.is_voided and payment.id not in others]
    found: dict[str, Payment] = {}
    for item in order.expected:
        same_amount = [payment for payment in voided if payment.amount == item.amount]
        exact = [payment for payment in voided if _has_name(item, payment)]
        for payment in (*exact, *_renamed(item, same_amount), *_nameless(item, same_amount)):
            found[payment.id] = payment
    return tuple(found.values())


def refuse_surplus(
    order: PayOrder, payments: Collection[Payment], *, before: Collection[str]
) -> None:
    """Raise ``DuplicatePaymentError`` if more live payments are under a name of the order than it ordered.

    *before* are the ids of what was there when the order was sent: only what is under the very name
    counts of those.
    """
    live = [payment for payment in payments if not payment.is_voided]
    new = [payment for payment in live if payment.id not in before]
    unseen = [
        item for item in order.expected if not any(_has_name(item, payment) for payment in live)
    ]
    found: dict[str, Payment] = {}
    for item in order.expected:
        if item.external_id is None:
            continue
        group, amounts = [payment for payment in live if _has_name(item, payment)], [item.amount]
        if not group:
            group = _renamed(item, new)
            amounts = [
                each.amount
                for each in unseen
                if any(_is_renamed(each, payment) for payment in group)
            ]
        if not group:
            group = _nameless(item, new)
            amounts = [
                each.amount for each in unseen if any(_is_like(each, payment) for payment in group)
            ]
        if _too_many(group, amounts):
            found |= {payment.id: payment for payment in group}
    if found:
        raise too_many_booked(tuple(found.values()))


def names_kept(order: PayOrder, payments: Collection[Payment]) -> bool:
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
    """The ids of the payments that the order made, in the order of *payments*, if it is certain which they are; else ``None``.

    *before* are the ids of what was there when the order was sent, or is another order's;
    *currency* is the invoice's. *rivals* are orders whose outcome is unknown: a payment that one of
    those may have made is not certainly ours.
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
        named = [payment for payment in new if _has_name(item, payment)] or _renamed(item, new)
        if named and (
            _sum(named) != item.amount
            or not all(_is_on_its_day(item, payment) for payment in named)
        ):
            return None
        found += [payment.id for payment in named]
        rest += [] if named else [item]
    # The rest have nothing that names them, so there must be as many of their like as were ordered,
    # and no other order that may have made them.
    alike = [
        payment
        for payment in new
        if payment.id not in found and any(_is(item, payment) for item in rest)
    ]
    theirs = [item for rival in rivals for item in rival.expected]
    if len(alike) != len(rest) or any(_is(item, payment) for item in theirs for payment in alike):
        return None
    for item in sorted(rest, key=lambda item: item.transaction_id is None):
        match = next((payment for payment in alike if _is(item, payment)), None)
        if match is None:
            return None
        alike.remove(match)
        found.append(match.id)
    return tuple(payment.id for payment in new if payment.id in found)


def may_have_made(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...]:
    """The ids of those of *payments*, which are new, that may be the order's.

    None, if they cannot be the whole order.
    """
    live = [payment for payment in payments if not payment.is_voided]
    found: set[str] = set()
    for item in order.expected:
        certain = [
            payment
            for payment in live
            if _has_name(item, payment) or _has_transaction(item, payment)
        ]
        possible = certain or _reaching(
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
    if not _is_like(item, payment) or (
        item.transaction_id is not None and _transactions_of(payment)
    ):
        return False
    if item.external_id is None:
        # What is booked by hand has no id unless somebody gave it one.
        return item.kind != "empty_transactions" or not payment.external_id
    return not payment.external_id or fits_name(item.external_id, payment.external_id)


def _has_transaction(item: Expected, payment: Payment) -> bool:
    return item.transaction_id is not None and item.transaction_id in _transactions_of(payment)


def _transactions_of(payment: Payment) -> set[str]:
    raw = payment.raw
    shown = (raw.get("payment_transaction"), *(raw.get("payment_transactions") or ()))
    return {str(each) for each in shown if each is not None}


def _has_name(item: Expected, payment: Payment) -> bool:
    return item.external_id is not None and payment.external_id == item.external_id


def _is_renamed(item: Expected, payment: Payment) -> bool:
    if (
        item.external_id is None
        or not payment.external_id
        or payment.external_id == item.external_id
    ):
        return False
    return _is_like(item, payment) and fits_name(item.external_id, payment.external_id)


def _renamed(item: Expected, payments: Iterable[Payment]) -> list[Payment]:
    return [payment for payment in payments if _is_renamed(item, payment)]


def _nameless(item: Expected, payments: Iterable[Payment]) -> list[Payment]:
    if item.external_id is None:
        return []
    return [payment for payment in payments if not payment.external_id and _is_like(item, payment)]


def _is_like(item: Expected, payment: Payment) -> bool:
    """Whether *payment* is of the kind and of the day that *item* ordered."""
    # Stripe's payments are its own, unless they show a name that we gave.
    if payment.source == "STRIPE" and not payment.external_id:
        return False
    if not _is_on_its_day(item, payment):
        return False
    # A word that no document has may mean any kind.
    kind = str(payment.raw.get("payment_type")).upper().replace(" ", "_")
    return (
        item.kind not in _PAYMENT_TYPES
        or kind == _PAYMENT_TYPES[item.kind]
        or kind not in _PAYMENT_TYPES.values()
    )


def _is_on_its_day(item: Expected, payment: Payment) -> bool:
    day = payment.payment_date
    return item.payment_date is None or day is None or day.isoformat() == item.payment_date


def _is(item: Expected, payment: Payment) -> bool:
    """Whether *payment*, which is new, can be what *item* ordered: by an id if it shows one, else by all that can be seen."""
    raw = payment.raw
    if payment.amount != item.amount or not _is_on_its_day(item, payment):
        return False
    if item.external_id is not None and (payment.external_id is not None or "external_id" in raw):
        return payment.external_id == item.external_id
    if item.transaction_id is not None:
        return _has_transaction(item, payment)
    # An id that somebody gave is not that of an item that has none.
    if payment.source == "STRIPE" or (item.external_id is None and payment.external_id is not None):
        return False
    return _is_like(item, payment)


def _sum(payments: Iterable[Payment]) -> Decimal:
    return sum((payment.amount for payment in payments), Decimal(0))


def _too_many(payments: Collection[Payment], amounts: Collection[Decimal]) -> bool:
    """Whether *payments* are these amounts and more of the same, and not something else altogether."""
    total, ordered = _sum(payments), sum(amounts, Decimal(0))
    if len(payments) <= 1 or total <= ordered:
        return False
    return (
        sum(payment.amount in amounts for payment in payments) >= len(amounts)
        or total % ordered == 0
    )


def _withheld(payment: Payment) -> Decimal:
    """What the payer has kept back for taxes, which the later schema shows beside the amount."""
    shown = payment.raw.get("withheld_amount")
    return Decimal(shown) if isinstance(shown, int | Decimal) else Decimal(0)


def _reaching(payments: list[Payment], amount: Decimal) -> list[Payment]:
    """Those of *payments* that have this amount, or all of them if some have it together, as a server splits payments."""
    if single := [
        payment
        for payment in payments
        if amount in (payment.amount, payment.amount + _withheld(payment))
    ]:
        return single
    sums = {Decimal(0)}
    for payment in payments[:_MAX_PIECES]:
        sums |= {already + payment.amount for already in sums}
    return payments if amount in sums else []
