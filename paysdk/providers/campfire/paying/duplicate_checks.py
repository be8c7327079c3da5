"""The checks that keep an invoice from being paid twice: what stops an order that may be booked.

Pure: they depend only on what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.errors import DuplicatePaymentError
from paysdk.providers.campfire.paying.recognition import (
    find_by_external_ids,
    find_similar,
    find_voided,
    refuse_surplus,
)
from paysdk.providers.campfire.paying.refusals import (
    draft_error,
    earlier_order_error,
    external_id_taken_error,
    overpayment_error,
    similar_payments_error,
    voided_error,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.lookup import Snapshot
    from paysdk.providers.campfire.paying.sent_order import SentOrder
    from paysdk.providers.campfire.paying.turns import Turn

__all__ = [
    "check_consent",
    "check_found_or_drafted",
    "check_similar",
    "check_surplus",
    "find_already_booked",
    "find_under_external_ids",
]


def find_already_booked(
    turn: Turn, snapshot: Snapshot, open_orders: Iterable[SentOrder]
) -> tuple[str, ...] | None:
    """The payments of the order, if its external ids show them, or if it was open and is found."""
    if (payment_ids := find_under_external_ids(turn, snapshot)) is not None:
        return payment_ids
    for sent in open_orders:
        if sent.payment_ids and sent.is_exactly(turn.invoice_id, turn.order):
            return sent.payment_ids
    return None


def find_under_external_ids(turn: Turn, snapshot: Snapshot) -> tuple[str, ...] | None:
    """The payments that are booked under the order's external ids.

    Raises ``ConfigurationError`` if one of them pays another invoice.
    """
    try:
        payment_ids = find_by_external_ids(turn.order, snapshot.payments)
    except DuplicatePaymentError as error:
        raise turn.operation.locate(error) from None
    for payment in snapshot.payments:
        is_live = payment.external_id in turn.order.external_ids and not payment.is_voided
        if is_live and payment.invoice.id != str(turn.invoice_id):
            raise external_id_taken_error(payment)
    return payment_ids


def check_similar(turn: Turn, snapshot: Snapshot) -> None:
    """Raise ``DuplicatePaymentError`` if some payment may be this very order."""
    if similar := find_similar(turn.order, snapshot.payments, others=turn.consent.others):
        raise turn.operation.locate(similar_payments_error(similar))


def check_found_or_drafted(turn: Turn, sent: SentOrder) -> None:
    """Raise ``DuplicatePaymentError`` if *sent*, an earlier order, is booked or is a draft."""
    if sent.payment_ids:
        raise turn.operation.locate(earlier_order_error(sent))
    if sent.drafted:
        raise turn.operation.locate(draft_error(sent))


def check_consent(turn: Turn, snapshot: Snapshot) -> None:
    """Raise ``ConfigurationError`` for what only the caller can allow."""
    consent, total, due = turn.consent, turn.order.total, snapshot.invoice.amount_due
    voided = find_voided(turn.order, snapshot.payments, others=consent.others)
    if voided and not consent.rebook_voided:
        raise voided_error(voided)
    if due is not None and total > due and not consent.overpayment:
        raise overpayment_error(turn.invoice_id, total, due)


def check_surplus(turn: Turn, sent: SentOrder, payments: tuple[Payment, ...]) -> None:
    """Raise ``DuplicatePaymentError`` if more is booked than *sent* ordered."""
    try:
        refuse_surplus(turn.order, payments, before=sent.before)
    except DuplicatePaymentError as error:
        raise turn.operation.locate(error) from None
