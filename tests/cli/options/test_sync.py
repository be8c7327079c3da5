"""The options of ``paysdk sync``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sync", "--to", "payments.db"], "Missing argument 'NAME'"),
        (["sync", "campfire"], "Missing option '--to'"),
        (
            ["sync", "notify", "--to", "payments.db", "--filter", "voided"],
            "--filter takes NAME=VALUE",
        ),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)
