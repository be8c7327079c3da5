"""Reconciling iterables of every kind, in any order, and in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import CampfireProvider, ConfigurationError, InvoiceRef, Payment
from paysdk.reconcile import Outcome, Rule, Status, Vanished, invoice_number, reconcile
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


def paid(
    name: str,
    number: str | None,
    amount: str = "100",
    *,
    made: int | None = None,
    modified: int | None = None,
) -> Payment:
    """A payment of an invoice with this number, made and modified at these hours."""
    return Payment(
        provider="acme",
        id=name,
        amount=Decimal(amount),
        payment_date=date(2026, 1, 1),
        invoice=InvoiceRef("9", number),
        created_at=None if made is None else datetime(2026, 1, 1, made, tzinfo=UTC),
        modified_at=None if modified is None else datetime(2026, 1, 1, modified, tzinfo=UTC),
    )


async def walked(payments: Sequence[Payment | Vanished]) -> AsyncIterator[Payment | Vanished]:
    """The payments one after the other, awaited."""
    for payment in payments:
        yield payment


@attrs.define
class Walk:
    """An iterator that has nothing to close."""

    payments: Iterator[Payment | Vanished]

    def __aiter__(self) -> Walk:
        return self

    async def __anext__(self) -> Payment | Vanished:
        for payment in self.payments:
            return payment
        raise StopAsyncIteration


def said(outcomes: Sequence[Outcome]) -> list[tuple[str | None, str, str, str]]:
    """The outcomes with the ids of their payments."""
    return [
        (
            outcome.key,
            outcome.rule.value,
            "+".join(p.id for p in outcome.left),
            "+".join(p.id for p in outcome.right),
        )
        for outcome in outcomes
    ]


LEFT: list[Payment | Vanished] = [
    paid("3", "B"),
    paid("1", "A"),
    Vanished(paid("4", "D")),
    paid("2", "A"),
    paid("5", None),
]
RIGHT: list[Payment | Vanished] = [paid("9", "C"), paid("6", "A"), paid("8", " "), paid("7", "A")]
EXPECTED = [
    (None, "no_number", "5", ""),
    (None, "no_number", "", "8"),
    ("A", "same_day", "1+2", "6+7"),
    ("B", "not_there", "3", ""),
    ("C", "not_there", "", "9"),
    ("D", "vanished", "4", ""),
]


async def test_payments_come_in_any_order_and_from_anything() -> None:
    """Lists, iterators and what is walked with `async for` give the same, in the order of the keys."""
    assert sorted(EXPECTED, key=str) == sorted(
        said([outcome async for outcome in reconcile(LEFT, RIGHT)]), key=str
    )
    assert (
        EXPECTED[2:]
        == said([outcome async for outcome in reconcile(walked(LEFT), Walk(iter(RIGHT)))])[2:]
    )


async def test_ordered_payments_are_merged() -> None:
    """In the order of the keys it is the same, wherever those without a key stand."""
    left: list[Payment | Vanished] = [
        paid("1", "A"),
        paid("5", None),
        paid("2", "A"),
        paid("3", "B"),
        Vanished(paid("4", "D")),
    ]
    right = [paid("6", "A"), paid("7", "A"), paid("9", "C"), paid("8", " ")]

    assert sorted(EXPECTED, key=str) == sorted(
        said([outcome async for outcome in reconcile(left, walked(right), ordered=True)]), key=str
    )


async def test_a_listing_is_a_side() -> None:
    """What a provider lists has its counterpart in itself, voided payments aside."""
    async with open_sandbox("campfire", payments=60) as sandbox:
        campfire = CampfireProvider(sandbox.api_key, base_url=sandbox.url)
        async with campfire:
            payments = await campfire.list_payments().collect()
            outcomes = [outcome async for outcome in reconcile(campfire.list_payments(), payments)]

    assert {Status.MATCHED, Status.VOIDED_OR_VANISHED} == {outcome.status for outcome in outcomes}
    assert (
        60
        == sum(len(outcome.left) for outcome in outcomes)
        == sum(len(outcome.right) for outcome in outcomes)
    )


async def test_a_payment_that_comes_again_counts_as_it_came_last() -> None:
    """A listing gives what changed meanwhile again; it is still one payment."""
    left = [
        paid("1", "B", "90", modified=1),
        paid("2", "A", "50"),
        paid("1", "A", "100", modified=2),
    ]
    right: list[Payment | Vanished] = [
        paid("6", "A", "100"),
        Vanished(paid("6", "A", "100")),
        paid("6", "A", "100"),
    ]

    assert [("A", "same_day", "1", "6"), ("A", "none_left", "2", "")] == said(
        [outcome async for outcome in reconcile(left, right)]
    )


@pytest.mark.parametrize(
    ("before", "payment"),
    [
        pytest.param(paid("1", "A"), paid("1", "B"), id="another invoice"),
        pytest.param(paid("1", "A"), paid("1", "A", "90"), id="another amount"),
        pytest.param(
            paid("1", "A", modified=2), paid("1", "B", modified=2), id="modified at the same time"
        ),
        pytest.param(paid("1", "A", modified=2), paid("1", "B", modified=1), id="modified before"),
        pytest.param(paid("1", "A", modified=2), paid("1", "B"), id="modified nobody knows when"),
        pytest.param(
            paid("1", "A", made=1, modified=3),
            paid("1", "A", made=2, modified=4),
            id="made at another time",
        ),
    ],
)
async def test_two_payments_of_one_id_are_an_error(before: Payment, payment: Payment) -> None:
    """Ids that two accounts share would hide a payment, so it is said which."""
    with pytest.raises(
        ConfigurationError,
        match=r"Two right payments of acme have the id '1': 100 for invoice A and \d+ for invoice [AB]\.",
    ):
        _ = [outcome async for outcome in reconcile([], [before, payment])]


async def test_the_key_can_be_another() -> None:
    """Payments may be found by whatever both sides know."""

    def customer(payment: Payment) -> str | None:
        return payment.provider

    (outcome,) = [
        outcome async for outcome in reconcile([paid("1", "A")], [paid("6", "B")], key=customer)
    ]

    assert ("acme", Rule.SAME_DAY) == (outcome.key, outcome.rule)


async def test_disorder_is_an_error() -> None:
    """Streams that are said to be ordered and are not give an error, and no wrong answer."""
    left = [paid("1", "A"), paid("2", "B"), paid("3", None), paid("4", "A")]
    given: list[Outcome] = []
    with pytest.raises(
        ConfigurationError,
        match="left payments are not in the order of their keys: 'A' comes after 'B'",
    ):
        async for outcome in reconcile(left, [], ordered=True):
            given.append(outcome)  # noqa: PERF401  # what was given before the error counts

    assert [("A", "not_there", "1", ""), (None, "no_number", "3", "")] == said(given)


async def test_leaving_closes_both_sides() -> None:
    """Whoever stops early leaves no stream open."""
    closed: list[str] = []

    async def walk(name: str) -> AsyncIterator[Payment]:
        try:
            for number in "ABC":
                yield paid(name, number)
        finally:
            closed.append(name)

    async with aclosing(reconcile(walk("left"), walk("right"), ordered=True)) as outcomes:
        async for _ in outcomes:
            break

    assert {"left", "right"} == set(closed)


async def test_only_one_group_is_held() -> None:
    """Of ordered streams no more is read than the payments of the next key."""
    read: list[str] = []

    def stream(name: str) -> Iterator[Payment]:
        for number in range(1000):
            read.append(name)
            yield paid(f"{name}{number}", f"{number // 2:04}")

    ahead = [
        max(read.count("left"), read.count("right")) - 2 * (number + 1)
        async for number, _ in numbered(reconcile(stream("left"), stream("right"), ordered=True))
    ]

    assert (500, 1) == (len(ahead), max(ahead))


async def numbered(outcomes: AsyncIterator[Outcome]) -> AsyncIterator[tuple[int, Outcome]]:
    """Like ``enumerate``."""
    number = 0
    async for outcome in outcomes:
        yield number, outcome
        number += 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"days": -1}, "days must be a whole number from 0, not -1"),
        ({"days": True}, "days must be"),
        ({"days": 1.5}, "days must be"),
        ({"tolerance": 0.1}, "tolerance must be a finite decimal.Decimal from 0, not 0.1"),
        ({"tolerance": Decimal(-1)}, "tolerance must be"),
        ({"tolerance": Decimal("nan")}, "tolerance must be"),
        (
            {"right": None},
            "right must be payments to iterate over, such as a list or a listing, not None",
        ),
    ],
)
def test_settings_that_cannot_be_right_raise_at_the_call(
    settings: dict[str, Any], message: str
) -> None:
    """Nothing is read before the settings are looked at."""
    with pytest.raises(ConfigurationError, match=message):
        reconcile(**({"left": [], "right": []} | settings))


def test_blank_numbers_are_none() -> None:
    """A number of spaces is none; any other is taken as it was sent."""
    assert (None, None, None, " A") == tuple(
        invoice_number(paid("1", number)) for number in (None, "", " \t", " A")
    )


NUMBERS = st.none() | st.sampled_from(["A", "B", "é", "\uffff", "\U00010000", " "])
NUMBERED = st.lists(st.tuples(NUMBERS, st.sampled_from(["100", "50"])), max_size=12)


@given(NUMBERED, NUMBERED)
async def test_merging_says_what_sorting_says(
    left: list[tuple[str | None, str]], right: list[tuple[str | None, str]]
) -> None:
    """Ordered streams, in the order that UTF-8 gives their numbers, come to the same as unordered ones."""
    lefts, rights = (
        [paid(str(place), *row) for place, row in enumerate(rows)] for rows in (left, right)
    )

    def in_order(payments: list[Payment]) -> list[Payment]:
        return sorted(payments, key=lambda payment: (payment.invoice.number or "").encode())

    merged = [
        outcome async for outcome in reconcile(in_order(lefts), in_order(rights), ordered=True)
    ]

    assert set(merged) == {outcome async for outcome in reconcile(lefts, rights)}
    assert len(left) == sum(len(outcome.left) for outcome in merged)
