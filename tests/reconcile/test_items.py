"""What makes two payments comparable."""

from __future__ import annotations

from decimal import Decimal

from paysdk.reconcile import Rule, Status
from paysdk.reconcile.items import Tolerances
from paysdk.reconcile.rules import decide
from tests.reconcile.entries import EXACT, describe, paid


def test_the_case_of_a_currency_code_does_not_matter() -> None:
    """Codes in another case are one currency, for plain pairs and for others."""
    (plain,) = decide("9", [paid("a", "10", currency="eur")], [paid("b", "10")], EXACT)
    closer = decide(
        "9",
        [paid("a", "10", currency="eur"), paid("c", "7", currency="eur")],
        [paid("b", "10", 1), paid("d", "7")],
        EXACT,
    )
    (other,) = decide(
        "9", [paid("a", "10", currency="eur")], [paid("b", "12", currency="Eur")], EXACT
    )

    assert {Status.MATCHED} == {outcome.status for outcome in (plain, *closer)}
    assert Rule.ONLY_PAIR == other.rule
    assert not any(outcome.currency_assumed for outcome in (plain, *closer, other))


def test_a_tolerance_brings_near_amounts_together() -> None:
    """Amounts may differ by the tolerance at most, and equal ones are matched first."""
    cents = Tolerances(days=7, tolerance=Decimal("0.02"))

    assert {"matched: a|x (in_window)"} == describe(
        [paid("a", "100.00")], [paid("x", "100.02")], cents
    )
    assert {"amount differs: a|x (only_pair)"} == describe(
        [paid("a", "100.00")], [paid("x", "100.021")], cents
    )
    assert {"matched: a|x+y (split)"} == describe(
        [paid("a", "100.00")], [paid("x", "60.01"), paid("y", "40.01")], cents
    )
    assert {"matched: a|x (in_window)", "right only: |y (none_left)"} == describe(
        [paid("a", "100.00")], [paid("x", "100.00", 1), paid("y", "100.01", 1)], cents
    )


def test_amounts_are_compared_to_the_last_digit() -> None:
    """Subtracting and adding long amounts keeps all their digits."""
    long = "1" * 40
    (outcome,) = decide("INV-9", [paid("a", f"{long}.01")], [paid("x", f"{long}.02")], EXACT)

    assert (Status.AMOUNT_DIFFERS, Decimal("-0.01")) == (outcome.status, outcome.difference)
    assert {"matched: a|x+y (split)"} == describe(
        [paid("a", f"{long}.02")], [paid("x", f"{long}.01"), paid("y", "0.01")]
    )
    assert {"ambiguous: a|x+y (several_differ)"} == describe(
        [paid("a", f"{long}.03")], [paid("x", f"{long}.01"), paid("y", "0.01")]
    )


def test_too_many_to_compare_are_ambiguous() -> None:
    """101 payments on each side, on different days, are not compared."""
    left = [paid(f"a{number}", "1", 2 * number) for number in range(101)]
    right = [paid(f"x{number}", "1", 2 * number + 1) for number in range(101)]
    (outcome,) = decide("INV-9", left, right, EXACT)

    assert (Status.AMBIGUOUS, Rule.TOO_MANY) == (outcome.status, outcome.rule)
    assert (101, 101) == (len(outcome.left), len(outcome.right))
