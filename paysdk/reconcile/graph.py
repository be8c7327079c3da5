"""Which things of two sides hang together, whether all of them can be paired, and which of them add up.

No rule of money is in here.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

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

Thing = TypeVar("Thing")
Node = TypeVar("Node", bound="Hashable")
Value = TypeVar("Value", int, Decimal)

# For each thing of the left side, by its place, the places of those of the right side that it is
# linked with.
Links = dict[int, list[int]]


def clusters(
    things: Iterable[Thing], value: Callable[[Thing], Value], gap: Value
) -> Iterator[list[Thing]]:
    """The *things* in the order of their values, cut wherever two neighbours lie further apart than *gap*."""
    cluster: list[Thing] = []
    for thing in sorted(things, key=value):
        if cluster and value(thing) - value(cluster[-1]) > gap:
            yield cluster
            cluster = []
        cluster.append(thing)
    if cluster:
        yield cluster


def connected_components(
    nodes: Iterable[Node], groups: Iterable[Sequence[Node]]
) -> list[list[Node]]:
    """The *nodes* as those sets in which whatever shares a group stands together."""
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
    """Whether each thing of the left side can be paired with one of the *right* things that it is linked with, and none is over."""
    return len(links) == right and has_left_matching(links)


def has_left_matching(links: Links) -> bool:
    """Whether each thing of the left side can be paired with one that it is linked with; some of the right side may be over."""
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
    """The places of two or more of the *amounts* that come to *total* within *tolerance*: every choice of them."""
    # What the rest can add at the least and at the most, from each place on: where that does not
    # do, there is no need to look.
    least, most = [Decimal(0)], [Decimal(0)]
    for amount in reversed(amounts):
        least.append(least[-1] + min(amount, Decimal(0)))
        most.append(most[-1] + max(amount, Decimal(0)))
    pending: list[tuple[int, Decimal, tuple[int, ...]]] = [(0, total, ())]
    while pending:
        place, missing, chosen = pending.pop()
        rest = len(amounts) - place
        if least[rest] - tolerance <= missing <= most[rest] + tolerance:
            if rest:
                pending.append((place + 1, missing, chosen))
                pending.append((place + 1, missing - amounts[place], (*chosen, place)))
            elif len(chosen) > 1:
                yield chosen
