"""The lines of plans in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.booking import State
from tests.booking.steps import apply

if TYPE_CHECKING:
    from .conftest import Story


async def test_a_newer_plan_takes_the_lines_of_an_older_one(story: Story) -> None:
    """The older approval is no longer valid for them."""
    story.add("A-1", "60.00")
    older = await story.approve()
    newer = await story.approve()

    assert {} == (await apply(story, older)).states
    assert {State.BOOKED: 1} == (await apply(story, newer)).states
