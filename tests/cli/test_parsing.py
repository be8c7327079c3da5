"""The texts of options, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

    Command = Callable[..., Outcome]


def test_times_with_a_zone_are_accepted(paysdk: Command) -> None:
    """Both bounds may be moments: the first three payments are at 08:00:00 UTC."""
    bounds = ("--since", "2025-01-01T09:00+01:00", "--until", "2025-01-01T08:00:30Z")
    outcome = paysdk("list", "campfire", "--sandbox", "--sandbox-payments", "5", *bounds)

    assert (0, "campfire: 3 payments") == (outcome.code, outcome.out.splitlines()[-1])
