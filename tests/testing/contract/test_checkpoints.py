"""Tests of the cases about checkpoints."""

from __future__ import annotations

from paysdk.testing.contract.checkpoints import CheckpointCases
from tests.testing.contract.broken import Broken, each_broken


@each_broken(CheckpointCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that breaks a promise about checkpoints fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
