"""The payments of a page are a sequence."""

from __future__ import annotations

from typing import cast

import pytest

from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.listing.sandboxes import campfire


async def test_payments_of_a_page_are_a_sequence() -> None:
    """The payments of a page behave like a list of payments."""
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        pages = [page async for page in provider.list_payments().pages()]
        payments = await provider.list_payments().collect()
        one_by_one = [payment.raw["id"] async for payment in provider.list_payments()]
    (page,) = pages
    assert (
        one_by_one
        == [page.payments[place].raw["id"] for place in range(5)]
        == [payment.raw["id"] for payment in page.payments[:]]
    )
    assert (payments, payments) == (page.payments, list(page.payments))
    assert (5, payments[0], payments[-1], payments[1:3]) == (
        len(page.payments),
        page.payments[0],
        page.payments[-1],
        page.payments[1:3],
    )
    assert repr(payments) == repr(page.payments)
    assert payments[:4] != page.payments
    assert page.payments != cast("object", "payments")
    assert page.payments != cast("object", 7)
    assert payments[2] in page.payments
    with pytest.raises(TypeError, match="unhashable"):
        hash(page.payments)
