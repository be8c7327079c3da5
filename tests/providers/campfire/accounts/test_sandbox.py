"""The accounts of Campfire's sandbox, and the provider's operations on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import AccountRef
from paysdk.providers.campfire.accounts.sandbox import CLEARING_ID, make_accounts, make_settings
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, status
from tests.providers.campfire.caller import with_options
from tests.providers.campfire.paying.orders import asked, open_at

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller


async def test_every_account_is_listed() -> None:
    """The chart of accounts is listed as sent, in one page."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        found = await campfire.list_accounts().collect()
    assert make_accounts() == [account.raw for account in found]
    assert [("GET", "/coa/api/account")] == asked(sandbox)
    clearing = next(account for account in found if account.id == CLEARING_ID)
    assert ("1050 - Payments Clearing", "ACTIVE") == (clearing.name_and_number, clearing.status)


async def test_settings_suggest_the_account_for_clearing() -> None:
    """The settings name the clearing account, and a read is retried."""
    faults = FaultPlan().first(1, status(503))
    async with (
        CampfireSandbox(payments=0, split=True, faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        found = await campfire.retrieve_account_settings()
    assert AccountRef(CLEARING_ID, "1050 - Payments Clearing") == found.default_clearing
    assert (None, True) == (found.rounding_account, found.split_invoice_payments_by_line)
    assert make_settings(split=True) == found.raw


@with_options(payments=0)
async def test_accounts_come_in_pages(caller: Caller) -> None:
    """The list is paged by offset."""
    first = await caller.get("/coa/api/account?limit=3")
    rest = await caller.get(first["next"])
    assert (7, 3, 3) == (first["count"], len(first["results"]), len(rest["results"]))
