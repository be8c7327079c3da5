"""``paysdk book --sandbox``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]


def test_the_story_can_be_seen_without_an_account(paysdk: Command) -> None:
    """It ends as it began."""
    story = paysdk("book", "--sandbox")

    assert (0, "") == (story.code, story.err)
    assert "2 to book: 1,133.33 USD. 1 for review." in story.out
    assert "40.00 too much" in " ".join(story.out.split())
    assert "6. Undo everything. The payments are voided, and never deleted.\n     2  voided" in (
        story.out
    )
