"""Compare what is due on each invoice in both systems: an independent proof of the bookings."""

from __future__ import annotations

from collections import defaultdict
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk.booking.pair import Pair
from paysdk.booking.runs import BookingRuns
from paysdk.booking.targets import as_target, check_place
from paysdk.currencies import normalise_currency
from paysdk.exact import EXACT
from paysdk.reconcile import invoice_number

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from paysdk.booking.policy import BookingPolicy
    from paysdk.payment import Payment
    from paysdk.sync.store import SQLPaymentStore
    from paysdk.target import TargetInvoice

__all__ = ["Balance", "compare_balances"]


@attrs.frozen(kw_only=True)
class Balance:
    """What is due on an invoice that the source has payments for.

    ``source`` is what the source says, and ``target`` what the target says. Either is ``None`` if
    that side does not say it. ``currency`` is the target's, or else the one of the policy of the
    last plan. ``reason`` is one of:

    - "equal": both sides say the same.
    - "differs": the two sides do not say the same.
    - "no_invoice": the target has no invoice of this number.
    - "several_invoices": one side has several invoices of this number.
    - "voided": the invoice was voided or deleted in the target.
    - "other_entity": the policy is for another entity.
    - "other_currency": the policy is for another currency.
    - "unclear": the source's payments disagree about the balance, or name none.
    - "overpaid": the target's payments are more than the invoice's total and more than the source's
      payments. The target may hold the rest as a credit.

    The figures of both sides may be equal even if ``reason`` is "voided", "other_entity",
    "other_currency" or "overpaid".
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
    await check_place(store, target, books, target_account)
    policy = await BookingRuns(store).read_policy(pair)
    balances: dict[str, _Source] = {}
    async with aclosing(store.payments(provider=source, account=source_account)) as payments:
        async for payment in payments:
            number = invoice_number(payment)
            mapped = number if policy is None else policy.map_number(number)
            if mapped is not None:
                balances.setdefault(mapped, _Source()).add(payment)
    invoices: dict[str, list[TargetInvoice]] = {}
    async for invoice in books.list_invoices():
        if invoice.number in balances:
            invoices.setdefault(invoice.number, []).append(invoice)
    # An invoice with nothing due may have been paid more than once.
    settled = {each.id for found in invoices.values() for each in found if not each.due}
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    async with aclosing(store.payments(provider=books.name, account=target_account)) as payments:
        async for payment in payments:
            if payment.invoice.id in settled and not payment.is_voided:
                paid[payment.invoice.id] = EXACT.add(paid[payment.invoice.id], payment.amount)
    for number in sorted(balances):
        yield _compare(number, balances[number], invoices.get(number, []), paid, policy)


@attrs.define
class _Source:
    """What the source's payments say of an invoice number: its balances, invoices and their sum."""

    said: set[Decimal | None] = attrs.field(factory=set["Decimal | None"])
    invoice_ids: set[str | None] = attrs.field(factory=set["str | None"])
    paid: Decimal = Decimal(0)

    def add(self, payment: Payment) -> None:
        self.said.add(payment.invoice.balance)
        if not payment.is_voided:
            self.invoice_ids.add(payment.invoice.id)
            self.paid = EXACT.add(self.paid, payment.amount)


def _compare(
    number: str,
    of_source: _Source,
    found: list[TargetInvoice],
    paid: Mapping[str, Decimal],
    policy: BookingPolicy | None,
) -> Balance:
    said = of_source.said
    currency = None if policy is None else policy.currency
    ours = next(iter(said)) if len(said) == 1 else None
    theirs = found[0].due if len(found) == 1 else None
    if len(found) != 1:
        reason = "several_invoices" if found else "no_invoice"
    elif len(of_source.invoice_ids) > 1:
        reason = "several_invoices"
    elif found[0].is_voided:
        reason = "voided"
    elif policy is not None and (other := _find_other(found[0], policy)) is not None:
        reason = other
    elif ours is None:
        reason = "unclear"
    elif ours != theirs:
        reason = "differs"
    else:
        is_overpaid = _is_overpaid(found[0], paid.get(found[0].id, Decimal(0)), of_source.paid)
        reason = "overpaid" if is_overpaid else "equal"
    if len(found) == 1:
        currency = found[0].currency or currency
    return Balance(number=number, source=ours, target=theirs, reason=reason, currency=currency)


def _find_other(invoice: TargetInvoice, policy: BookingPolicy) -> str | None:
    """Why the policy is not for an invoice, whose balance then says nothing about the source's."""
    if invoice.entity not in {None, str(policy.entity)}:
        return "other_entity"
    if normalise_currency(invoice.currency) not in {None, policy.currency}:
        return "other_currency"
    return None


def _is_overpaid(invoice: TargetInvoice, paid: Decimal, paid_in_source: Decimal) -> bool:
    return invoice.total is not None and paid > max(invoice.total, paid_in_source)
