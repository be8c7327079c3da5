"""Finding the target that books in a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError
from paysdk.booking import plan_bookings
from paysdk.booking.targets import as_target
from paysdk.testing.booking import FakeBooks

if TYPE_CHECKING:
    from .conftest import Story


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
