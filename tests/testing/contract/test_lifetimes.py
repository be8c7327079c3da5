"""Tests of the cases about tasks, connections and event loops."""

from __future__ import annotations

from paysdk.testing.contract.lifetimes import LifetimeCases
from tests.testing.contract.broken import Broken, each_broken


@each_broken(LifetimeCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that leaves something open fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
