"""What must be true before a payment is booked. Pure.

Each check returns ``None``, or the problem with both figures. Nothing is corrected or guessed.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.booking.duplicates import add_up_open, check_similar
from paysdk.booking.problem import Problem
from paysdk.currencies import minor_digits, normalise_currency
from paysdk.exact import EXACT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from paysdk.booking.booking import Booking
    from paysdk.booking.plan import BookingLine
    from paysdk.booking.policy import BookingPolicy
    from paysdk.payment import Payment
    from paysdk.target import PaymentEffect, TargetInvoice

__all__ = [
    "check_amount",
    "check_invoice",
    "check_invoices",
    "check_payment",
    "check_preview",
    "check_source",
    "check_total",
    "describe_invoice",
    "find_wait",
    "recheck",
]


def find_wait(payment: Payment, policy: BookingPolicy, today: date) -> str | None:
    """Why a payment is not looked at yet or at all, or ``None``."""
    day = payment.payment_date
    if day is None:
        return None
    if day < policy.since:
        return "before_since"
    if day > today - timedelta(days=policy.waiting_days):
        return "too_recent"
    return None


def check_payment(payment: Payment, policy: BookingPolicy) -> Problem | None:
    """Check what the source says of a payment."""
    if payment.payment_date is None:
        return Problem("no_date", "The payment has no date.")
    if payment.amount <= 0:
        return Problem(
            "not_positive",
            f"The amount is {payment.amount:f}. Only amounts above zero are booked. It may be a "
            "refund.",
        )
    currency = normalise_currency(payment.currency)
    if currency not in {None, policy.currency}:
        return Problem(
            "other_currency",
            f"The payment is in {currency}, and the policy is for {policy.currency}.",
        )
    if payment.amount > policy.max_amount:
        return Problem(
            "above_limit",
            f"The amount is {payment.amount:f}, and the policy allows {policy.max_amount:f}.",
        )
    digits = minor_digits(policy.currency)
    if EXACT.remainder(EXACT.scaleb(payment.amount, digits), Decimal(1)):
        return Problem(
            "too_fine",
            f"The amount is {payment.amount:f}, and {policy.currency} has {digits} digits after "
            "the point. The target may round it.",
        )
    return None


def check_invoices(number: str, found: Sequence[TargetInvoice]) -> Problem | None:
    """Check that exactly one invoice has the number."""
    if not found:
        return Problem("no_invoice", f"The target has no invoice with the number {number}.")
    if len(found) > 1:
        shown = "; ".join(map(describe_invoice, found))
        return Problem(
            "several_invoices",
            f"The target has {len(found)} invoices with the number {number}.",
            shown,
        )
    return None


def describe_invoice(invoice: TargetInvoice) -> str:
    """Say in words which invoice it is, and what its figures are."""
    return (
        f"invoice {invoice.id}, entity {invoice.entity}, {invoice.client_name or 'no client name'},"
        f" status {invoice.status}, total {_show(invoice.total)}, due {_show(invoice.due)}"
    )


def _show(value: Decimal | str | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:f}" if isinstance(value, Decimal) else value


def check_invoice(
    invoice: TargetInvoice, total: Decimal | None, policy: BookingPolicy
) -> Problem | None:
    """Check that the invoice is the one that the payment is for, and that it can be paid.

    *total* is what the source says of it.
    """
    if invoice.entity != str(policy.entity):
        return Problem(
            "other_entity",
            f"The invoice belongs to entity {_show(invoice.entity)}, and the policy is for "
            f"{policy.entity}.",
            describe_invoice(invoice),
        )
    if normalise_currency(invoice.currency) != policy.currency:
        return Problem(
            "other_currency",
            f"The currency of the invoice is {_show(invoice.currency)}, and the policy is for "
            f"{policy.currency}.",
            describe_invoice(invoice),
        )
    if not invoice.is_payable:
        return Problem(
            "not_payable",
            f"The invoice has the status {_show(invoice.status)}, which allows no payment.",
            describe_invoice(invoice),
        )
    if total is None or invoice.total is None:
        return Problem(
            "totals_differ",
            f"The invoice's total is {_show(invoice.total)} in the target and {_show(total)} in "
            "the source.",
            describe_invoice(invoice),
        )
    if total != invoice.total:
        difference = EXACT.subtract(total, invoice.total)
        return Problem(
            "totals_differ",
            f"The invoice's total is {invoice.total:f} in the target and {total:f} in the source, "
            f"which is {difference:+f}. It may be a collection fee, or another invoice.",
            describe_invoice(invoice),
        )
    return None


def check_amount(
    amount: Decimal, invoice: TargetInvoice, ordered: Decimal = Decimal(0)
) -> Problem | None:
    """Check that the amount is within what is due, less what other orders may take of it."""
    if invoice.due is None:
        return Problem("due_unknown", "The target does not say what is due on the invoice.")
    due = EXACT.subtract(invoice.due, ordered)
    if amount <= due:
        return None
    less = f" less {ordered:f} of other lines" if ordered else ""
    return Problem(
        "above_due",
        f"The amount is {amount:f}, and {invoice.due:f}{less} is due: "
        f"{EXACT.subtract(amount, due):f} too much. It may include a collection fee, or also be "
        "for other invoices.",
        describe_invoice(invoice),
    )


def check_preview(amount: Decimal, due: Decimal, effect: PaymentEffect) -> Problem | None:
    """Check that the target would take exactly the amount off what is due."""
    expected = EXACT.subtract(due, amount)
    if effect.discount:
        return Problem(
            "term_discount",
            f"The payment would trigger an early-payment discount of {effect.discount:f}: "
            f"{effect.due_after:f} would be due instead of {expected:f}.",
        )
    if effect.due_after != expected:
        return Problem(
            "preview_differs",
            f"The target says that {effect.due_after:f} would be due after it, instead of "
            f"{expected:f}.",
        )
    return None


def check_source(line: BookingLine, payment: Payment | None) -> Problem | None:
    """Check that the source still has the payment as it was planned.

    *payment* is ``None`` if it has vanished. The total of its invoice may change later, for example
    by a collection fee.
    """
    if payment is None:
        return Problem("source_vanished", "The source no longer has the payment.")
    if payment.is_voided:
        return Problem("source_voided", "The source has voided the payment.")
    planned = (line.amount, line.payment_date, line.number)
    now = (payment.amount, payment.payment_date, payment.invoice.number)
    if planned != now:
        return Problem(
            "source_changed",
            f"The source now has {_words(*now)} instead of {_words(*planned)}.",
        )
    if normalise_currency(payment.currency) not in {None, line.currency}:
        return Problem(
            "source_changed",
            f"The source now has the payment in {payment.currency} instead of {line.currency}.",
        )
    return None


def check_total(line: BookingLine, payment: Payment) -> Problem | None:
    """Check that the invoice still has the total in the source that showed which one it is."""
    total = payment.invoice.total
    if total == line.total:
        return None
    return Problem(
        "source_changed",
        f"The total of invoice {line.number} in the source is now {_show(total)} instead of "
        f"{line.total:f}.",
    )


def _words(amount: Decimal, day: date | None, number: str | None) -> str:
    return f"{amount:f} of {day} for invoice {number}"


def recheck(
    line: BookingLine,
    invoice: TargetInvoice,
    policy: BookingPolicy,
    others: Iterable[Booking] = (),
    ours: Collection[str] | None = None,
) -> Problem | None:
    """Check a line once more, just before its order is sent.

    *others* are the bookings whose outcome is not known. See ``check_similar`` about *ours*.
    """
    if invoice.number != line.invoice_number:
        return Problem(
            "other_number",
            f"Invoice {invoice.id} now has the number {invoice.number} instead of "
            f"{line.invoice_number}.",
        )
    return (
        check_invoice(invoice, line.total, policy)
        or check_amount(line.amount, invoice, add_up_open(others, invoice))
        or check_similar(
            line.external_id,
            line.amount,
            line.payment_date,
            invoice.payments or (),
            days=policy.match_days,
            ours=ours,
        )
    )
