"""Plans in the store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from paysdk.booking import BookingJournal, BookingKey, State, apply_bookings
from paysdk.booking.runs import BookingRuns

if TYPE_CHECKING:
    from .conftest import Story


async def test_a_line_that_was_begun_meanwhile_is_left_as_it_is(each_story: Story) -> None:
    """It still belongs to the plan that it was begun with."""
    story = each_story
    story.add("A-1", "60.00")
    run = await story.approve()
    runs = BookingRuns(story.store)
    plan = (await runs.read(run)).plan
    later = attrs.evolve(plan, made_at=plan.made_at + timedelta(seconds=1))
    await apply_bookings(story.store, run, target=story.books)

    await runs.propose(later, "Bob")

    booking = await BookingJournal(story.store).read(BookingKey("notify", "default", "p1"))
    assert booking is not None
    assert (State.BOOKED, run) == (booking.state, booking.run)
    assert later == (await runs.read(later.digest)).plan
