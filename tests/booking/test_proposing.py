"""The lines for the payments of one invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk import InvoiceRef, Payment
from paysdk.booking import PaymentEffect
from paysdk.booking.pair import Pair
from paysdk.booking.problem import Problem
from paysdk.booking.proposing import Candidate, Proposal, add_preview, propose_lines
from paysdk.reconcile import Rule
from paysdk.testing.booking import FakeBooks

if TYPE_CHECKING:
    from paysdk.booking import BookingPolicy

PAIR = Pair("notify", "default", "books", "default")


def candidate(payment_id: str, amount: str) -> Candidate:
    """A payment of an invoice of 100 that may be booked."""
    payment = Payment(
        provider="notify",
        id=payment_id,
        amount=Decimal(amount),
        payment_date=date(2026, 3, 2),
        invoice=InvoiceRef("n1", "A-1", Decimal(100), Decimal(0)),
    )
    return Candidate(payment, Rule.NOT_THERE, 1)


def propose(policy: BookingPolicy, *amounts: str) -> list[Proposal | Problem]:
    """Propose lines for payments of these amounts."""
    invoice = FakeBooks().add_invoice("A-1", Decimal(100))
    candidates = [candidate(f"p{number}", each) for number, each in enumerate(amounts, 1)]
    return [*propose_lines(PAIR, policy, "A-1", [invoice], candidates)]


def test_the_payments_of_an_invoice_are_checked_as_they_would_be_booked(
    policy: BookingPolicy,
) -> None:
    """One that no longer fits is for review, and a smaller one after it may fit."""
    first, second, third = propose(policy, "60", "60", "40")

    assert isinstance(first, Proposal)
    assert isinstance(second, Problem)
    assert isinstance(third, Proposal)
    assert (Decimal(0), Decimal(60)) == (first.planned, third.planned)
    assert "60, and 100 less 60 of other lines is due: 20 too much" in second.sentence


def test_what_is_due_after_a_line_counts_the_lines_before_it(policy: BookingPolicy) -> None:
    """The target previews each payment alone."""
    first, second = propose(policy, "60", "40")
    assert isinstance(first, Proposal)
    assert isinstance(second, Proposal)

    lines = [
        add_preview(first, PaymentEffect(due_after=Decimal(40))),
        add_preview(second, PaymentEffect(due_after=Decimal(60))),
    ]

    assert [
        attrs.evolve(first.line, due_after=Decimal(40)),
        attrs.evolve(second.line, due_after=Decimal(0)),
    ] == lines


def test_a_preview_that_does_not_agree_is_a_problem(policy: BookingPolicy) -> None:
    """The line is not proposed."""
    (proposal,) = propose(policy, "60")
    assert isinstance(proposal, Proposal)

    problem = add_preview(proposal, PaymentEffect(due_after=Decimal(41)))

    assert isinstance(problem, Problem)
    assert "preview_differs" == problem.reason
