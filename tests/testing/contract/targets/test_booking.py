"""Tests of the cases about orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.testing.contract.targets.booking import OrderCases
from tests.testing.contract.targets.running import check_is_caught, each_broken

if TYPE_CHECKING:
    from paysdk.testing.booking import FakeBooks


@each_broken(OrderCases)
def test_broken_target_is_caught(broken: type[FakeBooks]) -> None:
    """A target that breaks a promise about orders fails its cases, and no others."""
    check_is_caught(broken)
