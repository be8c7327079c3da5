"""Which payments may be booked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import InvoiceRef, Payment
from paysdk.booking.candidates import LeftOut, check_match, check_others, judge
from paysdk.booking.problem import Problem
from paysdk.reconcile import Outcome, Rule, Status

if TYPE_CHECKING:
    from paysdk.booking import BookingPolicy

DAY = date(2026, 3, 2)
PAYMENT = Payment(
    provider="notify",
    id="p1",
    amount=Decimal(50),
    payment_date=DAY,
    invoice=InvoiceRef("n1", "N-1", Decimal(50), Decimal(0)),
)
# Every rule that leaves a payment of the source without a counterpart, or in doubt.
DIFFERENCES = [rule for rule in Rule if rule not in {Rule.SAME_DAY, Rule.IN_WINDOW}]


def judged(policy: BookingPolicy, rule: Rule, **options: Any) -> object:
    """What is said of a payment that a rule has decided."""
    payment = options.pop("payment", PAYMENT)
    outcome = Outcome(status=Status.LEFT_ONLY, rule=rule, key="N-1", left=(payment,), right=())
    return judge(payment, outcome, policy, today=date(2026, 4, 1), **options)


@pytest.mark.parametrize("rule", DIFFERENCES)
def test_only_two_rules_make_a_candidate(policy: BookingPolicy, rule: Rule) -> None:
    """Every other difference is for review, with the sentence of its rule."""
    found = judged(policy, rule)

    if rule in {Rule.NOT_THERE, Rule.NONE_LEFT}:
        assert rule is found
    else:
        assert isinstance(found, Problem)
        assert rule.value == found.reason
        assert found.sentence


@pytest.mark.parametrize("rule", [Rule.COUNTERPART_VOIDED, Rule.COUNTERPART_VANISHED])
def test_a_person_may_order_to_book_again(policy: BookingPolicy, rule: Rule) -> None:
    """If the counterpart is gone, a payment is for review unless a person orders it."""
    assert rule is judged(policy, rule, rebook={"p1"})
    assert isinstance(judged(policy, rule, rebook={"p2"}), Problem)
    assert isinstance(judged(policy, Rule.OUT_OF_WINDOW, rebook={"p1"}), Problem)


@pytest.mark.parametrize(
    ("status", "source", "target", "reason"),
    [
        (Status.AMBIGUOUS, ["20"], ["20", "20"], "possible_duplicate"),
        (Status.AMBIGUOUS, ["20"], ["5", "15", "20", "-20"], "possible_duplicate"),
        (Status.AMBIGUOUS, ["100", "60"], ["60", "40", "60"], None),
        (Status.AMBIGUOUS, ["20", "20"], ["20"], None),
        (Status.AMOUNT_DIFFERS, ["20"], ["25"], None),
        (Status.RIGHT_ONLY, [], ["25"], None),
    ],
)
def test_a_payment_beside_unclear_ones_may_belong_to_one_of_them(
    status: Status, source: list[str], target: list[str], reason: str | None
) -> None:
    """The target is not exhausted if an unclear finding has more money there than it needs."""
    left, right = (
        tuple(attrs.evolve(PAYMENT, amount=Decimal(amount)) for amount in side)
        for side in (source, target)
    )
    others = [Outcome(status=status, rule=Rule.UNEVEN, key="N-1", left=left, right=right)]

    found = check_others(Rule.NONE_LEFT, others)

    assert reason == (found and found.reason)
    assert check_others(Rule.COUNTERPART_VOIDED, others)


def test_a_payment_that_is_too_old_or_too_recent_is_left_out(policy: BookingPolicy) -> None:
    """Whatever the rule is."""
    old = attrs.evolve(PAYMENT, payment_date=date(2025, 12, 31))
    recent = attrs.evolve(PAYMENT, payment_date=date(2026, 3, 31))

    assert LeftOut("before_since") == judged(policy, Rule.NOT_THERE, payment=old)
    assert LeftOut("too_recent") == judged(policy, Rule.NOT_THERE, payment=recent)


def test_a_number_without_the_prefix_is_named(policy: BookingPolicy) -> None:
    """A payment without any number has none to name."""
    policy = attrs.evolve(policy, strip_prefix="INV-")
    blank = attrs.evolve(PAYMENT, invoice=InvoiceRef("n1", " "))
    named, unnamed = (judged(policy, Rule.NO_NUMBER, payment=each) for each in (PAYMENT, blank))

    assert isinstance(named, Problem)
    assert isinstance(unnamed, Problem)
    assert "The number N-1 does not start with INV-" in named.sentence
    assert "has no invoice number" in unnamed.sentence


@pytest.mark.parametrize(
    ("external_id", "expected"),
    [
        ("paysdk:notify:acme:p9", "booked_for_another_account"),
        ("paysdk:notify:acme:p1", None),
        ("paysdk:notify:default:p9", None),
        ("paysdk:other:acme:p9", None),
        ("mine", None),
        (None, None),
    ],
)
def test_a_match_may_be_a_booking_of_another_account(
    external_id: str | None, expected: str | None
) -> None:
    """Its external id says whose it is."""
    theirs = attrs.evolve(PAYMENT, provider="books", external_id=external_id)
    outcome = Outcome(
        status=Status.MATCHED, rule=Rule.SAME_DAY, key="N-1", left=(PAYMENT,), right=(theirs,)
    )

    problem = check_match(outcome, "notify", {"acme"})

    assert expected == (None if problem is None else problem.reason)
