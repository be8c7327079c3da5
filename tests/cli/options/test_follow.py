"""The options of ``paysdk follow``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("notify", "--sandbox", "--since", "2026-01-01"), "Leave --since out"),
        (("campfire", "--sandbox", "--since", "soon"), "--since takes a date or a time"),
        (("campfire", "--sandbox", "--every", "0"), "--every must be a number of seconds above"),
        (("campfire", "--sandbox", "--every", "nan"), "--every must be a number of seconds above"),
        (("campfire", "--sandbox", "--every", "often"), "Invalid value for '--every'"),
        (("campfire",), "No key for campfire"),
        (("nobody", "--sandbox"), "There is no provider 'nobody'"),
        ((), "Missing argument 'NAME'"),
    ],
)
def test_wrong_input(refusal: Refusal, arguments: tuple[str, ...], message: str) -> None:
    """Wrong input is one line and exit code 2, and nothing is printed."""
    assert message in refusal("follow", *arguments)
