"""The options of ``paysdk list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Refusal = Callable[..., str]

SANDBOX = ("--sandbox", "--sandbox-payments", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "campfire", "--limit", "0", *SANDBOX], "Invalid value for '--limit'"),
        (["list", "campfire", "--page-size", "many", *SANDBOX], "Invalid value for '--page-size'"),
        (
            ["list", "campfire", "--page-size", "0", *SANDBOX],
            "campfire: --page-size must be a whole number from 1 to 10000, not 0.",
        ),
        (
            ["list", "campfire", "notify", "--page-size", "251", *SANDBOX],
            "notify: --page-size must be a whole number from 1 to 250, not 251.",
        ),
        (["list", "campfire"], "No key for campfire: set PAYSDK_CAMPFIRE_API_KEY"),
        (
            ["list", "nowhere", *SANDBOX],
            "There is no provider 'nowhere'. Installed: campfire, notify.",
        ),
        (
            ["list", "campfire", "--since", "yesterday", *SANDBOX],
            "--since takes a date or a time, such as 2026-01-31",
        ),
        (
            ["list", "campfire", "--until", "2026-01-31T08:00", *SANDBOX],
            "--until needs a time zone, such as UTC: 2026-01-31T08:00Z.",
        ),
        (
            ["list", "campfire", "--since", "2026-02-01", "--until", "2026-01-31", *SANDBOX],
            "campfire: --since (",
        ),
        (
            ["list", "notify", "--since", "2026-01-31", *SANDBOX],
            "Notify cannot filter by --since.",
        ),
        (["list", "notify", "--not-voided", *SANDBOX], "Notify cannot filter by --voided."),
        (
            ["list", "campfire", "--resume", "nonsense", *SANDBOX],
            "campfire: This is not a checkpoint",
        ),
        (
            ["list", "campfire", "notify", "--resume", "any", *SANDBOX],
            "--resume is for one provider",
        ),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)
