"""Payments of one invoice, and what the rules decide about them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk import InvoiceRef, Payment
from paysdk.reconcile.items import Tolerances
from paysdk.reconcile.rules import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paysdk.reconcile import Vanished

FIRST = date(2026, 1, 1)


EXACT = Tolerances(days=7, tolerance=Decimal(0))


def paid(
    name: str,
    amount: str,
    day: int | None = 0,
    currency: str | None = "EUR",
    *,
    voided: bool = False,
) -> Payment:
    """A payment of an amount, so many days into the year."""
    return Payment(
        provider="acme",
        id=name,
        amount=Decimal(amount),
        currency=currency,
        payment_date=None if day is None else FIRST + timedelta(day),
        invoice=InvoiceRef("9", "INV-9"),
        voided_date=FIRST if voided else None,
    )


def describe(
    left: Sequence[Payment | Vanished],
    right: Sequence[Payment | Vanished],
    tolerances: Tolerances = EXACT,
) -> set[str]:
    """The outcomes as text: the status, the payments and the rule."""

    def ids(payments: Sequence[Payment]) -> str:
        return "+".join(payment.id for payment in payments)

    return {
        f"{outcome.status}: {ids(outcome.left)}|{ids(outcome.right)} ({outcome.rule})"
        for outcome in decide("INV-9", left, right, tolerances)
    }
