"""Whether a plan may still be approved or applied."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.booking import Approval, PlanRefusedError
from paysdk.booking.validity import check_age, check_sum, find_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Story


def approve(limit: str, *left_out: str) -> Approval:
    """An approval of a sum."""
    return Approval(by="Ann", at=datetime.now(UTC), limit=Decimal(limit), left_out=left_out)


async def test_lines_that_were_left_out_do_not_count(story: Story) -> None:
    """The sum of the others must be within what was approved."""
    story.add("A-1", "60.00")
    story.add("A-2", "40.00")
    plan = await story.plan()

    check_sum(plan, approve("100.00"))
    check_sum(plan, approve("40.00", "p1"))
    with pytest.raises(PlanRefusedError, match=r"add up to 100\.00, and Ann approved 99\.99"):
        check_sum(plan, approve("99.99"))
    assert ["p3"] == find_missing(plan, ["p1", "p3"])


async def test_a_plan_ends_after_its_hours(
    story: Story, hours_later: Callable[[int], None]
) -> None:
    """The policy says how many."""
    plan = await story.plan()

    hours_later(23)
    check_age(plan)
    hours_later(25)
    with pytest.raises(PlanRefusedError, match="a plan is valid for 24 hours"):
        check_age(plan)


async def test_a_plan_from_the_future_is_refused(
    story: Story, hours_later: Callable[[int], None]
) -> None:
    """A clock is wrong, so nobody knows what came after the plan."""
    plan = await story.plan()

    hours_later(-1)
    with pytest.raises(PlanRefusedError, match="which is in the future"):
        check_age(plan)
