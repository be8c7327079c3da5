"""The lines for the payments of one invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk import InvoiceRef, Payment
from paysdk.booking import BookingLine, PaymentEffect
from paysdk.booking.pair import Pair
from paysdk.booking.problem import Problem
from paysdk.booking.proposing import Candidate, add_preview, fit_lines, propose_lines
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


INVOICE = FakeBooks().add_invoice("A-1", Decimal(100))


def propose(policy: BookingPolicy, *amounts: str) -> list[BookingLine | Problem]:
    """Propose lines for payments of these amounts."""
    candidates = [candidate(f"p{number}", each) for number, each in enumerate(amounts, 1)]
    return [*propose_lines(PAIR, policy, "A-1", [INVOICE], candidates)]


def test_the_payments_of_an_invoice_are_checked_as_they_would_be_booked(
    policy: BookingPolicy,
) -> None:
    """One that no longer fits is for review, and a smaller one after it may fit."""
    first, second, third = fit_lines([INVOICE], propose(policy, "60", "60", "40"))

    assert isinstance(first, BookingLine)
    assert isinstance(second, Problem)
    assert isinstance(third, BookingLine)
    assert "60, and 100 less 60 of other lines is due: 20 too much" in second.sentence


def test_a_payment_that_never_fits_is_for_review(policy: BookingPolicy) -> None:
    """It is not previewed."""
    (problem,) = propose(policy, "101")

    assert isinstance(problem, Problem)
    assert "above_due" == problem.reason


def test_what_is_due_after_a_line_counts_the_lines_before_it(policy: BookingPolicy) -> None:
    """The target previews each payment alone."""
    first, second = propose(policy, "60", "40")
    assert isinstance(first, BookingLine)
    assert isinstance(second, BookingLine)
    previewed = [
        add_preview(first, PaymentEffect(due_after=Decimal(40))),
        add_preview(second, PaymentEffect(due_after=Decimal(60))),
    ]

    lines = [*fit_lines([INVOICE], previewed)]

    assert [
        attrs.evolve(first, due_after=Decimal(40)),
        attrs.evolve(second, due_after=Decimal(0)),
    ] == lines


def test_a_payment_that_is_for_review_counts_for_no_other_line(policy: BookingPolicy) -> None:
    """Its preview shows a discount, so it is not booked."""
    first, second, third = propose(policy, "98", "2", "1")
    assert isinstance(first, BookingLine)
    assert isinstance(second, BookingLine)
    assert isinstance(third, BookingLine)
    previewed = [
        add_preview(first, PaymentEffect(due_after=Decimal(0), discount=Decimal(2))),
        add_preview(second, PaymentEffect(due_after=Decimal(98))),
        add_preview(third, PaymentEffect(due_after=Decimal(99))),
    ]

    problem, *lines = fit_lines([INVOICE], previewed)

    assert isinstance(problem, Problem)
    assert "term_discount" == problem.reason
    assert [
        attrs.evolve(second, due_after=Decimal(98)),
        attrs.evolve(third, due_after=Decimal(97)),
    ] == lines


def test_a_preview_that_does_not_agree_is_a_problem(policy: BookingPolicy) -> None:
    """The line is not proposed."""
    (line,) = propose(policy, "60")
    assert isinstance(line, BookingLine)

    problem = add_preview(line, PaymentEffect(due_after=Decimal(41)))

    assert isinstance(problem, Problem)
    assert "preview_differs" == problem.reason
