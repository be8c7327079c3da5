"""Looking for an order in the invoice and in the list of payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
import msgspec
import pytest

from paysdk.errors import DuplicatePaymentError, MalformedResponseError, PermissionDeniedError
from paysdk.exact import decode_exactly
from paysdk.providers.campfire.endpoints import PAYMENTS
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, Request, Response, status
from tests.providers.campfire.paying.orders import (
    INVOICE_PATH,
    LIST_PATH,
    MANUAL,
    NAMED,
    PAY_PATH,
    asked,
    ids,
    open_at,
    pay,
    posts,
)

if TYPE_CHECKING:
    from paysdk.providers.campfire.paying.sandbox import NameForm

_encode = msgspec.json.Encoder(decimal_format="number").encode


@pytest.mark.parametrize("form", ["exact", "cut", "lower", "NFC", "NFD", "trimmed"])
async def test_two_orders_of_one_amount_on_one_day(
    form: NameForm,
) -> None:
    """Orders with different external ids are all booked."""
    async with CampfireSandbox(payments=0, name_form=form) as sandbox, open_at(sandbox) as campfire:
        for name in ("order-1", "order-10", "Rent for March", "Rent for April"):
            await pay(campfire, attrs.evolve(NAMED, external_id=name))
        assert 4 == len(ids(sandbox))


async def test_an_invoice_that_shows_no_names() -> None:
    """With the list, paysdk tells two equal orders apart and finds each of them again."""
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
    """Nothing is sent, and the error has no checkpoint, because the caller started no listing."""
    faults = FaultPlan().always(status(403), method="GET", path=PAYMENTS)
    async with (
        CampfireSandbox(payments=0, schema="documented", faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(PermissionDeniedError) as raised:
            await pay(campfire, NAMED)
        assert (None, 0) == (raised.value.checkpoint, posts(sandbox))


async def test_external_id_is_looked_for_with_the_filter() -> None:
    """Each external id is listed by itself, once before the order is sent and once after."""
    other = {
        "external_id": "order-2",
        "amount": Decimal(1),
        "account_id": 1,
        "account_name": "x",
        "payment_date": date(2026, 1, 31),
    }
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL, other])
        assert ["order-1", "order-2"] * 2 == [
            request.query["external_id"]
            for request in sandbox.requests
            if request.path == LIST_PATH
        ]


class Bare(CampfireSandbox):
    """A sandbox whose invoices have no payments. *without* removes the field."""

    without = False

    def respond(self, request: Request) -> Response:
        """Respond with an invoice that shows no payments."""
        response = super().respond(request)
        if request.path != INVOICE_PATH:
            return response
        invoice = decode_exactly(response.body)
        del invoice["payments"]
        if not self.without:
            invoice["payments"] = []
        return attrs.evolve(response, body=_encode(invoice))


@pytest.mark.parametrize("without", [False, True])
async def test_an_invoice_that_shows_no_payments(*, without: bool) -> None:
    """If the invoice hides its payments, another process finds the order in the list."""
    sandbox = Bare(payments=0, name_form="lower", pay_response="ids")
    sandbox.without = without
    async with sandbox, open_at(sandbox) as first, open_at(sandbox) as second:
        named = attrs.evolve(NAMED, external_id="Receipt-2026")
        outcome = await pay(first, named)
        with pytest.raises(DuplicatePaymentError) as raised:
            await pay(second, named)
        assert (outcome.payment_ids, False) == (raised.value.payment_ids, raised.value.sent)
        assert 1 == posts(sandbox)


class Older(CampfireSandbox):
    """A sandbox without the filter by external id."""

    def respond(self, request: Request) -> Response:
        """Ignore the filter."""
        return super().respond(
            attrs.evolve(
                request,
                query={
                    name: value for name, value in request.query.items() if name != "external_id"
                },
            )
        )


async def test_external_id_if_the_api_ignores_the_filter() -> None:
    """If an API ignores the filter and lists all, no other payment is taken for the order."""
    rows = [{"external_id": f"other-{number}", "invoice_id": 58700} for number in range(300)]
    async with Older(rows=rows) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(
            58700, empty_transactions=[MANUAL], allow_overpayment=True
        )
        assert [("GET", INVOICE_PATH), ("GET", LIST_PATH), ("POST", PAY_PATH)] == asked(sandbox)[:3]
        assert 1 == len(outcome.payment_ids)


async def test_external_id_is_found_if_the_api_ignores_the_filter() -> None:
    """An API without the filter lists everything, and the payment is found in the list."""

    class Older(CampfireSandbox):
        def respond(self, request: Request) -> Response:
            return super().respond(
                attrs.evolve(
                    request,
                    query={
                        name: value
                        for name, value in request.query.items()
                        if name != "external_id"
                    },
                )
            )

    async with Older(payments=150) as sandbox:
        sandbox.add_payment(invoice_id=58700, amount=MANUAL.amount, external_id=MANUAL.external_id)
        async with open_at(sandbox) as campfire:
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 0 == asked(sandbox).count(("POST", PAY_PATH))


async def test_a_record_that_cannot_be_read_may_be_the_one_that_is_looked_for() -> None:
    """Looking for an external id raises for a bad record, whatever ``on_malformed`` is."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, on_malformed=lambda _: None) as campfire,
    ):
        # On another invoice, so that reading this invoice does not fail.
        sandbox.add_payment(
            invoice_id=58701,
            amount=MANUAL.amount,
            external_id=MANUAL.external_id,
            payment_date="30-04-2025",
        )
        with pytest.raises(MalformedResponseError):
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 0 == asked(sandbox).count(("POST", PAY_PATH))
