"""The deadline of a call that pays, and the place of its errors."""

from __future__ import annotations

import pytest

from paysdk.errors import OutcomeUnknownError, RequestTimeoutError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, hang, status
from tests.providers.campfire.paying.orders import (
    INVOICE_PATH,
    PAY_PATH,
    TRANSACTION,
    asked,
    open_at,
)


async def test_pay_meets_the_deadline_in_flight() -> None:
    """If the deadline passes while the order is sent, the outcome is unknown."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(hang(processed=True), method="POST")
    ) as sandbox:
        async with open_at(sandbox, deadline=0.1) as campfire:
            with pytest.raises(OutcomeUnknownError) as raised:
                await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
    assert "looking for it failed: The deadline of 0.1 s" in raised.value.found
    assert isinstance(raised.value.__cause__, RequestTimeoutError)


async def test_pay_meets_the_deadline_while_waiting() -> None:
    """If the deadline passes during the wait after a 429, nothing was paid: a clean timeout."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(status(429, retry_after=30), method="POST")
    ) as sandbox:
        async with open_at(sandbox, deadline=0.1) as campfire:
            with pytest.raises(RequestTimeoutError, match="The deadline") as raised:
                await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE_PATH), ("POST", PAY_PATH)] == asked(sandbox)
        assert ("campfire", "POST", sandbox.url + PAY_PATH) == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )
