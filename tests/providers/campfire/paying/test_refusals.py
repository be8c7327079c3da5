"""What the error says if an order is not sent."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from paysdk.errors import ConfigurationError, DuplicatePaymentError
from paysdk.providers.campfire.paying.order import CreditMemoRef
from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.providers.campfire.paying.orders import NAMED, PLAIN, booked, ids, open_at, pay, posts


async def test_a_payment_by_hand_stops_a_named_order_until_it_is_told_apart() -> None:
    """A payment without an external id stops the order, unless the caller names it as another."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        by_hand = booked(sandbox)
        with pytest.raises(DuplicatePaymentError, match="other_payments=") as raised:
            await pay(campfire, NAMED)
        assert ((by_hand,), False) == (raised.value.payment_ids, raised.value.sent)
        assert (by_hand,) != (await pay(campfire, NAMED, other_payments=[int(by_hand)])).payment_ids
        assert 2 == len(ids(sandbox))


async def test_an_order_above_what_is_due() -> None:
    """An order above what is due is refused, unless the caller allows it."""
    order = attrs.evolve(PLAIN, amount=Decimal("1033.34"))
    async with (
        CampfireSandbox(payments=0, pay_response="ids") as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(
            ConfigurationError,
            match=r"The order is 1033\.34, but only 1033\.33 is due.*allow_overpayment=True",
        ):
            await pay(campfire, order)
        assert 0 == posts(sandbox)
        outcome = await pay(campfire, order, allow_overpayment=True)
        assert [CreditMemoRef] == [type(memo) for memo in outcome.credit_memos]
        # The order is booked, so the same call returns its payment.
        assert outcome.payment_ids == (await pay(campfire, order)).payment_ids
