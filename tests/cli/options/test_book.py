"""The options of ``paysdk book`` and its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["book", "plan", "notify", "campfire", "--in", "payments.db"], "Missing option '--out'"),
        (
            [
                "book",
                "undo",
                "plan.json",
                "--in",
                "payments.db",
                "--by",
                "Ann",
                "--reason",
                "x",
                "--void-date",
                "soon",
            ],
            "--void-date takes a date, such as 2026-01-31, not 'soon'.",
        ),
        (
            ["book", "--sandbox", "status", "x", "--in", "y"],
            "--sandbox shows the whole story: leave the command out.",
        ),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)
