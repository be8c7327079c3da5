"""Finding the target that books in a provider."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import ConfigurationError
from paysdk.booking import (
    apply_bookings,
    approve_plan,
    compare_balances,
    plan_bookings,
    release_booking,
    undo_bookings,
)
from paysdk.booking.targets import as_target
from paysdk.sync import sync_payments
from paysdk.testing.booking import FakeBooks
from tests.booking.steps import the_booking

from .conftest import Source

if TYPE_CHECKING:
    from .conftest import Story


@attrs.define(eq=False)
class Placed(FakeBooks):
    """Books that say where they are."""

    origin: str | None = None


@attrs.define
class Shelf(Source):
    """A source that says where it is."""

    origin: str | None = None


async def test_a_provider_that_cannot_book_says_so(story: Story) -> None:
    """Nothing is read."""
    with pytest.raises(ConfigurationError, match="notify cannot book payments"):
        await plan_bookings(story.store, target=story.source)


def test_a_target_and_a_provider_that_has_one() -> None:
    """A target is taken as it is, and a provider is asked for its own."""
    books = FakeBooks()

    class Provider:
        def booking_target(self) -> FakeBooks:
            return books

    assert books is as_target(books)
    assert books is as_target(Provider())
    with pytest.raises(ConfigurationError, match="object cannot book payments"):
        as_target(object())


async def test_a_target_in_another_place_is_refused(story: Story) -> None:
    """A copy of the books is not the one whose payments the store has."""
    story.books = Placed(origin="https://books.example")
    story.add("A-1", "60.00")
    await sync_payments(story.source, story.store)
    await sync_payments(Shelf("books", origin=story.books.origin), story.store)
    plan = await plan_bookings(story.store, target=story.books, policy=story.policy)
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))
    staging: Any = Placed(origin="https://staging.example")
    undo: Any = {"target": staging, "by": "Ann", "reason": "test"}

    async def compare(target: Any) -> list[Any]:
        return [each async for each in compare_balances(story.store, target=target)]

    for refused in (
        plan_bookings(story.store, target=staging),
        apply_bookings(story.store, plan.digest, target=staging),
        undo_bookings(story.store, plan.digest, **undo),
        compare(staging),
    ):
        with pytest.raises(ConfigurationError, match=r"books\.example, not from .*staging"):
            await refused
    story.books.faults = deque(["timeout"])
    await apply_bookings(story.store, plan.digest, target=story.books)
    with pytest.raises(ConfigurationError, match=r"books\.example, not from .*staging"):
        await release_booking(story.store, await the_booking(story), **undo)
    assert 0 == staging.requests
    assert await compare(story.books)
