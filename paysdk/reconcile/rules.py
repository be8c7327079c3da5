"""The rules that match the payments of one invoice, strongest evidence first.

``outcome.RULES`` has a sentence for each. The result depends only on the payments, not on their
order or on which side is called left.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from itertools import chain
from typing import TYPE_CHECKING

import attrs

from paysdk.exact import EXACT
from paysdk.payment import Payment
from paysdk.reconcile.graph import connected_components, has_left_matching, has_perfect_matching
from paysdk.reconcile.items import (
    are_close,
    find_connected,
    find_links,
    find_opposite,
    have_same_currency,
    is_too_many,
    item_sort_key,
    link_by_amount,
    make_items,
    payment_sort_key,
    remove_decided,
    separate,
    split_by_side,
)
from paysdk.reconcile.outcome import STATUS_OF, Outcome, Rule, Status, Vanished
from paysdk.reconcile.splits import find_splits, find_sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from paysdk.reconcile.items import Decision, Item, Link, Tolerances

__all__ = ["decide"]

_COUNTERPART_GONE = frozenset({Rule.COUNTERPART_VOIDED, Rule.COUNTERPART_VANISHED})
_PAIR_ITEMS = 2  # one on each side


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
    items = sorted(
        [*make_items(left, is_left=True), *make_items(right, is_left=False)], key=item_sort_key
    )
    with localcontext(EXACT):
        decisions = _decide_without_key(items) if key is None else _apply_rules(items, tolerances)
        outcomes = [_outcome(key, rule, chosen) for rule, chosen in decisions]
    return sorted(
        outcomes,
        key=lambda outcome: [
            payment_sort_key(payment) for payment in (*outcome.left, *outcome.right)
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
        or left.voided
        or right.voided
        or not have_same_currency(left, right)
    ):
        return None
    return Outcome(status=Status.MATCHED, rule=Rule.SAME_DAY, key=key, left=(left,), right=(right,))


def _outcome(key: str | None, rule: Rule, items: list[Item]) -> Outcome:
    ordered = sorted(items, key=item_sort_key)
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


def _decide_without_key(items: list[Item]) -> Iterator[Decision]:
    return ((item.gone or Rule.NO_NUMBER, [item]) for item in items)


def _apply_rules(items: list[Item], tolerances: Tolerances) -> Iterator[Decision]:
    live = [item for item in items if item.gone is None]
    gone = [item for item in items if item.gone is not None]
    if _is_currency_unclear(items):
        yield Rule.CURRENCY_UNCLEAR, live
        yield from ((item.gone or Rule.VOIDED, [item]) for item in gone)
        return
    decided = list(_find_same_day(live))
    rest = remove_decided(live, decided)
    # Equal amounts are matched before amounts within the tolerance.
    for tolerance in sorted({Decimal(0), tolerances.tolerance}):
        decided += (
            paired := list(_find_pairs(rest, attrs.evolve(tolerances, tolerance=tolerance)))
        )
        rest = remove_decided(rest, paired)
    decided += (splits := list(find_splits(rest, tolerances)))
    rest = remove_decided(rest, splits)
    yield from decided
    yield from _decide_rest(live, rest, gone, tolerances)


def _is_currency_unclear(items: list[Item]) -> bool:
    """Whether a live payment has no currency, and the other payments have several.

    Without payments on both sides there is nothing to match, so it makes no difference.
    """
    unnamed = any(item.gone is None and item.payment.currency is None for item in items)
    named = {item.currency for item in items} - {None}
    return unnamed and len(named) > 1 and len({item.is_left for item in items}) > 1


def _find_same_day(live: list[Item]) -> Iterator[Decision]:
    currencies = {item.currency for item in live}
    # If there is only one currency, a payment without a currency may be in that currency, too.
    one_currency = len(currencies - {None}) <= 1
    days: defaultdict[tuple[str | None, Decimal, date | None], list[Item]] = defaultdict(list)
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


def _find_pairs(rest: list[Item], tolerances: Tolerances) -> Iterator[Decision]:
    link = link_by_amount(tolerances)
    pairs: list[Decision] = []
    for rule, items in find_connected(separate(rest, tolerances, by_amount=True), link):
        left, right = split_by_side(items)
        if rule is None and has_perfect_matching(
            {place: find_links(item, right, link) for place, item in enumerate(left)}, len(right)
        ):
            pairs.append((_pair_rule(items), items))
    contested = _find_contested_payments(pairs, rest, tolerances)
    return (pair for pair in pairs if contested.isdisjoint(pair[1]))


def _find_contested_payments(
    pairs: list[Decision], rest: list[Item], tolerances: Tolerances
) -> set[Item]:
    """Payments in *pairs* that could also form a split with an unpaired payment.

    Calling them paired would be a guess.
    """
    unpaired = set(remove_decided(rest, pairs))
    if not unpaired or not pairs:
        return unpaired
    splits = [
        items
        for part in separate(rest, tolerances, by_amount=False)
        if not unpaired.isdisjoint(part) and not is_too_many(part)
        for rule, items in find_sums(part, tolerances)
        if rule is Rule.SPLIT
    ]
    # If a pair is dropped, its payments are unpaired too, and may drop other pairs.
    components = connected_components(rest, [*splits, *(items for _, items in pairs)])
    return set(
        chain.from_iterable(
            together for together in components if not unpaired.isdisjoint(together)
        )
    )


def _pair_rule(items: list[Item]) -> Rule:
    if len(items) > _PAIR_ITEMS:
        return Rule.AS_MANY
    return (
        Rule.UNDATED if any(item.payment.payment_date is None for item in items) else Rule.IN_WINDOW
    )


def _decide_rest(
    live: list[Item], rest: list[Item], gone: list[Item], tolerances: Tolerances
) -> Iterator[Decision]:
    """Payments that differ, and payments without a live counterpart."""
    agree = link_by_amount(tolerances)

    def link(one: Item, other: Item) -> bool:
        if one.gone is None and other.gone is None:
            return are_close(one, other, tolerances.days)
        return (one.gone is None or other.gone is None) and agree(one, other)

    alone = [*rest, *gone]
    # If all are gone there is nothing to decide, so their number makes no difference.
    parts = (
        part
        for part in separate(alone, tolerances, by_amount=False)
        if any(item.gone is None for item in part)
    )
    for too_many, items in list(find_connected(parts, link)):
        rule = too_many or _rest_rule(items, link)
        # An outcome includes payments that are gone only if they are its reason.
        together = (
            items if rule in _COUNTERPART_GONE else [item for item in items if item.gone is None]
        )
        yield rule, together
        alone = remove_decided(alone, [(rule, together)])
    all_currencies, unmatched = _currencies_by_side(live), _currencies_by_side(rest)
    for item in alone:
        yield (
            item.gone
            or _unmatched_rule(item, all_currencies[not item.is_left], unmatched[not item.is_left]),
            [item],
        )


def _rest_rule(items: list[Item], link: Link) -> Rule:
    live = [item for item in items if item.gone is None]
    left, right = split_by_side(live)
    if left and right:
        return Rule.ONLY_PAIR if len(items) == _PAIR_ITEMS else Rule.SEVERAL_DIFFER
    # A voided or vanished payment can be the counterpart of one payment only.
    if not has_left_matching(
        {
            place: find_links(item, find_opposite(item, items), link)
            for place, item in enumerate(live)
        }
    ):
        return Rule.UNEVEN
    voided = all(item.gone in {None, Rule.VOIDED} for item in items)
    return Rule.COUNTERPART_VOIDED if voided else Rule.COUNTERPART_VANISHED


def _currencies_by_side(items: list[Item]) -> dict[bool, set[str | None]]:
    """The currencies on the left side (``True``) and on the right one (``False``)."""
    return {
        side: {item.currency for item in items if item.is_left is side} for side in (True, False)
    }


def _unmatched_rule(item: Item, currencies: set[str | None], unmatched: set[str | None]) -> Rule:
    """Why a payment has no counterpart.

    *currencies* are those of the other side, and *unmatched* are those of its unmatched payments.
    """

    def includes(found: set[str | None]) -> bool:
        return bool(found) and (
            item.payment.currency is None or not found.isdisjoint({None, item.currency})
        )

    if not currencies:
        return Rule.NOT_THERE
    if not includes(currencies):
        return Rule.OTHER_CURRENCY
    return Rule.OUT_OF_WINDOW if includes(unmatched) else Rule.NONE_LEFT
