"""The rules that payments of one invoice are matched by, the strongest evidence first; ``outcome.RULES`` has them in words.

What is decided depends on the payments alone: not on the order in which they come, nor on which
side is called the left one.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal, localcontext
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import attrs

from paysdk.currencies import normalise_currency
from paysdk.payment import Payment
from paysdk.reconcile.graph import (
    clusters,
    connected_components,
    has_left_matching,
    has_perfect_matching,
    subset_sums,
)
from paysdk.reconcile.outcome import EXACT, STATUS_OF, Outcome, Rule, Status, Vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Tolerances", "decide"]

# So many pairs are tried where payments may hang together. What is beyond is ambiguous.
_MAX_PAIRS = 10_000
# Among so many payments the parts of a split one are looked for. Each one more doubles what there
# is to try.
_MAX_PARTS = 12
_COUNTERPART_GONE = frozenset({Rule.COUNTERPART_VOIDED, Rule.COUNTERPART_VANISHED})


@attrs.frozen(kw_only=True)
class Tolerances:
    """How far apart counterparts may be: *days* between their dates, *tolerance* between their amounts, in major currency units."""

    days: int
    tolerance: Decimal


@attrs.frozen(eq=False)
class _Item:
    """A payment and its side; ``gone`` where its provider has voided it or no longer lists it."""

    payment: Payment
    is_left: bool
    gone: Rule | None = None

    @property
    def currency(self) -> str | None:
        return normalise_currency(self.payment.currency)


if TYPE_CHECKING:
    _Link: TypeAlias = Callable[[_Item, _Item], bool]
    _Ruled: TypeAlias = tuple[Rule, list[_Item]]


def decide(
    key: str | None,
    left: Sequence[Payment | Vanished],
    right: Sequence[Payment | Vanished],
    tolerances: Tolerances,
) -> list[Outcome]:
    """The outcomes of the payments of one *key*; ``None`` is no key, and makes nobody a counterpart."""
    if (
        key is not None
        and len(left) == len(right) == 1
        and (pair := _plain_pair(key, left[0], right[0])) is not None
    ):
        return [pair]
    items = sorted([*_items(left, is_left=True), *_items(right, is_left=False)], key=_order)
    with localcontext(EXACT):
        ruled = _unnumbered(items) if key is None else _ruled(items, tolerances)
        outcomes = [_outcome(key, rule, chosen) for rule, chosen in ruled]
    return sorted(
        outcomes,
        key=lambda outcome: [_place(payment) for payment in (*outcome.left, *outcome.right)],
    )


def _plain_pair(key: str, left: Payment | Vanished, right: Payment | Vanished) -> Outcome | None:
    """The outcome of a pair beyond question. Nearly all are, and need none of what follows."""
    if (
        not isinstance(left, Payment)
        or not isinstance(right, Payment)
        or left.amount != right.amount
        or left.payment_date is None
        or left.payment_date != right.payment_date
        or left.voided_date is not None
        or right.voided_date is not None
        or not _same_currency(left, right)
    ):
        return None
    return Outcome(status=Status.MATCHED, rule=Rule.SAME_DAY, key=key, left=(left,), right=(right,))


def _items(entries: Iterable[Payment | Vanished], *, is_left: bool) -> Iterator[_Item]:
    for entry in entries:
        payment = entry.payment if isinstance(entry, Vanished) else entry
        gone = (
            Rule.VOIDED
            if payment.is_voided
            else Rule.VANISHED
            if isinstance(entry, Vanished)
            else None
        )
        yield _Item(payment, is_left, gone)


def _place(payment: Payment) -> tuple[date, str, str]:
    return payment.payment_date or date.max, payment.provider, payment.id


def _order(item: _Item) -> tuple[date, str, str]:
    return _place(item.payment)


def _outcome(key: str | None, rule: Rule, items: list[_Item]) -> Outcome:
    ordered = sorted(items, key=_order)
    # Only what is on one side has no status of its own; what is gone from the other side may stand
    # beside it.
    one_side = (
        Status.LEFT_ONLY
        if any(item.is_left and item.gone is None for item in items)
        else Status.RIGHT_ONLY
    )
    return Outcome(
        status=STATUS_OF.get(rule, one_side),
        rule=rule,
        key=key,
        left=tuple(item.payment for item in ordered if item.is_left),
        right=tuple(item.payment for item in ordered if not item.is_left),
    )


def _unnumbered(items: list[_Item]) -> Iterator[_Ruled]:
    return ((item.gone or Rule.NO_NUMBER, [item]) for item in items)


def _ruled(items: list[_Item], tolerances: Tolerances) -> Iterator[_Ruled]:
    live = [item for item in items if item.gone is None]
    gone = [item for item in items if item.gone is not None]
    if _is_currency_unclear(items):
        yield Rule.CURRENCY_UNCLEAR, live
        yield from ((item.gone or Rule.VOIDED, [item]) for item in gone)
        return
    decided = list(_same_day(live))
    rest = _without(live, decided)
    # What agrees to the digit goes before what agrees within the tolerance.
    for tolerance in sorted({Decimal(0), tolerances.tolerance}):
        decided += (paired := list(_paired(rest, attrs.evolve(tolerances, tolerance=tolerance))))
        rest = _without(rest, paired)
    decided += (splits := list(_splits(rest, tolerances)))
    rest = _without(rest, splits)
    yield from decided
    yield from _left_over(live, rest, gone, tolerances)


def _without(items: list[_Item], decided: Iterable[_Ruled]) -> list[_Item]:
    done = set(chain.from_iterable(chosen for _, chosen in decided))
    return [item for item in items if item not in done]


def _is_currency_unclear(items: list[_Item]) -> bool:
    """Whether a live one names no currency where the others, gone or not, name several, and there is somebody to be matched with."""
    unnamed = any(item.gone is None and item.payment.currency is None for item in items)
    named = {item.currency for item in items} - {None}
    return unnamed and len(named) > 1 and len({item.is_left for item in items}) > 1


def _same_currency(one: Payment, other: Payment) -> bool:
    """Whether both are in one currency; one that names none is in that which the others of its invoice name."""
    return (
        one.currency is None
        or other.currency is None
        or normalise_currency(one.currency) == normalise_currency(other.currency)
    )


def _agreeing(tolerances: Tolerances) -> _Link:
    """Whether two can be counterparts."""

    def agree(one: _Item, other: _Item) -> bool:
        return abs(
            one.payment.amount - other.payment.amount
        ) <= tolerances.tolerance and _in_window(one, other, tolerances.days)

    return agree


def _in_window(one: _Item, other: _Item, days: int) -> bool:
    """Whether two are in one currency and their dates are near enough.

    A date that is missing may be any.
    """
    first, second = one.payment.payment_date, other.payment.payment_date
    near = first is None or second is None or abs((first - second).days) <= days
    return near and _same_currency(one.payment, other.payment)


def _same_day(live: list[_Item]) -> Iterator[_Ruled]:
    currencies = {item.currency for item in live}
    one_currency = len(currencies - {None}) < 2  # noqa: PLR2004  # so what names none is in it too
    days: defaultdict[tuple[str | None, Decimal, date | None], list[_Item]] = defaultdict(list)
    for item in live:
        currency = None if one_currency else item.currency
        days[currency, item.payment.amount, item.payment.payment_date].append(item)
    for (currency, amount, day), items in days.items():
        # One of the same amount without a date may be of this day.
        if (
            day is not None
            and (currency, amount, None) not in days
            and 2 * sum(item.is_left for item in items) == len(items)
        ):
            yield Rule.SAME_DAY, items


def _paired(rest: list[_Item], tolerances: Tolerances) -> Iterator[_Ruled]:
    link = _agreeing(tolerances)
    pairs: list[_Ruled] = []
    for rule, items in _hanging_together(_near(rest, tolerances, by_amount=True), link):
        left, right = _sides(items)
        if rule is None and has_perfect_matching(
            {place: _linked(item, right, link) for place, item in enumerate(left)}, len(right)
        ):
            pairs.append((_pair_rule(items), items))
    claimed = _claimed(pairs, rest, tolerances)
    return (pair for pair in pairs if claimed.isdisjoint(pair[1]))


def _claimed(pairs: list[_Ruled], rest: list[_Item], tolerances: Tolerances) -> set[_Item]:
    """What makes a split together with anything that the *pairs* would leave over: to call it paired would be to choose."""
    over = set(_without(rest, pairs))
    if not over or not pairs:
        return over
    splits = [
        items
        for part in _near(rest, tolerances, by_amount=False)
        if not over.isdisjoint(part) and not _is_too_many(*_sides(part))
        for rule, items in _sums_in(part, tolerances)
        if rule is Rule.SPLIT
    ]
    # A pair that is not called one leaves its payments over in turn.
    hang_together = connected_components(rest, [*splits, *(items for _, items in pairs)])
    return set(
        chain.from_iterable(together for together in hang_together if not over.isdisjoint(together))
    )


def _pair_rule(items: list[_Item]) -> Rule:
    if len(items) > 2:  # noqa: PLR2004  # one on each side
        return Rule.AS_MANY
    return (
        Rule.UNDATED if any(item.payment.payment_date is None for item in items) else Rule.IN_WINDOW
    )


def _opposite(item: _Item, items: list[_Item]) -> list[_Item]:
    return [other for other in items if other.is_left is not item.is_left]


def _linked(item: _Item, others: list[_Item], link: _Link) -> list[int]:
    return [place for place, other in enumerate(others) if link(item, other)]


def _sides(items: Iterable[_Item]) -> tuple[list[_Item], list[_Item]]:
    held = list(items)
    return [item for item in held if item.is_left], [item for item in held if not item.is_left]


def _near(items: list[_Item], tolerances: Tolerances, *, by_amount: bool) -> Iterator[list[_Item]]:
    """The *items* in parts so far from each other that nothing in one can hang together with anything in another."""
    for part in (
        clusters(items, lambda item: item.payment.amount, tolerances.tolerance)
        if by_amount
        else [items]
    ):
        if any(item.payment.payment_date is None for item in part):
            yield part
        else:
            yield from clusters(part, lambda item: _order(item)[0].toordinal(), tolerances.days)


def _is_too_many(left: list[_Item], right: list[_Item]) -> bool:
    return len(left) * len(right) > _MAX_PAIRS


def _hanging_together(
    parts: Iterable[list[_Item]], link: _Link
) -> Iterator[tuple[Rule | None, list[_Item]]]:
    """Which items hang together through links between the sides; with ``Rule.TOO_MANY`` those that are too many to be looked at."""
    for part in parts:
        left, right = _sides(part)
        if _is_too_many(left, right):
            yield Rule.TOO_MANY, part
        else:
            linked = [(one, other) for one in left for other in right if link(one, other)]
            yield from (
                (None, together)
                for together in connected_components(part, linked)
                if len(together) > 1
            )


def _splits(rest: list[_Item], tolerances: Tolerances) -> Iterator[_Ruled]:
    """Those that are the sum of others, and all that cannot be told because of that, or because there are too few counterparts."""
    for part in _near(rest, tolerances, by_amount=False):
        if _is_too_many(*_sides(part)):
            yield Rule.TOO_MANY, part
            continue
        agreeing = _hanging_together(_near(part, tolerances, by_amount=True), _agreeing(tolerances))
        found: list[_Ruled] = [
            *((Rule.UNEVEN, items) for _, items in agreeing),
            *_sums_in(part, tolerances),
        ]
        rules: defaultdict[_Item, list[Rule]] = defaultdict(list)
        for rule, items in found:
            rules[items[0]].append(rule)
        for together in connected_components(part, [items for _, items in found]):
            if said := [rule for item in together for rule in rules[item]]:
                yield _split_rule(said), together


def _split_rule(said: list[Rule]) -> Rule:
    """The rule for what hangs together by these."""
    if Rule.TOO_MANY in said:
        return Rule.TOO_MANY
    if Rule.SPLIT in said:
        return Rule.SPLIT if len(said) == 1 else Rule.SPLIT_UNCLEAR
    return Rule.UNEVEN


def _sums_in(part: list[_Item], tolerances: Tolerances) -> Iterator[_Ruled]:
    left, right = _sides(part)
    for whole in part:
        yield from _sums_to(whole, right if whole.is_left else left, tolerances)


def _sums_to(whole: _Item, others: list[_Item], tolerances: Tolerances) -> Iterator[_Ruled]:
    """Each way in which *whole* is the sum of several *others*, unless those are too many to be tried."""
    total = whole.payment.amount
    parts = [
        other
        for other in others
        if other.payment.amount and _in_window(whole, other, tolerances.days)
    ]
    least = sum(min(part.payment.amount, Decimal(0)) for part in parts) - tolerances.tolerance
    most = sum(max(part.payment.amount, Decimal(0)) for part in parts) + tolerances.tolerance

    def fits(amount: Decimal) -> bool:
        return least - min(amount, Decimal(0)) <= total - amount <= most - max(amount, Decimal(0))

    parts = [part for part in parts if fits(part.payment.amount)]
    if not total:
        return
    if len(parts) > _MAX_PARTS:
        yield Rule.TOO_MANY, [whole, *parts]
        return
    for places in subset_sums([part.payment.amount for part in parts], total, tolerances.tolerance):
        yield Rule.SPLIT, [whole, *(parts[place] for place in places)]


def _left_over(
    live: list[_Item], rest: list[_Item], gone: list[_Item], tolerances: Tolerances
) -> Iterator[_Ruled]:
    """Those that differ, and those whose counterpart is gone or was never there."""
    agree = _agreeing(tolerances)

    def link(one: _Item, other: _Item) -> bool:
        if one.gone is None and other.gone is None:
            return _in_window(one, other, tolerances.days)
        return (one.gone is None or other.gone is None) and agree(one, other)

    alone = [*rest, *gone]
    # Where all are gone there is nothing to be decided, however many they are.
    parts = (
        part
        for part in _near(alone, tolerances, by_amount=False)
        if any(item.gone is None for item in part)
    )
    for too_many, items in list(_hanging_together(parts, link)):
        rule = too_many or _left_over_rule(items, link)
        # One that is gone stands beside another only to say why that has no counterpart.
        together = (
            items if rule in _COUNTERPART_GONE else [item for item in items if item.gone is None]
        )
        yield rule, together
        alone = _without(alone, [(rule, together)])
    there, open_ = _currencies(live), _currencies(rest)
    for item in alone:
        yield (
            item.gone or _alone_rule(item, there[not item.is_left], open_[not item.is_left]),
            [item],
        )


def _left_over_rule(items: list[_Item], link: _Link) -> Rule:
    live = [item for item in items if item.gone is None]
    left, right = _sides(live)
    if left and right:
        return Rule.ONLY_PAIR if len(items) == 2 else Rule.SEVERAL_DIFFER  # noqa: PLR2004  # one on each side
    # What is gone was the counterpart of one payment and no more.
    if not has_left_matching(
        {place: _linked(item, _opposite(item, items), link) for place, item in enumerate(live)}
    ):
        return Rule.UNEVEN
    voided = all(item.gone in {None, Rule.VOIDED} for item in items)
    return Rule.COUNTERPART_VOIDED if voided else Rule.COUNTERPART_VANISHED


def _currencies(items: list[_Item]) -> dict[bool, set[str | None]]:
    """What currencies there are on the left side and on the other."""
    return {
        side: {item.currency for item in items if item.is_left is side} for side in (True, False)
    }


def _alone_rule(item: _Item, there: set[str | None], open_: set[str | None]) -> Rule:
    """Why a payment has no counterpart, where the other side has *there* these currencies, and *open_* among what is left."""

    def in_one_of(currencies: set[str | None]) -> bool:
        return bool(currencies) and (
            item.payment.currency is None or not currencies.isdisjoint({None, item.currency})
        )

    if not there:
        return Rule.NOT_THERE
    if not in_one_of(there):
        return Rule.OTHER_CURRENCY
    return Rule.OUT_OF_WINDOW if in_one_of(open_) else Rule.NONE_LEFT
