"""The options of ``paysdk export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome


def test_the_file_is_required(paysdk: Callable[..., Outcome]) -> None:
    """Without it, nothing is requested."""
    outcome = paysdk("export", "campfire", "--sandbox")

    assert (2, 1) == (outcome.code, outcome.err.count("\n"))
    assert "--to" in outcome.err
