"""Compare what is due on each invoice in both systems: an independent proof of the bookings."""

from __future__ import annotations

from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk.booking.pair import Pair
from paysdk.booking.runs import BookingRuns
from paysdk.booking.targets import as_target
from paysdk.reconcile import invoice_number

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from paysdk.sync.store import SQLPaymentStore
    from paysdk.target import TargetInvoice

__all__ = ["Balance", "compare_balances"]


@attrs.frozen(kw_only=True)
class Balance:
    """What is due on an invoice that the source has payments for.

    ``source`` is what the source says, and ``target`` what the target says. Either is ``None`` if
    that side does not say it. ``currency`` is the target's, or else the one of the policy of the
    last plan. ``reason`` is "equal", "differs", "no_invoice" if the target has no invoice of this
    number, "several_invoices", or "unclear" if the source's payments disagree.
    """

    number: str
    source: Decimal | None
    target: Decimal | None
    reason: str
    currency: str | None = None

    @property
    def is_equal(self) -> bool:
        """Whether both sides say the same."""
        return self.reason == "equal"


async def compare_balances(
    store: SQLPaymentStore,
    *,
    target: object,
    source: str = "notify",
    source_account: str = "default",
    target_account: str = "default",
) -> AsyncGenerator[Balance]:
    """Yield the balance of each invoice that the source has payments for, sorted by number.

    The source's figures come from the store, as the last sync left them. The target's are read
    now, in one listing of all invoices. The numbers are mapped as the policy of the last plan says.
    """
    books = as_target(target)
    pair = Pair(source, source_account, books.name, target_account)
    policy = await BookingRuns(store).read_policy(pair)
    balances: dict[str, set[Decimal | None]] = {}
    async with aclosing(store.payments(provider=source, account=source_account)) as payments:
        async for payment in payments:
            number = invoice_number(payment)
            mapped = number if policy is None else policy.map_number(number)
            if mapped is not None:
                balances.setdefault(mapped, set()).add(payment.invoice.balance)
    invoices: dict[str, list[TargetInvoice]] = {}
    async for invoice in books.list_invoices():
        if invoice.number in balances:
            invoices.setdefault(invoice.number, []).append(invoice)
    for number in sorted(balances):
        currency = None if policy is None else policy.currency
        yield _compare(number, balances[number], invoices.get(number, []), currency)


def _compare(
    number: str, said: set[Decimal | None], found: list[TargetInvoice], currency: str | None
) -> Balance:
    ours = next(iter(said)) if len(said) == 1 else None
    theirs = found[0].due if len(found) == 1 else None
    if len(found) != 1:
        reason = "several_invoices" if found else "no_invoice"
    elif ours is None:
        reason = "unclear"
    else:
        reason = "equal" if ours == theirs else "differs"
    if len(found) == 1:
        currency = found[0].currency or currency
    return Balance(number=number, source=ours, target=theirs, reason=reason, currency=currency)
