"""Connected components, matchings and sums, compared with slow and obvious ways to find them."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from paysdk.reconcile.graph import (
    clusters,
    connected_components,
    has_left_matching,
    has_perfect_matching,
    subset_sums,
)

AMOUNTS = st.lists(st.integers(-3, 6).map(Decimal), max_size=7)


@given(
    st.dictionaries(st.integers(0, 4), st.sets(st.integers(0, 4)), max_size=5), st.integers(0, 5)
)
def test_a_matching_is_found_if_some_order_is_one(linked: dict[int, set[int]], right: int) -> None:
    """A matching exists if some order of the right side pairs each on the left along a link."""
    links = {
        place: sorted(other for other in linked.get(place, ()) if other < right)
        for place in range(len(linked))
    }
    each = any(
        all(other in links[place] for place, other in enumerate(order))
        for order in permutations(range(right), len(links))
    )

    assert each == has_left_matching(links)
    assert (each and right == len(links)) == has_perfect_matching(links, right)


@given(AMOUNTS, st.integers(-3, 9).map(Decimal), st.sampled_from([Decimal(0), Decimal(1)]))
def test_each_subset_with_the_sum_is_found(
    amounts: list[Decimal], total: Decimal, tolerance: Decimal
) -> None:
    """Every choice of two or more amounts with the total is found once."""
    choices = [
        chosen
        for size in range(2, len(amounts) + 1)
        for chosen in combinations(range(len(amounts)), size)
    ]
    expected = [
        chosen
        for chosen in choices
        if abs(sum(amounts[place] for place in chosen) - total) <= tolerance
    ]

    assert sorted(expected) == sorted(subset_sums(amounts, total, tolerance))


@given(st.lists(st.integers(0, 30)), st.integers(0, 5))
def test_clusters_are_further_apart_than_the_gap(values: list[int], gap: int) -> None:
    """The clusters have all values in order, and only the gaps between clusters are large."""
    found = list(clusters(values, lambda value: value, gap))

    assert sorted(values) == [value for cluster in found for value in cluster]
    assert all(later - earlier <= gap for cluster in found for earlier, later in pairwise(cluster))
    assert all(later[0] - earlier[-1] > gap for earlier, later in pairwise(found))


def test_nodes_that_share_a_group_are_connected() -> None:
    """Groups that share a node become one set, and a node without a group stays alone."""
    found = connected_components("abcdefg", [("a", "b"), ("c", "d", "e"), ("b", "d"), ("f",)])

    assert [["a", "b", "c", "d", "e"], ["f"], ["g"]] == sorted(
        sorted(together) for together in found
    )
