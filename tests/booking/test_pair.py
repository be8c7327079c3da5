"""The two accounts that a plan is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.booking.pair import Pair
from paysdk.sync import sync_payments

from .conftest import Source

if TYPE_CHECKING:
    from .conftest import Story


async def test_a_pair_is_that_of_its_plan(story: Story) -> None:
    """It names the account of the source first."""
    await sync_payments(story.source, story.store, "north")
    await sync_payments(Source(story.books.name, []), story.store, "books-7")
    plan = await story.plan(source_account="north", target_account="books-7")

    assert Pair("notify", "north", "books", "books-7") == Pair.of(plan)
