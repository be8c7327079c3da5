"""Tests of the cases about payments."""

from __future__ import annotations

from paysdk.testing.contract.records import PaymentCases
from tests.testing.contract.broken import Broken, each_broken


@each_broken(PaymentCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that breaks a promise about payments fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
