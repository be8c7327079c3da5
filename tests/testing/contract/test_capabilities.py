"""Tests of the cases about what a provider says of itself."""

from __future__ import annotations

from paysdk.testing.contract.capabilities import CapabilityCases
from tests.testing.contract.broken import Broken, each_broken


@each_broken(CapabilityCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that describes itself wrongly fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
