"""The lines that a plan proposes for the payments of one invoice. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

import attrs

from paysdk.booking.checks import check_amount, check_invoice, check_invoices, check_preview
from paysdk.booking.duplicates import add_up_open
from paysdk.booking.names import make_name
from paysdk.booking.plan import BookingLine
from paysdk.booking.problem import Problem
from paysdk.exact import EXACT
from paysdk.payment import Payment
from paysdk.reconcile import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from paysdk.booking.booking import Booking
    from paysdk.booking.pair import Pair
    from paysdk.booking.policy import BookingPolicy
    from paysdk.target import PaymentEffect, TargetInvoice

__all__ = ["Candidate", "add_preview", "fit_lines", "propose_lines"]


@attrs.frozen
class Candidate:
    """A payment that may be booked, the rule that says so, and the generation of its booking."""

    payment: Payment
    rule: Rule
    generation: int


def propose_lines(
    pair: Pair,
    policy: BookingPolicy,
    number: str,
    invoices: Sequence[TargetInvoice],
    candidates: Iterable[Candidate],
) -> Iterator[BookingLine | Problem]:
    """Yield a line for each candidate of an invoice number, or why it is not booked.

    *invoices* are those that have the number. Each candidate is checked as if it were the only one.
    """
    for candidate in candidates:
        problem = check_invoices(number, invoices)
        if problem is None:
            invoice, payment = invoices[0], candidate.payment
            problem = check_invoice(invoice, payment.invoice.total, policy) or check_amount(
                payment.amount, invoice
            )
            if problem is None:
                yield _make_line(pair, policy, invoice, number, candidate)
                continue
        yield problem


def add_preview(line: BookingLine, effect: PaymentEffect) -> BookingLine | Problem:
    """The line with what would be due after it alone, or what is wrong with its preview."""
    problem = check_preview(line.amount, line.seen_due, effect)
    return problem or attrs.evolve(line, due_after=effect.due_after)


def fit_lines(
    invoices: Sequence[TargetInvoice],
    entries: Iterable[BookingLine | Problem],
    *,
    others: Iterable[Booking] = (),
) -> Iterator[BookingLine | Problem]:
    """Check each line together with the lines before it: yield the line if it fits, or a problem.

    What would be due after a line counts the lines before it. Problems in *entries* are yielded as
    they are. *others* are the bookings whose outcome is not known.
    """
    planned = Decimal(0)
    ordered = add_up_open(others, invoices[0]) if invoices else planned
    for entry in entries:
        if isinstance(entry, Problem):
            yield entry
            continue
        taken = EXACT.add(ordered, planned)
        if (problem := check_amount(entry.amount, invoices[0], taken)) is not None:
            yield problem
            continue
        due = entry.due_after
        yield attrs.evolve(entry, due_after=None if due is None else EXACT.subtract(due, planned))
        planned = EXACT.add(planned, entry.amount)


def _make_line(
    pair: Pair, policy: BookingPolicy, invoice: TargetInvoice, number: str, candidate: Candidate
) -> BookingLine:
    payment, generation = candidate.payment, candidate.generation
    return BookingLine(
        payment_id=payment.id,
        generation=generation,
        # The checks refuse a payment or an invoice that lacks one of these.
        number=cast("str", payment.invoice.number),
        amount=payment.amount,
        currency=policy.currency,
        payment_date=cast("date", payment.payment_date),
        external_id=make_name(pair.source, pair.source_account, payment.id, generation),
        invoice_id=invoice.id,
        invoice_number=number,
        client_name=invoice.client_name,
        total=cast("Decimal", payment.invoice.total),
        balance=payment.invoice.balance,
        seen_due=cast("Decimal", invoice.due),
        seen_status=invoice.status,
        due_after=None,
        rule=RULES[candidate.rule],
    )
