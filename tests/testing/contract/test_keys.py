"""Tests of the cases about keys."""

from __future__ import annotations

from paysdk import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject
from paysdk.testing.contract.keys import KeyCases
from tests.testing.contract.broken import Broken, each_broken
from tests.testing.contract.running import run_cases


def test_short_key_is_refused() -> None:
    """A key short enough to occur elsewhere by chance is refused."""
    said = run_cases(
        lambda payments: ContractSubject(
            provider=NotifyProvider, sandbox=NotifySandbox(payments=payments, api_key="test_")
        ),
        ["test_keeps_the_key_out_of_urls"],
    )
    assert (
        "ConfigurationError was raised: The sandbox's key has fewer than 8 characters"
        in said["test_keeps_the_key_out_of_urls"]
    )


@each_broken(KeyCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that breaks a promise about keys fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
