"""Each rule, and that neither order nor side decides anything."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.reconcile import Outcome, Rule, Status, Vanished
from paysdk.reconcile.items import Tolerances
from paysdk.reconcile.rules import decide
from tests.reconcile.entries import EXACT, describe, paid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from paysdk import Payment


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            [paid("a", "100")], [paid("x", "100.00")], {"matched: a|x (same_day)"}, id="one and one"
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "100")],
            [paid("x", "100"), paid("y", "100")],
            {"matched: a+b|x+y (same_day)"},
            id="twice",
        ),
        pytest.param(
            [paid("a", "100", 0), paid("b", "100", 3)],
            [paid("x", "100", 0), paid("y", "100", 3)],
            {"matched: a|x (same_day)", "matched: b|y (same_day)"},
            id="each day by itself",
        ),
        pytest.param(
            [paid("a", "100", 0), paid("b", "100", 3)],
            [paid("x", "100", 0)],
            {"matched: a|x (same_day)", "left only: b| (none_left)"},
            id="the same day goes before the window",
        ),
    ],
)
def test_equal_amounts_on_one_day_match(
    left: list[Payment], right: list[Payment], expected: set[str]
) -> None:
    """Equal numbers on both sides are matched, together if they are interchangeable."""
    assert expected == describe(left, right)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            [paid("a", "100", 0)],
            [paid("x", "100", 7)],
            {"matched: a|x (in_window)"},
            id="seven days",
        ),
        pytest.param(
            [paid("a", "100", 0)],
            [paid("x", "100", 8)],
            {"left only: a| (out_of_window)", "right only: |x (out_of_window)"},
            id="eight days",
        ),
        pytest.param(
            [paid("a", "100", 0), paid("b", "100", 30)],
            [paid("x", "100", 2), paid("y", "100", 29)],
            {"matched: a|x (in_window)", "matched: b|y (in_window)"},
            id="far apart",
        ),
        pytest.param(
            [paid("a", "100", 0), paid("b", "100", 4)],
            [paid("x", "100", 1), paid("y", "100", 5)],
            {"matched: a+b|x+y (as_many)"},
            id="each could be the other's",
        ),
        pytest.param(
            [paid("a", "100", 0), paid("b", "100", 6)],
            [paid("x", "100", 6), paid("y", "100", 9)],
            {
                "matched: b|x (same_day)",
                "left only: a| (out_of_window)",
                "right only: |y (out_of_window)",
            },
            id="the same day is taken first",
        ),
        pytest.param(
            [paid("a", "100", 1), paid("b", "100", 4)],
            [paid("x", "100", 2)],
            {"ambiguous: a+b|x (uneven)"},
            id="two for one",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "100")],
            [paid("x", "100")],
            {"ambiguous: a+b|x (uneven)"},
            id="two for one on a day",
        ),
        pytest.param(
            [paid("a", "100", 0), paid("b", "100", 1), paid("c", "100", 13)],
            [paid("x", "100", 6), paid("y", "100", 14), paid("z", "100", 20)],
            {"ambiguous: a+b+c|x+y+z (uneven)"},
            id="as many, but not all at once",
        ),
    ],
)
def test_equal_amounts_match_within_the_window(
    left: list[Payment], right: list[Payment], expected: set[str]
) -> None:
    """Equal amounts on different days are matched if all can be paired and nothing else fits."""
    assert expected == describe(left, right)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            [paid("a", "100", None)],
            [paid("x", "100", 3)],
            {"matched: a|x (undated)"},
            id="one without",
        ),
        pytest.param(
            [paid("a", "100", None)],
            [paid("x", "100", None)],
            {"matched: a|x (undated)"},
            id="both without",
        ),
        pytest.param(
            [paid("a", "100", 3), paid("b", "100", None)],
            [paid("x", "100", 3)],
            {"ambiguous: a+b|x (uneven)"},
            id="may be of the same day",
        ),
        pytest.param(
            [paid("a", "100", None)],
            [paid("x", "90", 3)],
            {"amount differs: a|x (only_pair)"},
            id="another amount",
        ),
    ],
)
def test_a_missing_date_may_be_any(
    left: list[Payment], right: list[Payment], expected: set[str]
) -> None:
    """A payment without a date matches by its amount alone, if nothing else fits."""
    assert expected == describe(left, right)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            [paid("a", "100")],
            [paid("x", "100", 0, None)],
            {"matched: a|x (same_day)"},
            id="the others name one",
        ),
        pytest.param(
            [paid("a", "100", 0, None)],
            [paid("x", "100", 0, None)],
            {"matched: a|x (same_day)"},
            id="no payment names one",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "50", 0, "USD")],
            [paid("x", "100", 0, None)],
            {"ambiguous: a+b|x (currency_unclear)"},
            id="the others name two",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "50", 0, "USD"), paid("c", "100", 0, None)],
            [],
            {"left only: a| (not_there)", "left only: b| (not_there)", "left only: c| (not_there)"},
            id="nothing to match",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "100", 0, "USD")],
            [paid("x", "100"), paid("y", "100", 0, "USD")],
            {"matched: a|x (same_day)", "matched: b|y (same_day)"},
            id="each by itself",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "100", 0, "USD")],
            {"left only: a| (other_currency)", "right only: |x (other_currency)"},
            id="another",
        ),
        pytest.param(
            [paid("a", "100", 0, None)],
            [paid("x", "100", voided=True), paid("y", "100", 0, "USD")],
            {"ambiguous: a|y (currency_unclear)", "gone: |x (voided)"},
            id="a voided one names another",
        ),
        pytest.param(
            [paid("a", "100", 0, None), Vanished(paid("v", "9"))],
            [paid("x", "100", 0, "USD")],
            {"ambiguous: a|x (currency_unclear)", "gone: v| (vanished)"},
            id="a vanished one names another",
        ),
        pytest.param(
            [paid("a", "100", 0, None)],
            [paid("x", "100", voided=True), paid("y", "70", 0, "USD", voided=True)],
            {"ambiguous: a| (currency_unclear)", "gone: |x (voided)", "gone: |y (voided)"},
            id="only voided ones name any",
        ),
        pytest.param(
            [paid("a", "100"), paid("v", "70", 0, None, voided=True)],
            [paid("x", "100"), paid("y", "50", 0, "USD")],
            {"matched: a|x (same_day)", "right only: |y (other_currency)", "gone: v| (voided)"},
            id="one that is gone needs none",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "50", 0, "USD"), paid("v", "9", voided=True)],
            [paid("x", "100", 0, None)],
            {"ambiguous: a+b|x (currency_unclear)", "gone: v| (voided)"},
            id="voided ones are gone all the same",
        ),
    ],
)
def test_a_missing_currency_is_never_guessed(
    left: list[Payment | Vanished], right: list[Payment | Vanished], expected: set[str]
) -> None:
    """A payment without a currency counts in the currency of the others, if they have only one."""
    assert expected == describe(left, right)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            [paid("a", "100", voided=True)], [], {"gone: a| (voided)"}, id="voided on one side"
        ),
        pytest.param(
            [paid("a", "100", voided=True)],
            [paid("x", "100", voided=True)],
            {"gone: a| (voided)", "gone: |x (voided)"},
            id="on both",
        ),
        pytest.param([Vanished(paid("a", "100"))], [], {"gone: a| (vanished)"}, id="vanished"),
        pytest.param(
            [Vanished(paid("a", "100", voided=True))],
            [],
            {"gone: a| (voided)"},
            id="voided before it vanished",
        ),
        pytest.param(
            [paid("a", "100", voided=True)],
            [paid("x", "100", 2)],
            {"right only: a|x (counterpart_voided)"},
            id="here live",
        ),
        pytest.param(
            [paid("a", "100")],
            [Vanished(paid("x", "100"))],
            {"left only: a|x (counterpart_vanished)"},
            id="here listed",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "100", 3)],
            [paid("x", "100", voided=True)],
            {"ambiguous: a+b| (uneven)", "gone: |x (voided)"},
            id="two live for one voided",
        ),
        pytest.param(
            [Vanished(paid("a", "100")), paid("b", "100", voided=True)],
            [paid("x", "100"), paid("y", "100"), paid("z", "100")],
            {"ambiguous: |x+y+z (uneven)", "gone: a| (vanished)", "gone: b| (voided)"},
            id="three live for two that are gone",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "100")],
            [
                paid("x", "100", voided=True),
                paid("y", "100", 1, voided=True),
                paid("z", "100", 2, voided=True),
            ],
            {"left only: a+b|x+y+z (counterpart_voided)"},
            id="two live for three voided",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "100", voided=True), paid("y", "100")],
            {"matched: a|y (same_day)", "gone: |x (voided)"},
            id="paid again",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "100", voided=True), paid("y", "90")],
            {"ambiguous: a|y (several_differ)", "gone: |x (voided)"},
            id="paid again, but less",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "90", voided=True)],
            {"left only: a| (not_there)", "gone: |x (voided)"},
            id="another amount",
        ),
    ],
)
def test_what_is_gone_needs_no_counterpart(
    left: list[Payment | Vanished], right: list[Payment | Vanished], expected: set[str]
) -> None:
    """Live payments match only live ones; the outcome says if a counterpart is gone."""
    assert expected == describe(left, right)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            [paid("a", "100")],
            [paid("x", "90", 7)],
            {"amount differs: a|x (only_pair)"},
            id="one and one",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "30")],
            [paid("x", "90", 7), paid("y", "30")],
            {"amount differs: a|x (only_pair)", "matched: b|y (same_day)"},
            id="beside others",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "30")],
            [paid("x", "90", 7)],
            {"ambiguous: a+b|x (several_differ)"},
            id="one of two",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "30")],
            [paid("x", "100")],
            {"matched: a|x (same_day)", "left only: b| (none_left)"},
            id="none left",
        ),
    ],
)
def test_the_only_pair_left_differs(
    left: list[Payment], right: list[Payment], expected: set[str]
) -> None:
    """Amounts differ only if two payments can belong only to each other."""
    assert expected == describe(left, right)


def test_a_currency_that_was_assumed_is_said_to_be() -> None:
    """The outcome says if a payment without a currency was counted in another one's."""
    (assumed,) = decide("INV-9", [paid("a", "100")], [paid("x", "100", 0, None)], EXACT)
    (named,) = decide("INV-9", [paid("a", "100")], [paid("x", "100")], EXACT)
    (unclear,) = decide(
        "INV-9", [paid("a", "1"), paid("b", "2", 0, "USD")], [paid("x", "3", 0, None)], EXACT
    )

    assert (True, False, False) == (
        assumed.currency_assumed,
        named.currency_assumed,
        unclear.currency_assumed,
    )
    assert unclear.difference is None


def test_many_that_are_gone_are_not_many_that_differ() -> None:
    """Each of many voided payments is gone, and a payment that could match them is ambiguous."""
    left = [paid(f"a{number:03}", "1", number % 7) for number in range(101)]
    right = [paid(f"x{number:03}", "1", number % 7, voided=True) for number in range(101)]
    outcomes = decide("INV-9", left, right, EXACT)

    assert 101 == sum(outcome.status is Status.VOIDED_OR_VANISHED for outcome in outcomes)
    assert [Rule.TOO_MANY] == [
        outcome.rule for outcome in outcomes if outcome.status is not Status.VOIDED_OR_VANISHED
    ]


def test_many_that_are_gone_from_both_sides_are_no_difference() -> None:
    """However many payments are voided on both sides, each is only gone."""
    left = [paid(f"a{number:03}", "10", voided=True) for number in range(101)]
    right = [Vanished(paid(f"x{number:03}", "20")) for number in range(101)]
    outcomes = decide("INV-9", left, right, EXACT)

    assert {Status.VOIDED_OR_VANISHED} == {outcome.status for outcome in outcomes}
    assert 202 == len(outcomes)


def test_any_number_of_equal_payments_on_a_day_is_matched() -> None:
    """Equal payments on a day need no comparison, so there is no limit."""
    (outcome,) = decide(
        "INV-9",
        [paid(str(number), "5") for number in range(500)],
        [paid(str(number), "5") for number in range(500)],
        EXACT,
    )

    assert (Status.MATCHED, 500, Decimal(0)) == (
        outcome.status,
        len(outcome.left),
        outcome.difference,
    )


AMOUNTS = st.sampled_from(["100", "60", "40", "40.00", "20", "-20", "0", "100.01"])
CURRENCIES = st.sampled_from([None, "EUR", "EUR", "USD"])
STATES = st.sampled_from(["live", "live", "live", "voided", "vanished"])
ROWS = st.lists(st.tuples(AMOUNTS, st.none() | st.integers(0, 12), CURRENCIES, STATES), max_size=7)
TOLERANCES = st.builds(
    Tolerances,
    days=st.integers(0, 6),
    tolerance=st.sampled_from([Decimal(0), Decimal("0.01"), Decimal(5)]),
)
MIRRORED = {Status.LEFT_ONLY: Status.RIGHT_ONLY, Status.RIGHT_ONLY: Status.LEFT_ONLY}


def entries(rows: Sequence[tuple[str, int | None, str | None, str]]) -> list[Payment | Vanished]:
    """The payments that these rows describe."""
    made = [
        (paid(str(number), amount, day, currency, voided=state == "voided"), state)
        for number, (amount, day, currency, state) in enumerate(rows)
    ]
    return [Vanished(payment) if state == "vanished" else payment for payment, state in made]


def mirror(outcome: Outcome) -> Outcome:
    """The outcome with its sides exchanged."""
    status = MIRRORED.get(outcome.status, outcome.status)
    return Outcome(
        status=status, rule=outcome.rule, key=outcome.key, left=outcome.right, right=outcome.left
    )


@settings(max_examples=200)
@given(left=ROWS, right=ROWS, tolerances=TOLERANCES, dice=st.randoms(use_true_random=False))
def test_neither_order_nor_side_matters(
    left: list[tuple[str, int | None, str | None, str]],
    right: list[tuple[str, int | None, str | None, str]],
    tolerances: Tolerances,
    dice: Random,
) -> None:
    """Shuffling changes nothing, swapping the sides mirrors the outcomes, and none is lost."""
    lefts, rights = entries(left), entries(right)
    outcomes = decide("INV-9", lefts, rights, tolerances)
    dice.shuffle(lefts)
    dice.shuffle(rights)

    assert outcomes == decide("INV-9", lefts, rights, tolerances)
    assert {mirror(outcome) for outcome in outcomes} == set(
        decide("INV-9", rights, lefts, tolerances)
    )
    for side, rows in (("left", left), ("right", right)):
        ids = sorted(payment.id for outcome in outcomes for payment in getattr(outcome, side))
        assert sorted(str(number) for number in range(len(rows))) == ids
