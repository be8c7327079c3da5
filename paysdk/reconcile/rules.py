"""The rules that match the payments of one invoice, strongest evidence first.

``outcome.RULES`` has a sentence for each. The result depends only on the payments, not on their
order or on which side is called left.
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

# If there are more pairs to compare, the payments are ambiguous.
_MAX_PAIRS = 10_000
# If a payment could be the sum of more payments than these, it is ambiguous. Each payment doubles
# the number of combinations.
_MAX_PARTS = 12
_COUNTERPART_GONE = frozenset({Rule.COUNTERPART_VOIDED, Rule.COUNTERPART_VANISHED})


@attrs.frozen(kw_only=True)
class Tolerances:
    """How far apart the dates and the amounts of counterparts may be.

    ``tolerance`` is in major currency units.
    """

    days: int
    tolerance: Decimal


@attrs.frozen(eq=False)
class _Item:
    """A payment and its side. ``gone`` is why it does not count, if it is voided or vanished."""

    payment: Payment
    is_left: bool
    gone: Rule | None = None

    @property
    def currency(self) -> str | None:
        return normalise_currency(self.payment.currency)


if TYPE_CHECKING:
    _Link: TypeAlias = Callable[[_Item, _Item], bool]
    _Decision: TypeAlias = tuple[Rule, list[_Item]]


def decide(
    key: str | None,
    left: Sequence[Payment | Vanished],
    right: Sequence[Payment | Vanished],
    tolerances: Tolerances,
) -> list[Outcome]:
    """The outcomes of the payments of one *key*. Without a key, no payment has a counterpart."""
    if (
        key is not None
        and len(left) == len(right) == 1
        and (pair := _plain_pair(key, left[0], right[0])) is not None
    ):
        return [pair]
    items = sorted([*_items(left, is_left=True), *_items(right, is_left=False)], key=_item_order)
    with localcontext(EXACT):
        decisions = _decide_without_key(items) if key is None else _apply_rules(items, tolerances)
        outcomes = [_outcome(key, rule, chosen) for rule, chosen in decisions]
    return sorted(
        outcomes,
        key=lambda outcome: [
            _payment_order(payment) for payment in (*outcome.left, *outcome.right)
        ],
    )


def _plain_pair(key: str, left: Payment | Vanished, right: Payment | Vanished) -> Outcome | None:
    """The outcome of an obvious pair, or ``None``. Nearly all pairs are obvious."""
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


def _payment_order(payment: Payment) -> tuple[date, str, str]:
    return payment.payment_date or date.max, payment.provider, payment.id


def _item_order(item: _Item) -> tuple[date, str, str]:
    return _payment_order(item.payment)


def _outcome(key: str | None, rule: Rule, items: list[_Item]) -> Outcome:
    ordered = sorted(items, key=_item_order)
    # A rule without a status is about one side. The other side then has voided or vanished payments
    # at most.
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


def _decide_without_key(items: list[_Item]) -> Iterator[_Decision]:
    return ((item.gone or Rule.NO_NUMBER, [item]) for item in items)


def _apply_rules(items: list[_Item], tolerances: Tolerances) -> Iterator[_Decision]:
    live = [item for item in items if item.gone is None]
    gone = [item for item in items if item.gone is not None]
    if _is_currency_unclear(items):
        yield Rule.CURRENCY_UNCLEAR, live
        yield from ((item.gone or Rule.VOIDED, [item]) for item in gone)
        return
    decided = list(_find_same_day(live))
    rest = _remove_decided(live, decided)
    # Equal amounts are matched before amounts within the tolerance.
    for tolerance in sorted({Decimal(0), tolerances.tolerance}):
        decided += (
            paired := list(_find_pairs(rest, attrs.evolve(tolerances, tolerance=tolerance)))
        )
        rest = _remove_decided(rest, paired)
    decided += (splits := list(_find_splits(rest, tolerances)))
    rest = _remove_decided(rest, splits)
    yield from decided
    yield from _decide_rest(live, rest, gone, tolerances)


def _remove_decided(items: list[_Item], decided: Iterable[_Decision]) -> list[_Item]:
    done = set(chain.from_iterable(chosen for _, chosen in decided))
    return [item for item in items if item not in done]


def _is_currency_unclear(items: list[_Item]) -> bool:
    """Whether a live payment has no currency, and the others could mean several.

    Without payments on both sides there is nothing to match, so it makes no difference.
    """
    unnamed = any(item.gone is None and item.payment.currency is None for item in items)
    named = {item.currency for item in items} - {None}
    return unnamed and len(named) > 1 and len({item.is_left for item in items}) > 1


def _same_currency(one: Payment, other: Payment) -> bool:
    """Whether both are in one currency. A payment without one is in the currency of the others."""
    return (
        one.currency is None
        or other.currency is None
        or normalise_currency(one.currency) == normalise_currency(other.currency)
    )


def _link_by_amount(tolerances: Tolerances) -> _Link:
    """What tells whether two payments can be counterparts."""

    def agree(one: _Item, other: _Item) -> bool:
        return abs(
            one.payment.amount - other.payment.amount
        ) <= tolerances.tolerance and _in_window(one, other, tolerances.days)

    return agree


def _in_window(one: _Item, other: _Item, days: int) -> bool:
    """Whether two are in one currency and their dates are close enough.

    A missing date can be any date.
    """
    first, second = one.payment.payment_date, other.payment.payment_date
    near = first is None or second is None or abs((first - second).days) <= days
    return near and _same_currency(one.payment, other.payment)


def _find_same_day(live: list[_Item]) -> Iterator[_Decision]:
    currencies = {item.currency for item in live}
    one_currency = len(currencies - {None}) < 2  # noqa: PLR2004  # a payment without one is in it too
    days: defaultdict[tuple[str | None, Decimal, date | None], list[_Item]] = defaultdict(list)
    for item in live:
        currency = None if one_currency else item.currency
        days[currency, item.payment.amount, item.payment.payment_date].append(item)
    for (currency, amount, day), items in days.items():
        # A payment of this amount without a date could be of this day.
        if (
            day is not None
            and (currency, amount, None) not in days
            and 2 * sum(item.is_left for item in items) == len(items)
        ):
            yield Rule.SAME_DAY, items


def _find_pairs(rest: list[_Item], tolerances: Tolerances) -> Iterator[_Decision]:
    link = _link_by_amount(tolerances)
    pairs: list[_Decision] = []
    for rule, items in _find_connected(_separate(rest, tolerances, by_amount=True), link):
        left, right = _sides(items)
        if rule is None and has_perfect_matching(
            {place: _find_links(item, right, link) for place, item in enumerate(left)}, len(right)
        ):
            pairs.append((_pair_rule(items), items))
    claimed = _find_claimed(pairs, rest, tolerances)
    return (pair for pair in pairs if claimed.isdisjoint(pair[1]))


def _find_claimed(pairs: list[_Decision], rest: list[_Item], tolerances: Tolerances) -> set[_Item]:
    """Payments in *pairs* that could also form a split with an unpaired payment.

    Calling them paired would be a guess.
    """
    unpaired = set(_remove_decided(rest, pairs))
    if not unpaired or not pairs:
        return unpaired
    splits = [
        items
        for part in _separate(rest, tolerances, by_amount=False)
        if not unpaired.isdisjoint(part) and not _is_too_many(*_sides(part))
        for rule, items in _find_sums(part, tolerances)
        if rule is Rule.SPLIT
    ]
    # If a pair is dropped, its payments are unpaired too, and may drop other pairs.
    components = connected_components(rest, [*splits, *(items for _, items in pairs)])
    return set(
        chain.from_iterable(
            together for together in components if not unpaired.isdisjoint(together)
        )
    )


def _pair_rule(items: list[_Item]) -> Rule:
    if len(items) > 2:  # noqa: PLR2004  # one on each side
        return Rule.AS_MANY
    return (
        Rule.UNDATED if any(item.payment.payment_date is None for item in items) else Rule.IN_WINDOW
    )


def _opposite(item: _Item, items: list[_Item]) -> list[_Item]:
    return [other for other in items if other.is_left is not item.is_left]


def _find_links(item: _Item, others: list[_Item], link: _Link) -> list[int]:
    return [place for place, other in enumerate(others) if link(item, other)]


def _sides(items: Iterable[_Item]) -> tuple[list[_Item], list[_Item]]:
    held = list(items)
    return [item for item in held if item.is_left], [item for item in held if not item.is_left]


def _separate(
    items: list[_Item], tolerances: Tolerances, *, by_amount: bool
) -> Iterator[list[_Item]]:
    """The *items* in parts. Items of different parts are too far apart to be counterparts."""
    for part in (
        clusters(items, lambda item: item.payment.amount, tolerances.tolerance)
        if by_amount
        else [items]
    ):
        if any(item.payment.payment_date is None for item in part):
            yield part
        else:
            yield from clusters(
                part, lambda item: _item_order(item)[0].toordinal(), tolerances.days
            )


def _is_too_many(left: list[_Item], right: list[_Item]) -> bool:
    return len(left) * len(right) > _MAX_PAIRS


def _find_connected(
    parts: Iterable[list[_Item]], link: _Link
) -> Iterator[tuple[Rule | None, list[_Item]]]:
    """The items that are connected by links between the sides.

    A part with too many items to compare comes with ``Rule.TOO_MANY``.
    """
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


def _find_splits(rest: list[_Item], tolerances: Tolerances) -> Iterator[_Decision]:
    """Payments that are the sum of others, and those that are ambiguous.

    A payment is ambiguous if another one competes with it, for a split or for a counterpart.
    """
    for part in _separate(rest, tolerances, by_amount=False):
        if _is_too_many(*_sides(part)):
            yield Rule.TOO_MANY, part
            continue
        agreeing = _find_connected(
            _separate(part, tolerances, by_amount=True), _link_by_amount(tolerances)
        )
        found: list[_Decision] = [
            *((Rule.UNEVEN, items) for _, items in agreeing),
            *_find_sums(part, tolerances),
        ]
        rules: defaultdict[_Item, list[Rule]] = defaultdict(list)
        for rule, items in found:
            rules[items[0]].append(rule)
        for together in connected_components(part, [items for _, items in found]):
            if rules_found := [rule for item in together for rule in rules[item]]:
                yield _split_rule(rules_found), together


def _split_rule(rules_found: list[Rule]) -> Rule:
    """The rule for payments that are connected by these."""
    if Rule.TOO_MANY in rules_found:
        return Rule.TOO_MANY
    if Rule.SPLIT in rules_found:
        return Rule.SPLIT if len(rules_found) == 1 else Rule.SPLIT_UNCLEAR
    return Rule.UNEVEN


def _find_sums(part: list[_Item], tolerances: Tolerances) -> Iterator[_Decision]:
    left, right = _sides(part)
    for whole in part:
        yield from _find_sums_to(whole, right if whole.is_left else left, tolerances)


def _find_sums_to(whole: _Item, others: list[_Item], tolerances: Tolerances) -> Iterator[_Decision]:
    """Each way in which *whole* is the sum of several *others*.

    If there are too many to try, yields ``Rule.TOO_MANY`` instead.
    """
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


def _decide_rest(
    live: list[_Item], rest: list[_Item], gone: list[_Item], tolerances: Tolerances
) -> Iterator[_Decision]:
    """Payments that differ, and payments without a live counterpart."""
    agree = _link_by_amount(tolerances)

    def link(one: _Item, other: _Item) -> bool:
        if one.gone is None and other.gone is None:
            return _in_window(one, other, tolerances.days)
        return (one.gone is None or other.gone is None) and agree(one, other)

    alone = [*rest, *gone]
    # If all are gone there is nothing to decide, so their number makes no difference.
    parts = (
        part
        for part in _separate(alone, tolerances, by_amount=False)
        if any(item.gone is None for item in part)
    )
    for too_many, items in list(_find_connected(parts, link)):
        rule = too_many or _rest_rule(items, link)
        # An outcome includes payments that are gone only if they are its reason.
        together = (
            items if rule in _COUNTERPART_GONE else [item for item in items if item.gone is None]
        )
        yield rule, together
        alone = _remove_decided(alone, [(rule, together)])
    there, unmatched = _currencies(live), _currencies(rest)
    for item in alone:
        yield (
            item.gone or _alone_rule(item, there[not item.is_left], unmatched[not item.is_left]),
            [item],
        )


def _rest_rule(items: list[_Item], link: _Link) -> Rule:
    live = [item for item in items if item.gone is None]
    left, right = _sides(live)
    if left and right:
        return Rule.ONLY_PAIR if len(items) == 2 else Rule.SEVERAL_DIFFER  # noqa: PLR2004  # one on each side
    # A payment that is gone was the counterpart of one payment only.
    if not has_left_matching(
        {place: _find_links(item, _opposite(item, items), link) for place, item in enumerate(live)}
    ):
        return Rule.UNEVEN
    voided = all(item.gone in {None, Rule.VOIDED} for item in items)
    return Rule.COUNTERPART_VOIDED if voided else Rule.COUNTERPART_VANISHED


def _currencies(items: list[_Item]) -> dict[bool, set[str | None]]:
    """The currencies on the left side (``True``) and on the right one (``False``)."""
    return {
        side: {item.currency for item in items if item.is_left is side} for side in (True, False)
    }


def _alone_rule(item: _Item, there: set[str | None], unmatched: set[str | None]) -> Rule:
    """Why a payment has no counterpart.

    *there* are the currencies of the other side, and *unmatched* those of its unmatched payments.
    """

    def includes(currencies: set[str | None]) -> bool:
        return bool(currencies) and (
            item.payment.currency is None or not currencies.isdisjoint({None, item.currency})
        )

    if not there:
        return Rule.NOT_THERE
    if not includes(there):
        return Rule.OTHER_CURRENCY
    return Rule.OUT_OF_WINDOW if includes(unmatched) else Rule.NONE_LEFT
