"""The checks that keep an invoice from being paid twice."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.errors import (
    BadRequestError,
    ConfigurationError,
    DuplicatePaymentError,
    OutcomeUnknownError,
)
from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.providers.campfire.paying.orders import (
    MANUAL,
    NAMED,
    PAY_PATH,
    PLAIN,
    asked,
    booked,
    ids,
    open_at,
    paid,
    pay,
)

if TYPE_CHECKING:
    from paysdk.providers.campfire.paying.sandbox import NameForm


async def test_external_id_is_booked_already() -> None:
    """An order that is already booked is not sent, and its payments are the outcome."""
    async with CampfireSandbox(payments=0) as sandbox:
        async with open_at(sandbox) as campfire:
            first = await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        async with open_at(sandbox) as campfire:
            second = await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
        assert 1 == len(paid(sandbox))
    assert first.payment_ids == second.payment_ids
    assert second.invoice is not None


@pytest.mark.parametrize("invoice_id", [58700, 58701])
async def test_external_id_of_a_voided_payment(invoice_id: int) -> None:
    """An external id whose payment was voided is booked again only if the caller allows it."""
    rows = [
        {
            "external_id": "order-1",
            "invoice_id": invoice_id,
            "amount": Decimal("12.50"),
            "voided_date": "2026-01-31",
        }
    ]
    async with CampfireSandbox(rows=rows) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match="rebook_voided=True"):
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 1 == len(sandbox.payments)
        outcome = await campfire.mark_invoice_paid(
            58700, empty_transactions=[MANUAL], rebook_voided=True
        )
        assert (str(paid(sandbox)[-1]["id"]),) == outcome.payment_ids
        assert 2 == len(sandbox.payments)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"invoice_id": 58700, "amount": Decimal("12.51")},
            "Nothing was sent. These external ids are booked already: 'order-1'",
        ),
        (
            {"invoice_id": 58701, "amount": Decimal("12.50")},
            r"External id 'order-1' already belongs to payment \d+ of invoice 58701",
        ),
    ],
    ids=["another amount", "another invoice"],
)
async def test_external_id_is_taken(row: dict[str, Any], message: str) -> None:
    """An external id that another payment has is refused, and nothing is sent."""
    async with (
        CampfireSandbox(rows=[{"external_id": "order-1", "voided_date": None, **row}]) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(ConfigurationError, match=message):
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 0 == asked(sandbox).count(("POST", PAY_PATH))


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
    """A payment of another amount, day, source or kind does not stop the order."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        booked(sandbox, **fields)
        assert 1 == len((await pay(campfire, NAMED)).payment_ids)


async def test_an_order_above_what_is_due_that_the_api_refuses() -> None:
    """A refusal by the API is a clean failure, and the order holds no name afterwards."""
    async with (
        CampfireSandbox(payments=0, overpayment="refused") as sandbox,
        open_at(sandbox) as campfire,
    ):
        for _ in range(2):
            with pytest.raises(BadRequestError, match="more than the amount due"):
                await pay(
                    campfire, attrs.evolve(PLAIN, amount=Decimal(2000)), allow_overpayment=True
                )


@pytest.mark.parametrize("form", ["exact", "lower", "dropped"])
async def test_a_name_under_which_a_payment_was_voided(
    form: NameForm,
) -> None:
    """A voided payment stops the order unless the caller allows it, in each form of its id."""
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
    """If an earlier order has the external id and is found, the error has its payments."""
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
