"""Payments that are the sum of others."""

from __future__ import annotations

from decimal import Context, localcontext
from typing import TYPE_CHECKING

import pytest

from paysdk.reconcile import Rule
from paysdk.reconcile.rules import decide
from tests.reconcile.entries import EXACT, describe, paid

if TYPE_CHECKING:
    from paysdk import Payment


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
    ("parts", "expected"),
    [
        (("600.41", "400.04"), {"matched: a|x+y (split)"}),
        (("600.41", "400.05"), {"ambiguous: a|x+y (several_differ)"}),
    ],
)
def test_split_is_exact_in_any_context(parts: tuple[str, str], expected: set[str]) -> None:
    """The sum of parts is exact, whatever precision the program of the user has set."""
    first, second = parts
    with localcontext(Context(prec=2)):
        found = describe([paid("a", "1000.45")], [paid("x", first), paid("y", second)])
    assert expected == found


def test_pairs_among_too_many_to_compare_are_matched() -> None:
    """Pairs in the window are matched even if there are too many payments to look for splits."""
    left = [paid(f"a{number:03}", str(number + 1000)) for number in range(101)]
    right = [paid(f"x{number:03}", str(number + 1000), 1) for number in range(102)]
    outcomes = decide("INV-9", left, right, EXACT)

    assert [Rule.IN_WINDOW] * 101 + [Rule.NONE_LEFT] == [outcome.rule for outcome in outcomes]
