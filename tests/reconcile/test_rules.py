"""Each rule, and that neither order nor side decides anything."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk import InvoiceRef, Payment
from paysdk.reconcile import RULES, Outcome, Rule, Status, Vanished
from paysdk.reconcile.rules import Tolerances, decide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

FIRST = date(2026, 1, 1)
EXACT = Tolerances(days=7, tolerance=Decimal(0))


def paid(
    name: str,
    amount: str,
    day: int | None = 0,
    currency: str | None = "EUR",
    *,
    voided: bool = False,
) -> Payment:
    """A payment of an amount, so many days into the year."""
    return Payment(
        provider="acme",
        id=name,
        amount=Decimal(amount),
        currency=currency,
        payment_date=None if day is None else FIRST + timedelta(day),
        invoice=InvoiceRef("9", "INV-9"),
        voided_date=FIRST if voided else None,
    )


def describe(
    left: Sequence[Payment | Vanished],
    right: Sequence[Payment | Vanished],
    tolerances: Tolerances = EXACT,
) -> set[str]:
    """The outcomes as text: the status, the payments and the rule."""

    def ids(payments: Sequence[Payment]) -> str:
        return "+".join(payment.id for payment in payments)

    return {
        f"{outcome.status}: {ids(outcome.left)}|{ids(outcome.right)} ({outcome.rule})"
        for outcome in decide("INV-9", left, right, tolerances)
    }


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


def test_every_rule_is_in_the_documents() -> None:
    """The page about reconciling has each rule with its sentence, and no other."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "reconcile.md"
    rows = re.findall(r"^\|[^|]*\| `(\w+)` \| (.*) \|$", page.read_text(), re.MULTILINE)

    assert list(Rule) == list(RULES)
    assert [(rule.value, sentence) for rule, sentence in RULES.items()] == rows


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
            [paid("a", "100")],
            [paid("x", "60"), paid("y", "40", 3)],
            {"matched: a|x+y (split)"},
            id="in two",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "120"), paid("y", "-20")],
            {"matched: a|x+y (split)"},
            id="with some paid back",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "70")],
            [paid("x", "60"), paid("y", "40"), paid("z", "70")],
            {"matched: a|x+y (split)", "matched: b|z (same_day)"},
            id="beside others",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "60"), paid("y", "40"), paid("z", "40", 1)],
            {"ambiguous: a|x+y+z (split_unclear)"},
            id="in more than one way",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "90")],
            [paid("x", "60"), paid("y", "40"), paid("z", "30")],
            {"ambiguous: a+b|x+y+z (split_unclear)"},
            id="of parts that another claims",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60")],
            [paid("x", "60"), paid("y", "40"), paid("z", "60")],
            {"ambiguous: a+b|x+y+z (split_unclear)"},
            id="of parts that are uneven",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60", 6)],
            [paid("x", "60"), paid("y", "40")],
            {"ambiguous: a+b|x+y (split_unclear)"},
            id="of a part that has an equal one in the window",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60", None)],
            [paid("x", "60"), paid("y", "40")],
            {"ambiguous: a+b|x+y (split_unclear)"},
            id="of a part that has an equal one without a date",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "60"), paid("y", "40"), paid("z", "100", 6)],
            {"ambiguous: a|x+y+z (split_unclear)"},
            id="with an equal one in the window",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60", 6), paid("c", "20", 6)],
            [paid("x", "60"), paid("y", "40"), paid("z", "20", 5)],
            {"ambiguous: a+b+c|x+y+z (split_unclear)"},
            id="of parts that make others with a third",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60", 6), paid("c", "7", 6)],
            [paid("x", "60"), paid("y", "40"), paid("z", "7", 5)],
            {"ambiguous: a+b|x+y (split_unclear)", "matched: c|z (in_window)"},
            id="and a pair that has no part in it",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60"), paid("c", "40")],
            [paid("x", "100", 1), paid("y", "60", 1), paid("z", "40", 1)],
            {"matched: a|x (in_window)", "matched: b|y (in_window)", "matched: c|z (in_window)"},
            id="not where all are paired",
        ),
        pytest.param(
            [paid("a", "100"), paid("b", "60")],
            [paid("x", "60"), paid("y", "40")],
            {"matched: b|x (same_day)", "amount differs: a|y (only_pair)"},
            id="not of a part that has an equal one on its day",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid("x", "60"), paid("y", "40", 8)],
            {"amount differs: a|x (only_pair)", "right only: |y (out_of_window)"},
            id="outside the window",
        ),
        pytest.param(
            [paid("a", "0")],
            [paid("x", "60"), paid("y", "-60")],
            {"ambiguous: a|x+y (several_differ)"},
            id="nothing has no parts",
        ),
        pytest.param(
            [paid("a", "100")],
            [paid(f"x{number:02}", str(number), number % 3) for number in range(3, 16)],
            {"ambiguous: a|x03+x06+x09+x12+x15+x04+x07+x10+x13+x05+x08+x11+x14 (too_many)"},
            id="thirteen parts",
        ),
    ],
)
def test_split_payments_match_their_parts(
    left: list[Payment], right: list[Payment], expected: set[str]
) -> None:
    """A payment matches several if it is their sum in exactly one way and nothing else fits."""
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


def test_too_many_to_compare_are_ambiguous() -> None:
    """101 payments on each side, on different days, are not compared."""
    left = [paid(f"a{number}", "1", 2 * number) for number in range(101)]
    right = [paid(f"x{number}", "1", 2 * number + 1) for number in range(101)]
    (outcome,) = decide("INV-9", left, right, EXACT)

    assert (Status.AMBIGUOUS, Rule.TOO_MANY) == (outcome.status, outcome.rule)
    assert (101, 101) == (len(outcome.left), len(outcome.right))


def test_pairs_among_too_many_to_compare_are_matched() -> None:
    """Pairs in the window are matched even if there are too many payments to look for splits."""
    left = [paid(f"a{number:03}", str(number + 1000)) for number in range(101)]
    right = [paid(f"x{number:03}", str(number + 1000), 1) for number in range(102)]
    outcomes = decide("INV-9", left, right, EXACT)

    assert [Rule.IN_WINDOW] * 101 + [Rule.NONE_LEFT] == [outcome.rule for outcome in outcomes]


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
