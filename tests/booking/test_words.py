"""The words in which people read a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.booking.words import describe_left_out, describe_reason, list_disagreements

if TYPE_CHECKING:
    from .conftest import Story


def test_codes_become_words() -> None:
    """A reason and a state are codes."""
    assert "totals differ" == describe_reason("totals_differ")
    assert "too recent, they may not have settled" == describe_left_out("too_recent")


async def test_what_stays_due_in_one_system_is_a_sentence(story: Story) -> None:
    """It has both figures, and what it may be."""
    story.add("A-1", "1098.00", total="1100.00")

    (sentence,) = list_disagreements(await story.plan())

    assert (
        "After this plan, 2.00 is due on A-1 in books, and 0 in notify. The difference may be a "
        "discount, a write-off, or a payment that this plan does not book."
    ) == sentence
