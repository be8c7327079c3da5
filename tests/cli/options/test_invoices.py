"""The options of ``paysdk invoice``, ``invoices`` and ``accounts``."""

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
        (["invoice", "first", *SANDBOX], "Invalid value for 'ID'"),
        (["invoices", "--client", "-1", *SANDBOX], "Invalid value for '--client'"),
        (["accounts", "--limit", "0", "--sandbox"], "Invalid value for '--limit'"),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)
