"""Which payments of the source may be booked at all. Pure.

A payment may be booked only if no payment of the target can be its counterpart. Every other
difference is for review with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.booking.checks import check_payment, find_wait
from paysdk.booking.names import find_account, find_payment_id
from paysdk.booking.problem import Problem
from paysdk.booking.states import State
from paysdk.reconcile import RULES, Rule, Status
from paysdk.reconcile.outcome import add_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from paysdk.booking.booking import Booking
    from paysdk.booking.pair import Pair
    from paysdk.booking.policy import BookingPolicy
    from paysdk.payment import Payment
    from paysdk.reconcile import Outcome

__all__ = [
    "REPLANNABLE",
    "LeftOut",
    "check_match",
    "check_others",
    "choose_generation",
    "judge",
    "may_be_booked_again",
]

# If a booking is in one of these states, a new plan may propose it again.
REPLANNABLE = frozenset({State.PROPOSED, State.APPROVED, State.REFUSED, State.SKIPPED})

_ENDED = frozenset({State.REFUSED, State.SKIPPED})

# Only a payment that one of these rules decided is booked.
_CANDIDATES = frozenset({Rule.NOT_THERE, Rule.NONE_LEFT})
# A person may order to book these again.
_COUNTERPART_GONE = frozenset({Rule.COUNTERPART_VOIDED, Rule.COUNTERPART_VANISHED})
_REBOOKABLE = frozenset({"voided_in_target", "vanished_in_target"})


@attrs.frozen
class LeftOut:
    """Why a payment is neither booked nor for review."""

    reason: str


def judge(
    payment: Payment,
    outcome: Outcome,
    policy: BookingPolicy,
    *,
    today: date,
    rebook: Collection[str] = (),
) -> Rule | Problem | LeftOut:
    """The rule that makes a payment of the source a candidate, or why the payment is not one.

    *outcome* is what reconciling says about the payment.
    """
    if (wait := find_wait(payment, policy, today)) is not None:
        return LeftOut(wait)
    if outcome.status is Status.LEFT_ONLY and (
        outcome.rule in _CANDIDATES or (payment.id in rebook and outcome.rule in _COUNTERPART_GONE)
    ):
        return outcome.rule
    number = payment.invoice.number
    if outcome.rule is Rule.NO_NUMBER and number is not None and number.strip():
        return Problem(
            "no_number",
            f"The number {number} does not start with {policy.strip_prefix}, and the policy says "
            "that it must.",
        )
    return _explain(outcome)


def check_match(outcome: Outcome, source: str, accounts: Collection[str]) -> Problem | None:
    """Check that no payment of the target in a match was booked for a payment of *accounts*.

    Those are the source's other accounts, whose invoices may have the same numbers.
    """
    ids = {payment.id for payment in outcome.left}
    for payment in outcome.right:
        name = payment.external_id or ""
        found, payment_id = find_account(name), find_payment_id(name)
        if found is None or payment_id in ids:
            continue
        if found[0] == source and found[1] in accounts:
            return Problem(
                "booked_for_another_account",
                f"The payment that matches this one was booked for payment {payment_id} of "
                f"{source}, account {found[1]}. Only one of the two is in the target.",
                _list(outcome.right),
            )
    return None


def check_others(rule: Rule, others: Iterable[Outcome]) -> Problem | None:
    """Check that no payment of the target for the same invoice may be the counterpart.

    *others* are the differences of this invoice that have payments of the target.
    """
    if rule not in _COUNTERPART_GONE:
        others = filter(_has_spare, others)
    payments = [payment for outcome in others for payment in outcome.right]
    if not payments:
        return None
    return Problem(
        "possible_duplicate",
        "The target has payments of this invoice without a clear counterpart. One of them may be "
        "for the same money, so this payment is not booked.",
        _list(payments),
    )


def _has_spare(outcome: Outcome) -> bool:
    """Whether unclear payments of the target are more than those of the source need."""
    if outcome.status is not Status.AMBIGUOUS:
        return False
    has_refunds = any(payment.amount <= 0 for payment in (*outcome.left, *outcome.right))
    return has_refunds or add_up(outcome.right) > add_up(outcome.left)


def choose_generation(
    payment: Payment,
    known: Booking | None,
    pair: Pair,
    policy: BookingPolicy,
    *,
    rebook: Collection[str] = (),
    rule: Rule = Rule.NOT_THERE,
) -> int | Problem | LeftOut:
    """The generation in which to book a candidate, or why it is not booked.

    *known* is its latest booking, and *rule* is the one that made the payment a candidate.
    """
    if (problem := check_payment(payment, policy)) is not None:
        return problem
    again = payment.id in rebook and rule in _COUNTERPART_GONE
    if known is None:
        # This store has no booking of the payment. If a person orders to book it again, the booking
        # has generation 2, with an external id of its own.
        return 2 if again else 1
    if (known.target, known.target_account) != (pair.target, pair.target_account):
        return Problem(
            "other_target", f"It is booked in {known.target}, account {known.target_account}."
        )
    if known.state in REPLANNABLE:
        # One that is approved could still be sent, so it keeps its external id.
        begins = again and known.state in _ENDED and known.key.generation == 1
        return 2 if begins else known.key.generation
    if payment.id in rebook and may_be_booked_again(known):
        return known.key.generation + 1
    return _explain_booking(known)


def may_be_booked_again(known: Booking) -> bool:
    """Whether the payment that a booking made is gone, so a person may order to book it again."""
    return known.state is State.VOIDED or known.reason in _REBOOKABLE


def _explain_booking(known: Booking) -> Problem | LeftOut:
    if known.state.needs_person or known.state is State.VOIDED:
        return Problem(known.state.value, known.sentence or f"Its booking is {known.state}.")
    return LeftOut("booked" if known.state is State.BOOKED else "in_progress")


def _explain(outcome: Outcome) -> Problem:
    return Problem(outcome.rule.value, RULES[outcome.rule], _list(outcome.right) or None)


def _list(payments: Iterable[Payment]) -> str:
    return "; ".join(
        f"{each.amount:f} of {each.payment_date}, {each.provider} payment {each.id}"
        for each in payments
    )
