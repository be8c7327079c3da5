"""The texts of options, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.cli.parsing import parse_faults
from paysdk.errors import ConfigurationError
from paysdk.testing import FaultPlan, reset, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

    Command = Callable[..., Outcome]


def test_times_with_a_zone_are_accepted(paysdk: Command) -> None:
    """Both bounds may be moments: the first three payments are at 08:00:00 UTC."""
    bounds = ("--since", "2025-01-01T09:00+01:00", "--until", "2025-01-01T08:00:30Z")
    outcome = paysdk("list", "campfire", "--sandbox", "--sandbox-payments", "5", *bounds)

    assert (0, "campfire: 3 payments") == (outcome.code, outcome.out.splitlines()[-1])


def test_faults_are_a_kind_and_how_often_it_comes() -> None:
    """A kind is a status or the name of a way to fail."""
    assert parse_faults(None) is None
    assert FaultPlan().every(10, status(503)).every(7, reset()) == parse_faults(
        ["503=10", "reset=07"]
    )


@pytest.mark.parametrize("option", ["503", "503=", "503=0", "503=x", "200=1", "600=1", "fire=1"])
def test_wrong_faults_are_refused(option: str) -> None:
    """A fault that a sandbox cannot make is refused."""
    with pytest.raises(ConfigurationError, match=f"--faults takes KIND=N, .* not {option!r}"):
        parse_faults([option])
