"""Approving a plan, and releasing an order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.booking import (
    PlanRefusedError,
    State,
    approve_plan,
    read_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Story


async def test_single_lines_can_be_left_out(each_story: Story) -> None:
    """The sum of the others must be within the limit."""
    story = each_story
    story.add("A-1", "60.00")
    story.add("A-2", "40.00")
    plan = await story.plan()

    with pytest.raises(PlanRefusedError, match=r"add up to 100\.00, and Ann approved 60\."):
        await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))
    count = await approve_plan(story.store, plan, by="Ann", limit=Decimal(60), leave_out=["p2"])

    assert 1 == count
    assert {State.APPROVED: 1, State.SKIPPED: 1} == (
        await read_status(story.store, plan.digest)
    ).states


async def test_a_plan_is_approved_once(story: Story) -> None:
    """Another sum needs another plan."""
    story.add("A-1", "60.00")
    plan = await story.plan()
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))

    with pytest.raises(PlanRefusedError, match="was approved before"):
        await approve_plan(story.store, plan, by="Bob", limit=Decimal(600))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": ""}, "by must be a non-empty string"),
        ({"limit": 60.0}, "limit must be a finite decimal.Decimal above 0"),
        ({"limit": Decimal("Infinity")}, "limit must be a finite"),
        ({"limit": Decimal(0)}, "limit must be a finite"),
        ({"leave_out": ["p9"]}, "no line for p9"),
    ],
    ids=str,
)
async def test_a_wrong_approval_is_refused(
    story: Story, options: dict[str, Any], message: str
) -> None:
    """Nothing is approved."""
    story.add("A-1", "60.00")
    plan = await story.plan()

    with pytest.raises(ConfigurationError, match=message):
        await approve_plan(story.store, plan, **{"by": "Ann", "limit": Decimal(60), **options})
    assert {State.PROPOSED: 1} == (await read_status(story.store, plan.digest)).states


async def test_a_plan_whose_lines_a_newer_one_has_is_not_approved(story: Story) -> None:
    """A plan whose lines a newer one has cannot be approved, unless it has no lines."""
    story.add("A-1", "60.00")
    older = await story.plan()
    newer = await story.plan()

    with pytest.raises(PlanRefusedError, match="A newer plan has taken over the lines"):
        await approve_plan(story.store, older, by="Ann", limit=Decimal(60))
    assert 1 == await approve_plan(story.store, newer, by="Ann", limit=Decimal(60))


async def test_an_old_plan_is_not_approved(
    story: Story, hours_later: Callable[[int], None]
) -> None:
    """What it has seen may no longer be so."""
    plan = await story.plan()
    hours_later(25)

    with pytest.raises(PlanRefusedError, match="a plan is valid for 24 hours"):
        await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))
