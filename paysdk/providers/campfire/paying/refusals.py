"""What is said when an order is not sent, or when too much is booked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError, DuplicatePaymentError

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.sent import SentOrder

__all__ = [
    "draft_waits",
    "may_be_booked_already",
    "name_pays_another",
    "overpays",
    "sent_at",
    "too_many_booked",
    "was_sent_before",
    "was_voided",
]


def may_be_booked_already(similar: Collection[Payment]) -> DuplicatePaymentError:
    """Payments that may be this very order."""
    return DuplicatePaymentError(
        "Nothing was sent: this order may be booked already, under a name that the server has "
        "changed or not kept: "
        f"payments {_listed(similar)}. Compare them. If they are this order, it is paid. If they "
        "are other payments, "
        "name their ids in other_payments=.",
        payment_ids=tuple(payment.id for payment in similar),
    )


def was_sent_before(sent: SentOrder) -> DuplicatePaymentError:
    """Another order had the same name, and is booked."""
    return DuplicatePaymentError(
        f"Nothing was sent: {sent_at(sent)} under the same external_id, is booked: payments "
        f"{', '.join(sent.ids)}. "
        "Use another external_id.",
        payment_ids=sent.ids,
    )


def draft_waits(sent: SentOrder) -> DuplicatePaymentError:
    """The order was accepted and waits for approval."""
    return DuplicatePaymentError(
        f"Nothing was sent: {sent_at(sent)}, was accepted and does not show as booked. Perhaps "
        "it waits in Campfire for approval. "
        f"If it was rejected there, call release_orders({sent.number})."
    )


def too_many_booked(payments: Collection[Payment]) -> DuplicatePaymentError:
    """More live payments are under a name than were ordered."""
    told = ", ".join(
        f"{payment.id} ({payment.amount}, invoice {payment.invoice.id})" for payment in payments
    )
    return DuplicatePaymentError(
        f"More is booked under one external_id than was ordered: payments {told}. Decide which "
        "one is right, and void the "
        "others in Campfire (POST /coa/api/v1/invoice/<invoice>/payment/<payment>/void/). Do not "
        "pay again.",
        payment_ids=tuple(payment.id for payment in payments),
        sent=True,
    )


def name_pays_another(payment: Payment) -> ConfigurationError:
    """An external id is that of a payment of another invoice."""
    return ConfigurationError(
        f"Nothing was sent: {payment.external_id!r} is payment {payment.id} of invoice "
        f"{payment.invoice.id} already. "
        "Use another external_id."
    )


def was_voided(voided: Collection[Payment]) -> ConfigurationError:
    """The order was booked, and the payment voided."""
    return ConfigurationError(
        f"Nothing was sent: this order was booked and voided: payments {_listed(voided)}. If it "
        "is to be booked again, "
        "say rebook_voided=True."
    )


def overpays(number: int, total: Decimal, due: Decimal) -> ConfigurationError:
    """The order is more than what is due."""
    return ConfigurationError(
        f"Nothing was sent: the order is {total}, and {due} is due on invoice {number}. Campfire "
        "would make a credit memo "
        "of the rest. If that is what you want, say allow_overpayment=True."
    )


def sent_at(sent: SentOrder) -> str:
    """An order that was sent earlier, in words."""
    return f"an order for invoice {sent.number}, sent at {sent.sent_at:%Y-%m-%d %H:%M:%S} UTC"


def _listed(payments: Collection[Payment]) -> str:
    return ", ".join(
        f"{payment.id} ({payment.amount}, external_id {payment.external_id!r})"
        for payment in payments
    )
