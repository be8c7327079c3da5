"""Algorithms on the items of two sides: connected components, matchings and subset sums.

They know nothing about payments.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from paysdk.exact import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

__all__ = [
    "Links",
    "clusters",
    "connected_components",
    "has_left_matching",
    "has_perfect_matching",
    "subset_sums",
]

Item = TypeVar("Item")
Node = TypeVar("Node", bound="Hashable")
Value = TypeVar("Value", int, Decimal)

# Maps the index of each item on the left to the indexes of the items on the right that it is
# linked to.
Links = dict[int, list[int]]


def clusters(
    items: Iterable[Item], value: Callable[[Item], Value], gap: Value
) -> Iterator[list[Item]]:
    """The sorted *items* in clusters; neighbours further apart than *gap* are in different ones."""
    cluster: list[Item] = []
    for item in sorted(items, key=value):
        if cluster and value(item) - value(cluster[-1]) > gap:
            yield cluster
            cluster = []
        cluster.append(item)
    if cluster:
        yield cluster


def connected_components(
    nodes: Iterable[Node], groups: Iterable[Sequence[Node]]
) -> list[list[Node]]:
    """The *nodes* in sets. Nodes that share a group are in the same set."""
    root: dict[Node, Node] = {node: node for node in nodes}

    def find(node: Node) -> Node:
        while root[node] != node:
            root[node] = node = root[root[node]]
        return node

    for group in groups:
        for node in group[1:]:
            root[find(node)] = find(group[0])
    sets: defaultdict[Node, list[Node]] = defaultdict(list)
    for node in root:
        sets[find(node)].append(node)
    return list(sets.values())


def has_perfect_matching(links: Links, right: int) -> bool:
    """Whether all items can be paired along the links; *right* is the number on the right side."""
    return len(links) == right and has_left_matching(links)


def has_left_matching(links: Links) -> bool:
    """Whether each item on the left can have a partner of its own along the links."""
    partner: dict[int, int] = {}

    def pair(left: int, tried: set[int]) -> bool:
        for other in links[left]:
            if other not in tried:
                tried.add(other)
                if other not in partner or pair(partner[other], tried):
                    partner[other] = left
                    return True
        return False

    return all(pair(left, set()) for left in links)


def subset_sums(
    amounts: Sequence[Decimal], total: Decimal, tolerance: Decimal
) -> Iterator[tuple[int, ...]]:
    """Every choice of two or more *amounts* whose sum is *total* within *tolerance*, by index."""
    # The least and the most that the remaining amounts can add, by how many remain. If the total
    # is outside of these bounds, the choice is abandoned.
    least, most = [Decimal(0)], [Decimal(0)]
    for amount in reversed(amounts):
        least.append(EXACT.add(least[-1], min(amount, Decimal(0))))
        most.append(EXACT.add(most[-1], max(amount, Decimal(0))))
    pending: list[tuple[int, Decimal, tuple[int, ...]]] = [(0, total, ())]
    while pending:
        place, missing, chosen = pending.pop()
        rest = len(amounts) - place
        lowest, highest = EXACT.subtract(least[rest], tolerance), EXACT.add(most[rest], tolerance)
        if lowest <= missing <= highest:
            if rest:
                pending.append((place + 1, missing, chosen))
                pending.append(
                    (place + 1, EXACT.subtract(missing, amounts[place]), (*chosen, place))
                )
            elif len(chosen) > 1:
                yield chosen
