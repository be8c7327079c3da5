"""Whether an order to pay was booked: the rules by which what is found is recognised. Pure.

Mark Invoice as Paid has no documented idempotency, so an answer that does not come leaves one thing to do: compare the invoice with what it
was before. What could also be somebody else's is not taken for ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying import Expected, PayOrder

__all__ = ["booked", "with_external_ids"]

# What the later schema calls a payment of each kind (payment_type); it has no word of its own for debit memos.
_PAYMENT_TYPES = {"transactions": "BANK_TRANSACTION", "credit_memos": "CREDIT_MEMO", "empty_transactions": "MANUAL_TRANSACTION"}


def with_external_ids(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...] | None:
    """The ids of the payments that the order would make, where all of them are there already under their external ids; else ``None``.

    Raises ``ConfigurationError`` where an external id is taken by another payment, or only some of the order's are there.
    """
    there = {payment.id: payment for payment in payments if payment.external_id in order.external_ids and not payment.is_voided}
    if not there:
        return None
    amounts = {item.external_id: item.amount for item in order.expected}
    same = [payment for payment in there.values() if payment.amount == amounts[payment.external_id]]
    if len(same) < len(there) or {payment.external_id for payment in same} != set(amounts):
        taken = ", ".join(f"{payment.external_id!r} (payment {payment.id}, {payment.amount})" for payment in there.values())
        raise ConfigurationError(f"Nothing was sent: booked already are {taken}. Leave out what is booked, or use other external_ids.")
    return tuple(payment.id for name in amounts for payment in same if payment.external_id == name)


def booked(
    order: PayOrder, payments: Collection[Payment], *, before: Collection[str], currency: str | None, rivals: Iterable[PayOrder] = ()
) -> tuple[str, ...] | None:
    """The ids of the payments that the order made, in the order of *payments*, if it is certain which they are; else ``None``.

    *before* are the ids of what stood there when the order was sent, or is another order's; *currency* is the invoice's. *rivals* are
    orders of which nobody knows what became of them: a payment that one of those may have made is not certainly ours.
    """
    new = [
        payment
        for payment in payments
        if payment.id not in before and not payment.is_voided and (payment.currency or currency) == (currency or payment.currency)
    ]
    found: list[str] = []
    rest: list[Expected] = []
    for item in order.expected:
        named = [payment for payment in new if _names(item, payment)]
        if len(named) > 1 or any(not _is(item, payment) for payment in named):
            return None
        found += [payment.id for payment in named]
        rest += [] if named else [item]
    # The rest have nothing that names them, so there must be as many of their like as were ordered, and nobody else who may have made them.
    alike = [payment for payment in new if payment.id not in found and any(_is(item, payment) for item in rest)]
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


def _names(item: Expected, payment: Payment) -> bool:
    return item.external_id is not None and payment.external_id == item.external_id


def _is(item: Expected, payment: Payment) -> bool:
    """Whether *payment*, which is new, can be what *item* ordered: by an id where there is one to compare, else by all that can be seen."""
    raw = payment.raw
    if payment.amount != item.amount:
        return False
    if item.payment_date is not None and payment.payment_date is not None and payment.payment_date.isoformat() != item.payment_date:
        return False
    if item.external_id is not None and (payment.external_id is not None or "external_id" in raw):
        return payment.external_id == item.external_id
    if item.transaction_id is not None:
        return item.transaction_id in map(str, [raw.get("payment_transaction"), *(raw.get("payment_transactions") or ())])
    # Stripe's payments are its own, and an id that somebody gave is not that of an item that has none.
    if payment.source == "STRIPE" or (item.external_id is None and payment.external_id is not None):
        return False
    return raw.get("payment_type") in (None, "", _PAYMENT_TYPES.get(item.kind, raw.get("payment_type")))
