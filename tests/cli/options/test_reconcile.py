"""The options of ``paysdk reconcile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reconcile", "campfire", "notify"], "Missing option '--from'"),
        (["reconcile", "campfire", "--from", "none.db"], "Missing argument 'RIGHT'"),
        (
            [
                "reconcile",
                "campfire",
                "notify",
                "--from",
                "none.db",
                "--balances",
                "--format",
                "csv",
            ],
            "--balances has neither a report nor CSV: leave these out.",
        ),
        (
            [
                "reconcile",
                "campfire",
                "notify",
                "--from",
                "none.db",
                "--balances",
                "--html",
                "r.html",
            ],
            "--balances has neither a report nor CSV: leave these out.",
        ),
        (
            ["reconcile", "campfire", "notify", "--from", "none.db", "--key-file", "notify=key"],
            "--key-file is for --balances. Reconciling needs no key.",
        ),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)
