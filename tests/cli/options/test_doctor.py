"""The options of ``paysdk doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_bad_input_is_one_line(refusal: Callable[..., str]) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal("doctor", "--timeout", "soon").startswith("Invalid value for '--timeout'")
