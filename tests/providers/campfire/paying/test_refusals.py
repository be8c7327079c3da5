"""What stops an order before it is sent, and what the error says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from paysdk.errors import (
    BadRequestError,
    ConfigurationError,
    DuplicatePaymentError,
    OutcomeUnknownError,
    PermissionDeniedError,
)
from paysdk.providers.campfire.paying.items import TransactionPayment
from paysdk.providers.campfire.paying.order import CreditMemoRef
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, status
from tests.providers.campfire.paying.orders import (
    INVOICE,
    NAMED,
    PLAIN,
    booked,
    ids,
    open_at,
    pay,
    posts,
)


async def test_a_payment_by_hand_stops_a_named_order_until_it_is_told_apart() -> None:
    """A payment without an external id may be this order, unless the caller says otherwise."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        by_hand = booked(sandbox)
        with pytest.raises(DuplicatePaymentError, match="other_payments=") as raised:
            await pay(campfire, NAMED)
        assert ((by_hand,), False) == (raised.value.payment_ids, raised.value.sent)
        assert (by_hand,) != (await pay(campfire, NAMED, other_payments=[int(by_hand)])).payment_ids
        assert 2 == len(ids(sandbox))


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": Decimal("50.01")},
        {"payment_date": "2026-02-01"},
        {"source": "STRIPE"},
        {"payment_type": "CREDIT_MEMO"},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_payment_that_is_clearly_another_stops_nothing(fields: dict[str, Any]) -> None:
    """A payment without a name of another amount, day, source or kind is another payment."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        booked(sandbox, **fields)
        assert 1 == len((await pay(campfire, NAMED)).payment_ids)


@pytest.mark.parametrize("wrong", ["22", 7, [True], [""], [1.5]])
async def test_other_payments_that_cannot_be_ids(wrong: Any) -> None:  # noqa: ANN401  # anything
    """They are refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="other_payments takes"):
        await pay(CampfireProvider("sandbox-key"), NAMED, other_payments=wrong)


async def test_an_order_above_what_is_due() -> None:
    """It is refused unless the caller allows it, and then the outcome has the credit memos."""
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
        # The order is booked, which is what the same call is about.
        assert outcome.payment_ids == (await pay(campfire, order)).payment_ids


async def test_an_order_above_what_is_due_where_the_api_refuses_it() -> None:
    """Its refusal is a clean failure, and nothing is held."""
    async with (
        CampfireSandbox(payments=0, overpayment="refused") as sandbox,
        open_at(sandbox) as campfire,
    ):
        for _ in range(2):
            with pytest.raises(BadRequestError, match="more than the amount due"):
                await pay(
                    campfire, attrs.evolve(PLAIN, amount=Decimal(2000)), allow_overpayment=True
                )


@pytest.mark.parametrize("amount", [Decimal(0), Decimal("0.00"), Decimal("-1.50"), 0, -1])
async def test_amounts_that_are_not_above_zero(amount: Decimal | int) -> None:
    """They are refused in items and in mappings."""
    with pytest.raises(ConfigurationError, match="amount must be above zero"):
        TransactionPayment(1, amount)
    with pytest.raises(ConfigurationError, match="amount must be above zero"):
        await CampfireProvider("sandbox-key").mark_invoice_paid(
            1, transactions=[{"transaction_id": 1, "amount": amount}]
        )


@pytest.mark.parametrize("flag", ["allow_overpayment", "rebook_voided"])
async def test_a_flag_that_is_no_flag(flag: str) -> None:
    """A flag is True or False."""
    with pytest.raises(ConfigurationError, match=f"{flag} must be True or False"):
        await pay(CampfireProvider("sandbox-key"), PLAIN, INVOICE, **{flag: "yes"})


@pytest.mark.parametrize("form", ["exact", "lower", "dropped"])
async def test_a_name_under_which_a_payment_was_voided(form: Any) -> None:  # noqa: ANN401  # one of a few words
    """It is not free unless the caller says so, in whatever form the server has kept it."""
    async with CampfireSandbox(payments=0, name_form=form) as sandbox, open_at(sandbox) as campfire:
        first = await pay(campfire, PLAIN)
        sandbox.void_payment(int(first.payment_ids[0]))
        with pytest.raises(
            ConfigurationError,
            match=f"booked and voided: payments {first.payment_ids[0]} .*rebook_voided=True",
        ):
            await pay(campfire, PLAIN)
        assert first.payment_ids != (await pay(campfire, PLAIN, rebook_voided=True)).payment_ids
        assert 2 == len(ids(sandbox))


async def test_another_order_under_the_name_of_one_that_was_sent() -> None:
    """When the first is found, under whatever name, the second is told which payments it made."""
    async with (
        CampfireSandbox(payments=0, commits_late=True, name_form="lower") as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, PLAIN)
        sandbox.book_held()
        for _ in range(2):
            with pytest.raises(
                DuplicatePaymentError, match="has the same external id and is booked"
            ) as raised:
                await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(7)))
            assert (ids(sandbox), False) == (raised.value.payment_ids, raised.value.sent)
        assert ids(sandbox) == (await pay(campfire, PLAIN)).payment_ids


async def test_a_refusal_before_anything_was_sent_leaves_the_name_free() -> None:
    """An order that was refused for certain holds nothing."""
    faults = FaultPlan().on(1, status(403), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(PermissionDeniedError):
            await pay(campfire, PLAIN)
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)
