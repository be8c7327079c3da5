"""Campfire and the books in memory keep the contract of targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.testing import TargetContract
from paysdk.testing.booking import FakeBooks
from tests.testing.contract.targets.subjects import in_campfire, in_memory

if TYPE_CHECKING:
    from paysdk.testing import TargetFailure, TargetSubject


class TestFakeBooks(TargetContract):
    """The books in memory keep every promise."""

    def subject(
        self, *, order_fails: TargetFailure | None = None, void_fails: TargetFailure | None = None
    ) -> TargetSubject:
        """Return new books."""
        return in_memory(FakeBooks(), order_fails, void_fails)


class TestCampfire(TargetContract):
    """Campfire keeps every promise."""

    def subject(
        self, *, order_fails: TargetFailure | None = None, void_fails: TargetFailure | None = None
    ) -> TargetSubject:
        """Return Campfire with its sandbox."""
        return in_campfire(order_fails, void_fails)


class TestCampfireInItsOwnWay(TargetContract):
    """Campfire keeps every promise if the response to an order has ids only."""

    def subject(
        self, *, order_fails: TargetFailure | None = None, void_fails: TargetFailure | None = None
    ) -> TargetSubject:
        """Return Campfire with a sandbox that responds so."""
        return in_campfire(order_fails, void_fails, pay_response="ids")
