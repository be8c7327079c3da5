"""Tests of the cases about keys."""

from __future__ import annotations

import pytest

from paysdk import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject
from tests.testing.contract.running import run_cases

pytestmark = pytest.mark.slow


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
