"""The errors that say why an order or a void is not sent, or that too much is booked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError, DuplicatePaymentError
from paysdk.providers.campfire.paying.sent_order import describe_time

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
    "may_refund",
    "not_of_this_invoice_error",
    "overpayment_error",
    "partly_booked_error",
    "refund_error",
    "similar_payments_error",
    "surplus_error",
    "voided_error",
]


def similar_payments_error(similar: Collection[Payment]) -> DuplicatePaymentError:
    """Some payments may be this very order."""
    return DuplicatePaymentError(
        "Nothing was sent. This order may be booked already, with an external id that the server "
        f"changed or did not keep: payments {_list(similar)}. Compare them with your order. If "
        "they belong to it, the order is paid. If they are other payments, pass their ids in "
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
        "may wait in Campfire for approval, or be booked and not shown under its external id. "
        "Look at the invoice: if the payment is there, do not pay again. If the order was rejected "
        f"there, call release_orders({sent.invoice_id}) and pay again."
    )


def surplus_error(payments: Collection[Payment]) -> DuplicatePaymentError:
    """More live payments are under an external id than were ordered."""
    details = ", ".join(
        f"{payment.id} ({payment.amount}, invoice {payment.invoice.id})" for payment in payments
    )
    return DuplicatePaymentError(
        f"More is booked under one external id than was ordered: payments {details}. Decide which "
        "payment is right, and void the others with "
        "void_payment. Do not pay again.",
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


def not_of_this_invoice_error(
    invoice_id: int, payment_id: int, payments: Collection[Payment]
) -> ConfigurationError:
    """A payment is not one of the invoice."""
    found = ", ".join(payment.id for payment in payments) or "none"
    return ConfigurationError(
        f"Nothing was sent. Payment {payment_id} is not a payment of invoice {invoice_id}. Its "
        f"payments are: {found}. list_payments yields each payment with the id of its invoice."
    )


def refund_error(payment: Payment) -> ConfigurationError:
    """Voiding a payment would refund real money, or may do so."""
    why = (
        f"Payment {payment.id} came from Stripe, and voiding it refunds the money"
        if _is_from_stripe(payment)
        else f"Campfire does not show where payment {payment.id} came from. If it came from "
        "Stripe, voiding it refunds the money"
    )
    return ConfigurationError(
        f"Nothing was sent. {why} ({payment.amount} {payment.currency}) to the customer. If you "
        "want that, pass allow_refund=True."
    )


def may_refund(payment: Payment) -> bool:
    """Whether voiding a payment refunds real money, or may do so.

    It does for a payment from Stripe (schema). The source of a payment is not always shown.
    """
    return _is_from_stripe(payment) or "source" not in payment.raw


def _is_from_stripe(payment: Payment) -> bool:
    # The two forms of an external id of Stripe's are the later schema's.
    return (payment.source or "").upper() == "STRIPE" or (payment.external_id or "").startswith(
        ("btxn_", "cn_")
    )


def describe_sent(sent: SentOrder) -> str:
    """An order that was sent earlier, in words that begin a sentence."""
    return f"An earlier order for invoice {sent.invoice_id} ({describe_time(sent)})"


def _list(payments: Collection[Payment]) -> str:
    return ", ".join(
        f"{payment.id} ({payment.amount}, external id {payment.external_id!r})"
        for payment in payments
    )
