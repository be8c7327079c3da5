"""The errors that say why an order is not sent, or that too much is booked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError, DuplicatePaymentError

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.sent_order import SentOrder

__all__ = [
    "describe_sent",
    "draft_error",
    "earlier_order_error",
    "external_id_taken_error",
    "overpayment_error",
    "partly_booked_error",
    "similar_payments_error",
    "surplus_error",
    "voided_error",
]


def similar_payments_error(similar: Collection[Payment]) -> DuplicatePaymentError:
    """Some payments may be this very order."""
    return DuplicatePaymentError(
        "Nothing was sent. This order may be booked already, with an external id that the server "
        f"changed or did not keep: payments {_list(similar)}. Compare them with your order. If "
        "they are this order, it is paid. If they are other payments, pass their ids in "
        "other_payments=.",
        payment_ids=tuple(payment.id for payment in similar),
    )


def earlier_order_error(sent: SentOrder) -> DuplicatePaymentError:
    """Another order had the same external id, and is booked."""
    return DuplicatePaymentError(
        f"Nothing was sent. {describe_sent(sent)} has the same external id and is booked: "
        f"payments {', '.join(sent.payment_ids)}. Use another external id for this order.",
        payment_ids=sent.payment_ids,
    )


def draft_error(sent: SentOrder) -> DuplicatePaymentError:
    """Campfire accepted the order, and does not show it as booked."""
    return DuplicatePaymentError(
        f"Nothing was sent. {describe_sent(sent)} was accepted but does not show as booked. It "
        "may wait in Campfire for approval. If it was rejected there, call "
        f"release_orders({sent.invoice_id}) and pay again."
    )


def surplus_error(payments: Collection[Payment]) -> DuplicatePaymentError:
    """More live payments are under an external id than were ordered."""
    details = ", ".join(
        f"{payment.id} ({payment.amount}, invoice {payment.invoice.id})" for payment in payments
    )
    return DuplicatePaymentError(
        f"More is booked under one external id than was ordered: payments {details}. Decide which "
        "payment is right, and void the others in Campfire "
        "(POST /coa/api/v1/invoice/<invoice>/payment/<payment>/void/). Do not pay again.",
        payment_ids=tuple(payment.id for payment in payments),
        sent=True,
    )


def external_id_taken_error(payment: Payment) -> ConfigurationError:
    """A payment of another invoice has the external id."""
    return ConfigurationError(
        f"Nothing was sent. External id {payment.external_id!r} already belongs to payment "
        f"{payment.id} of invoice {payment.invoice.id}. Use another external id."
    )


def partly_booked_error(payments: Collection[Payment]) -> ConfigurationError:
    """Payments have external ids of this order, but are not the whole order."""
    taken = ", ".join(
        f"{payment.external_id!r} (payment {payment.id}, {payment.amount})" for payment in payments
    )
    return ConfigurationError(
        f"Nothing was sent. These external ids are booked already: {taken}. Leave out the items "
        "that are booked, or use other external ids."
    )


def voided_error(voided: Collection[Payment]) -> ConfigurationError:
    """The order was booked, and the payment voided."""
    return ConfigurationError(
        f"Nothing was sent. This order was booked and voided: payments {_list(voided)}. To book "
        "it again, pass rebook_voided=True."
    )


def overpayment_error(invoice_id: int, total: Decimal, due: Decimal) -> ConfigurationError:
    """The order is more than what is due."""
    return ConfigurationError(
        f"Nothing was sent. The order is {total}, but only {due} is due on invoice {invoice_id}. "
        "Campfire would turn the rest into a credit memo. If you want that, pass "
        "allow_overpayment=True."
    )


def describe_sent(sent: SentOrder) -> str:
    """An order that was sent earlier, in words that begin a sentence."""
    return (
        f"An earlier order for invoice {sent.invoice_id} "
        f"(sent at {sent.sent_at:%Y-%m-%d %H:%M:%S} UTC)"
    )


def _list(payments: Collection[Payment]) -> str:
    return ", ".join(
        f"{payment.id} ({payment.amount}, external id {payment.external_id!r})"
        for payment in payments
    )
