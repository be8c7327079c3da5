"""Campfire's paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.providers.campfire.endpoints import (
    ACCOUNT_SETTINGS,
    ACCOUNTS,
    INVOICE,
    INVOICES,
    PAY,
    PAYMENTS,
    PREVIEW,
    VOID,
)
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, redirect
from tests.providers.campfire.caller import sample
from tests.providers.campfire.paying.orders import open_at

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller


@pytest.mark.parametrize(
    "path", [PAYMENTS, INVOICES, INVOICE.format(58700), ACCOUNTS, ACCOUNT_SETTINGS]
)
async def test_a_path_for_reading_is_not_redirected(caller: Caller, path: str) -> None:
    """Each path ends as the document's does, so the server responds at once."""
    async with caller.session.get(caller.sandbox.url + path, allow_redirects=False) as response:
        assert 200 == response.status


async def test_the_path_for_paying_is_the_documents(caller: Caller) -> None:
    """The sample request arrives, and is not lost by a redirect."""
    await caller.pay(sample("mark_invoice_paid_request"), path=PAY.format(58700))
    assert 2 == len(await caller.walk("invoice_id=58700"))


async def test_the_path_for_a_preview_has_no_slash(caller: Caller) -> None:
    """The API's path ends without a slash, so the request arrives."""
    preview = await caller.pay({}, path=PREVIEW.format(58700))
    assert {"total_due", "remaining_due"} <= preview.keys()


async def test_the_path_for_a_void_is_the_schemas(caller: Caller) -> None:
    """The request arrives, and is not lost by a redirect."""
    payment_id = caller.sandbox.add_payment()
    voided = await caller.pay({}, path=VOID.format(58700, payment_id))
    assert voided["voided_date"] is not None


async def test_a_redirected_listing_arrives() -> None:
    """A listing follows a redirect on the same origin, and counts both requests."""
    faults = FaultPlan().on(1, redirect(f"{PAYMENTS}?cursor=&limit=2", 301))
    async with CampfireSandbox(payments=2, faults=faults) as sandbox, open_at(sandbox) as campfire:
        listing = campfire.list_payments(page_size=2)
        assert 2 == len(await listing.collect())
        assert 2 == listing.report.requests == len(sandbox.requests)
