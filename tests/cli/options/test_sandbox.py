"""The options of ``paysdk sandbox``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sandbox", "nowhere"], "There is no sandbox 'nowhere'"),
        (["sandbox", "--latency", "-1"], "Invalid value for '--latency'"),
        (["sandbox", "--latency", "inf"], "Invalid value for '--latency': it must be 3600.0 or"),
        (
            ["sandbox", "--payments", "9" * 20],
            "Invalid value for '--payments': it must be 10000000",
        ),
        (
            ["sandbox", "campfire", "notify", "--port", "65535"],
            "--port must be 65534 or less for 2 sandboxes, not 65535.",
        ),
        (["sandbox", "--port", "65535"], "--port must be 65534 or less for 2 sandboxes, not 65535"),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)
