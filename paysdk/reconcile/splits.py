"""Splits: payments that are the sum of several payments on the other side."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.exact import EXACT, add_exactly
from paysdk.reconcile.graph import connected_components, subset_sums
from paysdk.reconcile.items import (
    are_close,
    find_connected,
    is_too_many,
    link_by_amount,
    separate,
    split_by_side,
)
from paysdk.reconcile.outcome import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.reconcile.items import Decision, Item, Tolerances

__all__ = ["find_splits", "find_sums"]

# If a payment could be the sum of more payments than these, it is ambiguous. Each payment doubles
# the number of combinations.
_MAX_PARTS = 12


def find_splits(rest: list[Item], tolerances: Tolerances) -> Iterator[Decision]:
    """Payments that are the sum of others, and those that are ambiguous.

    A payment is ambiguous if another one competes with it, for a split or for a counterpart.
    """
    for part in separate(rest, tolerances, by_amount=False):
        if is_too_many(part):
            yield Rule.TOO_MANY, part
            continue
        agreeing = find_connected(
            separate(part, tolerances, by_amount=True), link_by_amount(tolerances)
        )
        found: list[Decision] = [
            *((Rule.UNEVEN, items) for _, items in agreeing),
            *find_sums(part, tolerances),
        ]
        rules: defaultdict[Item, list[Rule]] = defaultdict(list)
        for rule, items in found:
            rules[items[0]].append(rule)
        for together in connected_components(part, [items for _, items in found]):
            if rules_found := [rule for item in together for rule in rules[item]]:
                yield _split_rule(rules_found), together


def _split_rule(rules_found: list[Rule]) -> Rule:
    """The rule for payments that these rules connect."""
    if Rule.TOO_MANY in rules_found:
        return Rule.TOO_MANY
    if Rule.SPLIT in rules_found:
        return Rule.SPLIT if len(rules_found) == 1 else Rule.SPLIT_UNCLEAR
    return Rule.UNEVEN


def find_sums(part: list[Item], tolerances: Tolerances) -> Iterator[Decision]:
    """Each way in which a payment is the sum of several on the other side."""
    left, right = split_by_side(part)
    for whole in part:
        yield from _find_sums_to(whole, right if whole.is_left else left, tolerances)


def _find_sums_to(whole: Item, others: list[Item], tolerances: Tolerances) -> Iterator[Decision]:
    """Each way in which *whole* is the sum of several *others*.

    If there are too many to try, yields ``Rule.TOO_MANY`` instead.
    """
    total = whole.payment.amount
    parts = [
        other
        for other in others
        if other.payment.amount and are_close(whole, other, tolerances.days)
    ]
    amounts = [part.payment.amount for part in parts]
    sinks = add_exactly(min(amount, Decimal(0)) for amount in amounts)
    least = EXACT.subtract(sinks, tolerances.tolerance)
    rises = add_exactly(max(amount, Decimal(0)) for amount in amounts)
    most = EXACT.add(rises, tolerances.tolerance)

    def fits(amount: Decimal) -> bool:
        rest = EXACT.subtract(total, amount)
        from_least = EXACT.subtract(least, min(amount, Decimal(0)))
        return from_least <= rest <= EXACT.subtract(most, max(amount, Decimal(0)))

    parts = [part for part in parts if fits(part.payment.amount)]
    if not total:
        return
    if len(parts) > _MAX_PARTS:
        yield Rule.TOO_MANY, [whole, *parts]
        return
    for places in subset_sums([part.payment.amount for part in parts], total, tolerances.tolerance):
        yield Rule.SPLIT, [whole, *(parts[place] for place in places)]
