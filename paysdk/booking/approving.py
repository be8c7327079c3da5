"""Approve a plan. A person does this."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.arguments import check_not_blank
from paysdk.booking.booking import Approval
from paysdk.booking.errors import PlanRefusedError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.runs import BookingRuns
from paysdk.booking.validity import check_age, check_sum, find_missing
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from paysdk.booking.plan import BookingPlan
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["approve_plan"]


async def approve_plan(
    store: SQLPaymentStore,
    plan: BookingPlan,
    *,
    by: str,
    limit: Decimal,
    leave_out: Collection[str] = (),
) -> int:
    """Approve the plan that *by* has looked at, and return how many lines may be booked.

    *limit* is the largest sum that may be booked with it, and *leave_out* are the ids of payments
    not to book. Raises ``PlanRefusedError`` if the store has another plan, if the plan is too old
    or was approved before, if a newer plan has its lines, or if its lines add up to more than the
    limit.
    """
    check_not_blank("by", by)
    if not isinstance(limit, Decimal) or not limit.is_finite() or limit <= 0:
        raise ConfigurationError(f"limit must be a finite decimal.Decimal above 0, not {limit}.")
    if missing := find_missing(plan, leave_out):
        raise ConfigurationError(
            f"The plan has no line for {', '.join(missing)}. Leave out payments of the plan only."
        )
    runs = BookingRuns(store)
    run = await runs.read(plan.digest)
    check_age(run.plan)
    left_out = tuple(sorted(set(leave_out)))
    approval = Approval(by=by, at=datetime.now(UTC), limit=limit, left_out=left_out)
    check_sum(plan, approval)
    if plan.lines and not await BookingJournal(store).read_run(run.digest):
        raise PlanRefusedError(
            f"A newer plan has taken over the lines of the plan {run.digest[:12]}. Look at the "
            "newer one."
        )
    return await runs.approve(run.digest, approval)
