"""What a booking's payments say after it was sent. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.booking.duplicates import check_similar, find_own, list_foreign
from paysdk.booking.problem import Problem
from paysdk.currencies import normalise_currency
from paysdk.exact import EXACT, sums_of_some

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from paysdk.booking.plan import BookingLine
    from paysdk.booking.policy import BookingPolicy
    from paysdk.payment import Payment
    from paysdk.target import TargetInvoice

__all__ = [
    "add_up",
    "check_booked",
    "check_doubled",
    "check_effect",
    "check_overpaid",
    "list_live",
]

# Sums of more payments than this are not tried, because n payments have 2 to the power n sums.
_MAX_PARTS = 12


def add_up(payments: Iterable[Payment]) -> Decimal:
    """The exact sum of the live payments."""
    total = Decimal(0)
    for payment in payments:
        if not payment.is_voided:
            total = EXACT.add(total, payment.amount)
    return total


def check_booked(line: BookingLine, own: Sequence[Payment]) -> Problem | None:
    """Check that the booking's payments are exactly what the line says.

    *own* are those under its external id, or with its ids. A server may split one payment into
    several: then their exact sum is the amount.
    """
    live = [payment for payment in own if not payment.is_voided]
    ids = ", ".join(payment.id for payment in live)
    if not live and own:
        gone = ", ".join(payment.id for payment in own)
        return Problem("voided_in_target", f"The payment {gone} was voided in the target.")
    if not live:
        return Problem("vanished_in_target", "The target no longer shows the payment.")
    total = add_up(live)
    if total != line.amount:
        reason = "booked_twice" if total > line.amount else "edited_in_target"
        shown = (
            f"The live payment {ids} is" if len(live) == 1 else f"The live payments {ids} add up to"
        )
        return Problem(reason, f"{shown} {total:f} instead of {line.amount:f}.")
    return _check_fields(line, live)


def _check_fields(line: BookingLine, live: Sequence[Payment]) -> Problem | None:
    ids = ", ".join(payment.id for payment in live)
    if any(normalise_currency(each.currency) not in {None, line.currency} for each in live):
        return Problem(
            "edited_in_target",
            f"The payment {ids} is in {live[0].currency} instead of {line.currency}.",
        )
    elsewhere = [each for each in live if each.invoice.id != line.invoice_id]
    if elsewhere:
        return Problem(
            "edited_in_target",
            f"The payment {ids} pays invoice {elsewhere[0].invoice.id} instead of "
            f"{line.invoice_id}.",
        )
    if any(each.payment_date not in {None, line.payment_date} for each in live):
        return Problem(
            "edited_in_target",
            f"The payment {ids} is dated {live[0].payment_date} instead of {line.payment_date}.",
        )
    return None


def check_overpaid(invoice: TargetInvoice) -> Problem | None:
    """Check that the live payments of an invoice are not more than its total."""
    paid = add_up(invoice.payments or ())
    if invoice.total is None or paid <= invoice.total:
        return None
    return Problem(
        "overpaid",
        f"The live payments of invoice {invoice.id} add up to {paid:f}, and its total is "
        f"{invoice.total:f}.",
    )


def check_doubled(
    line: BookingLine,
    payment_ids: Sequence[str],
    before: Collection[str] | None,
    after: TargetInvoice,
    policy: BookingPolicy,
) -> Problem | None:
    """Check that no equal payment was booked after the last check before the order.

    *before* are the ids of the live payments that were there at that check, if they are known. Any
    other equal payment came at the same time as the order, so its day does not matter: an agent may
    book it on the day of the bank, or on today's. It may also book it in parts.
    """
    days = policy.match_days if before is None else None
    known = {*(before or ()), *payment_ids}
    new = [each for each in after.payments or () if each.id not in known]
    if problem := check_similar(line.external_id, line.amount, line.payment_date, new, days=days):
        return problem
    if before is None:
        return None
    parts = list_foreign(line.external_id, new)
    if line.amount not in sums_of_some(each.amount for each in parts[:_MAX_PARTS]):
        return None
    shown = ", ".join(f"{each.id} ({each.amount:f})" for each in parts)
    return Problem(
        "possible_duplicate",
        f"Other payments came to the invoice together with this one, and some of them add up to "
        f"{line.amount:f}: {shown}.",
    )


def list_live(payments: Iterable[Payment]) -> list[str]:
    """The ids of the live payments."""
    return [each.id for each in payments if not each.is_voided]


def check_effect(
    line: BookingLine,
    payment_ids: Sequence[str],
    before: TargetInvoice | None,
    after: TargetInvoice,
    credit_memos: Sequence[str] = (),
) -> Problem | None:
    """Check that the balance fell by exactly the amount, and that no credit memo came of it.

    Payments that others made or voided on the invoice meanwhile are counted.
    """
    if credit_memos:
        return Problem(
            "overpaid",
            f"The target made a credit memo of an overpayment: {', '.join(credit_memos)}.",
        )
    own = find_own(line.external_id, payment_ids, after.payments or ())
    if (problem := check_booked(line, own)) is not None:
        return problem
    if before is None or before.due is None or after.due is None:
        return None
    change = EXACT.subtract(add_up(after.payments or ()), add_up(before.payments or ()))
    expected = EXACT.subtract(before.due, change)
    if after.due == expected:
        return None
    reason = "overpaid" if after.due > expected else "due_differs"
    return Problem(
        reason,
        f"{after.due:f} is due after the booking instead of {expected:f}.",
    )
