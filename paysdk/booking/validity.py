"""Whether a plan may still be approved or applied: its lines, their sum and its age. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.booking.errors import PlanRefusedError
from paysdk.exact import EXACT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from paysdk.booking.booking import Approval
    from paysdk.booking.plan import BookingPlan

__all__ = ["check_age", "check_sum", "find_missing"]

# Clocks of machines that are kept in time differ by less.
_CLOCK_TOLERANCE = timedelta(minutes=5)


def find_missing(plan: BookingPlan, payment_ids: Iterable[str]) -> list[str]:
    """The ids that no line of the plan has."""
    return sorted(set(payment_ids) - {line.payment_id for line in plan.lines})


def check_sum(plan: BookingPlan, approval: Approval) -> None:
    """Raise ``PlanRefusedError`` if the plan's lines add up to more than was approved.

    Lines that were left out do not count.
    """
    total = _add_up(plan, frozenset(approval.left_out))
    if total > approval.limit:
        raise PlanRefusedError(
            f"The plan's lines add up to {total:f}, and {approval.by} approved {approval.limit:f}. "
            "Leave lines out, or approve the whole sum."
        )


def check_age(plan: BookingPlan) -> None:
    """Raise ``PlanRefusedError`` if the plan is too old, or if its age cannot be known."""
    hours, age = plan.policy.plan_hours, datetime.now(UTC) - plan.made_at
    if age < -_CLOCK_TOLERANCE:
        raise PlanRefusedError(
            f"The plan {plan.digest[:12]} was made at {plan.made_at:%Y-%m-%d %H:%M} UTC, which is "
            "in the future. The clock of this machine, or of the one that made the plan, is wrong. "
            "Correct it and make a new plan. Nothing was sent."
        )
    if age > timedelta(hours=hours):
        raise PlanRefusedError(
            f"The plan {plan.digest[:12]} was made at {plan.made_at:%Y-%m-%d %H:%M} UTC, and a "
            f"plan is valid for {hours} hour{'' if hours == 1 else 's'}. Sync both accounts and "
            "make a new plan. Nothing was sent."
        )


def _add_up(plan: BookingPlan, left_out: Collection[str]) -> Decimal:
    total = Decimal(0)
    for line in plan.lines:
        if line.payment_id not in left_out:
            total = EXACT.add(total, line.amount)
    return total
