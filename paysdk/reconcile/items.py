"""The payments of one invoice as the rules compare them, and what makes two comparable."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import attrs

from paysdk.currencies import normalise_currency
from paysdk.exact import EXACT
from paysdk.payment import Payment
from paysdk.reconcile.graph import clusters, connected_components
from paysdk.reconcile.outcome import Rule, Vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "Decision",
    "Item",
    "Link",
    "Tolerances",
    "are_close",
    "find_connected",
    "find_links",
    "find_opposite",
    "have_same_currency",
    "is_too_many",
    "item_sort_key",
    "link_by_amount",
    "make_items",
    "payment_sort_key",
    "remove_decided",
    "separate",
    "split_by_side",
]

# If there are more pairs to compare, the payments are ambiguous.
_MAX_PAIRS = 10_000


@attrs.frozen(kw_only=True)
class Tolerances:
    """How far apart the dates and the amounts of counterparts may be.

    ``tolerance`` is in major currency units.
    """

    days: int
    tolerance: Decimal


@attrs.frozen(eq=False)
class Item:
    """A payment and its side. ``gone`` is why it does not count, if it is voided or vanished."""

    payment: Payment
    is_left: bool
    gone: Rule | None = None

    @property
    def currency(self) -> str | None:
        return normalise_currency(self.payment.currency)


if TYPE_CHECKING:
    Link: TypeAlias = Callable[[Item, Item], bool]
    Decision: TypeAlias = tuple[Rule, list[Item]]


def make_items(entries: Iterable[Payment | Vanished], *, is_left: bool) -> Iterator[Item]:
    """The payments of one side as items."""
    for entry in entries:
        payment = entry.payment if isinstance(entry, Vanished) else entry
        gone = (
            Rule.VOIDED
            if payment.is_voided
            else Rule.VANISHED
            if isinstance(entry, Vanished)
            else None
        )
        yield Item(payment, is_left, gone)


def payment_sort_key(payment: Payment) -> tuple[date, str, str]:
    """The sort key of a payment: by date. Payments without a date come last."""
    return payment.payment_date or date.max, payment.provider, payment.id


def item_sort_key(item: Item) -> tuple[date, str, str]:
    """The sort key of an item: that of its payment."""
    return payment_sort_key(item.payment)


def remove_decided(items: list[Item], decided: Iterable[Decision]) -> list[Item]:
    """The *items* that no decision is about."""
    done = set(chain.from_iterable(chosen for _, chosen in decided))
    return [item for item in items if item not in done]


def have_same_currency(one: Payment, other: Payment) -> bool:
    """Whether both have the same currency. A payment without a currency can have any."""
    return (
        one.currency is None
        or other.currency is None
        or normalise_currency(one.currency) == normalise_currency(other.currency)
    )


def are_close(one: Item, other: Item, days: int) -> bool:
    """Whether two payments have the same currency, and dates that are close enough.

    A missing date can be any date.
    """
    first, second = one.payment.payment_date, other.payment.payment_date
    near = first is None or second is None or abs((first - second).days) <= days
    return near and have_same_currency(one.payment, other.payment)


def link_by_amount(tolerances: Tolerances) -> Link:
    """Return a function that says whether two payments can be counterparts."""

    def agree(one: Item, other: Item) -> bool:
        difference = EXACT.abs(EXACT.subtract(one.payment.amount, other.payment.amount))
        return difference <= tolerances.tolerance and are_close(one, other, tolerances.days)

    return agree


def find_links(item: Item, others: list[Item], link: Link) -> list[int]:
    """The indexes of the *others* that the item is linked to."""
    return [place for place, other in enumerate(others) if link(item, other)]


def find_opposite(item: Item, items: list[Item]) -> list[Item]:
    """Those of the *items* that are on the other side than *item*."""
    return [other for other in items if other.is_left is not item.is_left]


def split_by_side(items: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    """The left items and the right ones."""
    held = list(items)
    return [item for item in held if item.is_left], [item for item in held if not item.is_left]


def separate(items: list[Item], tolerances: Tolerances, *, by_amount: bool) -> Iterator[list[Item]]:
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
                part, lambda item: item_sort_key(item)[0].toordinal(), tolerances.days
            )


def is_too_many(part: list[Item]) -> bool:
    """Whether a part has too many pairs to compare them all."""
    left, right = split_by_side(part)
    return len(left) * len(right) > _MAX_PAIRS


def find_connected(
    parts: Iterable[list[Item]], link: Link
) -> Iterator[tuple[Rule | None, list[Item]]]:
    """The items that are connected by links between the sides.

    A part with too many items to compare comes with ``Rule.TOO_MANY``.
    """
    for part in parts:
        if is_too_many(part):
            yield Rule.TOO_MANY, part
        else:
            left, right = split_by_side(part)
            linked = [(one, other) for one in left for other in right if link(one, other)]
            yield from (
                (None, together)
                for together in connected_components(part, linked)
                if len(together) > 1
            )
