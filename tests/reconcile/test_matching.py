"""Reconciling iterables of every kind, in any order and sorted by key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
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


async def as_async(payments: Sequence[Payment | Vanished]) -> AsyncIterator[Payment | Vanished]:
    """An async iterable of the payments."""
    for payment in payments:
        yield payment


@attrs.define
class Walk:
    """An async iterator that cannot be closed."""

    payments: Iterator[Payment | Vanished]

    def __aiter__(self) -> Walk:
        return self

    async def __anext__(self) -> Payment | Vanished:
        for payment in self.payments:
            return payment
        raise StopAsyncIteration


def describe(outcomes: Sequence[Outcome]) -> list[tuple[str | None, str, str, str]]:
    """The outcomes as keys, rules and ids of payments."""
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


async def test_payments_come_in_any_order_and_from_any_iterable() -> None:
    """Lists, iterators and async iterables give the same outcomes, sorted by key."""
    assert sorted(EXPECTED, key=str) == sorted(
        describe([outcome async for outcome in reconcile(LEFT, RIGHT)]), key=str
    )
    assert (
        EXPECTED[2:]
        == describe([outcome async for outcome in reconcile(as_async(LEFT), Walk(iter(RIGHT)))])[2:]
    )


async def test_ordered_payments_are_merged() -> None:
    """Sorted payments give the same outcomes, wherever the payments without a key are."""
    left: list[Payment | Vanished] = [
        paid("1", "A"),
        paid("5", None),
        paid("2", "A"),
        paid("3", "B"),
        Vanished(paid("4", "D")),
    ]
    right = [paid("6", "A"), paid("7", "A"), paid("9", "C"), paid("8", " ")]

    assert sorted(EXPECTED, key=str) == sorted(
        describe([outcome async for outcome in reconcile(left, as_async(right), ordered=True)]),
        key=str,
    )


async def test_a_listing_is_a_side() -> None:
    """A listing matches its own payments, except voided ones."""
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


async def test_the_last_version_of_a_payment_counts() -> None:
    """A listing yields a payment again if it changed; it is still one payment."""
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

    assert [("A", "same_day", "1", "6"), ("A", "none_left", "2", "")] == describe(
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
        pytest.param(paid("1", "A", modified=2), paid("1", "B"), id="modified at an unknown time"),
        pytest.param(
            paid("1", "A", made=1, modified=3),
            paid("1", "A", made=2, modified=4),
            id="made at another time",
        ),
    ],
)
async def test_two_payments_of_one_id_are_an_error(before: Payment, payment: Payment) -> None:
    """Two accounts can share an id, so the error names both payments."""
    with pytest.raises(
        ConfigurationError,
        match=r"Two right payments of acme have the id '1': "
        r"100 for invoice A and \d+ for invoice [AB]\.",
    ):
        _ = [outcome async for outcome in reconcile([], [before, payment])]


async def test_the_key_can_be_another() -> None:
    """Payments can be matched by anything that both sides have."""

    def customer(payment: Payment) -> str | None:
        return payment.provider

    (outcome,) = [
        outcome async for outcome in reconcile([paid("1", "A")], [paid("6", "B")], key=customer)
    ]

    assert ("acme", Rule.SAME_DAY) == (outcome.key, outcome.rule)


async def test_disorder_is_an_error() -> None:
    """If a side is not sorted, `ordered` raises an error instead of giving wrong outcomes."""
    left = [paid("1", "A"), paid("2", "B"), paid("3", None), paid("4", "A")]
    given: list[Outcome] = []
    with pytest.raises(
        ConfigurationError,
        match="left payments are not in the order of their keys: 'A' comes after 'B'",
    ):
        async for outcome in reconcile(left, [], ordered=True):
            given.append(outcome)  # noqa: PERF401  # the outcomes before the error count

    assert [("A", "not_there", "1", ""), (None, "no_number", "3", "")] == describe(given)


async def test_leaving_closes_both_sides() -> None:
    """Stopping early closes both streams."""
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
    """With `ordered`, only the payments of the next key are read ahead."""
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
    """The settings are checked before anything is read."""
    with pytest.raises(ConfigurationError, match=message):
        reconcile(**({"left": [], "right": []} | settings))


def test_blank_numbers_are_none() -> None:
    """A blank number counts as missing, and any other is kept as the provider sent it."""
    assert (None, None, None, " A") == tuple(
        invoice_number(paid("1", number)) for number in (None, "", " \t", " A")
    )


NUMBERS = st.none() | st.sampled_from(["A", "B", "é", "\uffff", "\U00010000", " "])
NUMBERED = st.lists(st.tuples(NUMBERS, st.sampled_from(["100", "50"])), max_size=12)


@given(NUMBERED, NUMBERED)
async def test_merging_and_sorting_give_the_same(
    left: list[tuple[str | None, str]], right: list[tuple[str | None, str]]
) -> None:
    """Streams sorted as UTF-8 give the same outcomes as unsorted ones."""
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


in_may = partial(reconcile, paid_since=date(2026, 5, 1), paid_until=date(2026, 5, 31))


def made_on(name: str, number: str, day: date | None) -> Payment:
    """A payment of an invoice with this number, made on this day."""
    return attrs.evolve(paid(name, number), payment_date=day)


async def test_a_month_takes_its_neighbours_into_account() -> None:
    """A payment of 31 May that was booked on 2 June is matched, in May and in June."""
    left = [made_on("1", "INV-1", date(2026, 5, 31)), made_on("2", "INV-2", date(2026, 6, 9))]
    right = [made_on("3", "INV-1", date(2026, 6, 2)), made_on("4", "INV-4", date(2026, 4, 30))]
    in_june = partial(reconcile, paid_since=date(2026, 6, 1), paid_until=date(2026, 6, 30))

    assert [("INV-1", Status.MATCHED)] == [
        (each.key, each.status) async for each in in_may(left, right)
    ]
    assert [("INV-1", Status.MATCHED), ("INV-2", Status.LEFT_ONLY)] == [
        (each.key, each.status) async for each in in_june(left, right)
    ]


async def test_a_payment_without_a_date_is_in_no_month() -> None:
    """It still counts as the counterpart of a payment of the month."""
    left = [made_on("1", "INV-1", date(2026, 5, 9)), made_on("2", "INV-2", None)]
    right = [made_on("3", "INV-1", None)]

    assert [("INV-1", Status.MATCHED)] == [
        (each.key, each.status) async for each in in_may(left, right)
    ]


@given(
    sides=st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from(["INV-1", "INV-2"]),
            st.integers(0, 40),
            st.sampled_from(["1", "2", "3"]),
        ),
        max_size=12,
    ),
    first=st.integers(0, 40),
    length=st.integers(0, 10),
)
async def test_a_month_has_the_outcomes_of_the_whole(
    sides: list[tuple[bool, str, int, str]], first: int, length: int
) -> None:
    """The bounds choose outcomes, and change none."""
    payments = [
        (is_left, attrs.evolve(paid(str(place), number, amount), payment_date=_day(day)))
        for place, (is_left, number, day, amount) in enumerate(sides)
    ]
    left, right = (
        [each for is_left, each in payments if is_left is side] for side in (True, False)
    )
    since, until = _day(first), _day(first + length)

    whole = [outcome async for outcome in reconcile(left, right)]
    chosen = [
        outcome async for outcome in reconcile(left, right, paid_since=since, paid_until=until)
    ]

    assert chosen == [
        outcome
        for outcome in whole
        if any(
            each.payment_date is not None and since <= each.payment_date <= until
            for each in (*outcome.left, *outcome.right)
        )
    ]


def _day(number: int) -> date:
    return date.fromordinal(date(2026, 5, 1).toordinal() + number)


def test_bounds_are_checked_at_the_call() -> None:
    """A bound that is not a date is refused before a side is read."""
    with pytest.raises(ConfigurationError, match=r"paid_until must be a datetime\.date"):
        reconcile([], [], paid_until="2026-05-31")  # type: ignore[arg-type]  # wrong on purpose
