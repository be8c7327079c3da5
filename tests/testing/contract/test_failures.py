"""Tests of the cases about failures."""

from __future__ import annotations

from paysdk.testing.contract.failures import FailureCases
from tests.testing.contract.broken import Broken, each_broken


@each_broken(FailureCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that breaks a promise about failures fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
