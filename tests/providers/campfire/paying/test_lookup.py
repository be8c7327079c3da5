"""Looking for an order in the invoice and in the list of payments."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from paysdk.errors import (
    DuplicatePaymentError,
    PermissionDeniedError,
)
from paysdk.providers.campfire.endpoints import PAYMENTS
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, status
from tests.providers.campfire.paying.orders import (
    NAMED,
    ids,
    open_at,
    pay,
    posts,
)


@pytest.mark.parametrize("form", ["exact", "cut", "lower", "NFC", "NFD", "trimmed"])
async def test_two_orders_of_one_amount_on_one_day(form: Any) -> None:  # noqa: ANN401  # one of a few words
    """With names that are clearly different both go through, and both can be called again."""
    async with CampfireSandbox(payments=0, name_form=form) as sandbox, open_at(sandbox) as campfire:
        for name in ("order-1", "order-10", "Rent for March", "Rent for April"):
            await pay(campfire, attrs.evolve(NAMED, external_id=name))
        assert 4 == len(ids(sandbox))


async def test_an_invoice_that_shows_no_names() -> None:
    """The list tells two orders of one amount on one day apart, and finds each of them again."""
    async with (
        CampfireSandbox(payments=0, schema="documented") as sandbox,
        open_at(sandbox) as campfire,
    ):
        first, second = (
            attrs.evolve(NAMED, external_id=name) for name in ("Rent for March", "Rent for April")
        )
        for order, payment_id in ((first, "1"), (second, "2"), (first, "1"), (second, "2")):
            outcome = await pay(campfire, order)
            assert ((payment_id,), True) == (outcome.payment_ids, outcome.external_ids_kept)
        with pytest.raises(DuplicatePaymentError):
            await pay(campfire, attrs.evolve(NAMED, external_id="rent for march"))
        assert 2 == posts(sandbox)


async def test_an_invoice_that_shows_no_names_and_a_list_that_fails() -> None:
    """Then nothing is sent, and the error has no checkpoint, because nobody walks that list."""
    faults = FaultPlan().always(status(403), method="GET", path=PAYMENTS)
    async with (
        CampfireSandbox(payments=0, schema="documented", faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(PermissionDeniedError) as raised:
            await pay(campfire, NAMED)
        assert (None, 0) == (raised.value.checkpoint, posts(sandbox))
