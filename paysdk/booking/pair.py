"""The two accounts that a plan is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

if TYPE_CHECKING:
    from paysdk.booking.plan import BookingPlan

__all__ = ["Pair"]


@attrs.frozen
class Pair:
    """An account of the source, and the account of the target that it is booked in."""

    source: str
    source_account: str
    target: str
    target_account: str

    @classmethod
    def of(cls, plan: BookingPlan) -> Self:
        """Return the pair of a plan."""
        return cls(plan.source, plan.source_account, plan.target, plan.target_account)
