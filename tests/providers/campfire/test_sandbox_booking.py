"""The switches of Campfire's sandbox."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest

from paysdk import BadRequestError, ConfigurationError, ManualPayment
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import open_sandbox
from tests.providers.campfire.caller import Caller, with_options
from tests.providers.campfire.paying.orders import DAY, INVOICE, PLAIN, ids, open_at, pay

VOID = "/coa/api/v1/invoice/58700/payment/{}/void/"


@pytest.mark.parametrize(
    ("switch", "message"),
    [
        (
            {"overpayment": "maybe"},
            r"overpayment must be one of 'accepted', 'refused', not 'maybe'",
        ),
        ({"name_form": "upper"}, "name_form must be one of 'exact', 'cut', .*'dropped', not"),
        ({"split": "by line"}, "split must be one of True, False, not 'by line'"),
        ({"drafts": 1}, "drafts must be one of True, False, not 1"),
        ({"closed_until": "2025-12-31"}, r"closed_until must be a datetime\.date"),
    ],
    ids=str,
)
def test_unknown_value_of_a_switch_is_refused(switch: dict[str, Any], message: str) -> None:
    """The error lists the values."""
    with pytest.raises(ConfigurationError, match=message):
        CampfireSandbox(**switch)


def test_unknown_switch_is_refused_with_a_list() -> None:
    """The error lists the switches that there are."""
    with pytest.raises(ConfigurationError, match=r"'agents'.* It takes: .*agent, .*second_void"):
        open_sandbox("campfire", agents=True)


async def test_agent_books_just_before_an_order() -> None:
    """Campfire's agent takes what is due, and the order comes on top of it."""
    async with CampfireSandbox(payments=0, agent=True) as sandbox, open_at(sandbox) as campfire:
        await pay(campfire, attrs.evolve(PLAIN, amount=Decimal("1000.00")))
        await pay(
            campfire,
            attrs.evolve(PLAIN, external_id="other", amount=Decimal("33.33")),
            allow_overpayment=True,
        )
    kinds = [(row["payment_type"], row["amount"]) for row in sandbox.payments]
    assert [
        ("BANK_TRANSACTION", Decimal("1000.00")),
        ("MANUAL_TRANSACTION", Decimal("1000.00")),
        ("MANUAL_TRANSACTION", Decimal("33.33")),
    ] == kinds


async def test_order_in_a_closed_period_is_refused() -> None:
    """Nothing is booked on a day up to the last closed one."""
    async with (
        CampfireSandbox(payments=0, closed_until=DAY) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(BadRequestError, match="period is closed"):
            await pay(campfire, PLAIN)
        assert () == ids(sandbox)
        await pay(campfire, attrs.evolve(PLAIN, payment_date=date(2026, 2, 1)))
        await campfire.mark_invoice_paid(
            INVOICE, transactions=[{"transaction_id": 1, "amount": Decimal(1)}]
        )
    assert 2 == len(ids(sandbox))


async def test_manual_payment_without_a_department_is_refused() -> None:
    """A mapping can have the department, and other kinds of payment need none."""
    item = {
        name: value
        for name, value in attrs.asdict(PLAIN).items()
        if name in attrs.fields_dict(ManualPayment) and value is not None
    }
    async with (
        CampfireSandbox(payments=0, department_required=True) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(BadRequestError, match="department is required"):
            await pay(campfire, PLAIN)
        await campfire.mark_invoice_paid(INVOICE, empty_transactions=[{**item, "department_id": 3}])
        await campfire.mark_invoice_paid(
            INVOICE, transactions=[{"transaction_id": 1, "amount": Decimal(1)}]
        )
    assert 2 == len(ids(sandbox))


async def test_two_invoices_have_one_number() -> None:
    """The exact number finds both, and their payments show it."""
    async with (
        CampfireSandbox(payments=0, shared_number=True) as sandbox,
        open_at(sandbox) as campfire,
    ):
        number = (await campfire.retrieve_invoice(INVOICE)).invoice_number
        found = await campfire.list_invoices(invoice_number=number).collect()
        await pay(campfire, PLAIN, 58701)
        (payment,) = await campfire.list_payments().collect()
    assert [58700, 58701] == [invoice.id for invoice in found]
    assert (number, "58701") == (payment.invoice.number, payment.invoice.id)


@with_options(payments=0)
async def test_second_void_is_refused(caller: Caller) -> None:
    """By default, a voided payment is not reversed again."""
    payment_id = caller.sandbox.add_payment()
    await caller.pay({"void_date": "2026-01-31"}, path=VOID.format(payment_id))
    refused = await caller.pay({}, 400, VOID.format(payment_id))
    assert {"non_field_errors": ["This payment has already been voided."]} == refused
    assert [payment_id] == caller.sandbox.reversals


@with_options(payments=0, second_void="accepted")
async def test_second_void_is_accepted(caller: Caller) -> None:
    """With the switch, a second void makes a second reversing entry."""
    payment_id = caller.sandbox.add_payment()
    entries = [
        (await caller.pay({}, path=VOID.format(payment_id)))["voided_journal_entry"]
        for _ in range(2)
    ]
    assert ([payment_id] * 2, 2) == (caller.sandbox.reversals, len(set(entries)))


@with_options(payments=0)
async def test_bad_voids_are_refused(caller: Caller) -> None:
    """A void needs a payment of the invoice, JSON, and a day."""
    path = VOID.format(caller.sandbox.add_payment())
    assert {"detail": "Not found."} == await caller.pay({}, 404, VOID.format(999))
    assert {"void_date"} == (await caller.pay({"void_date": "x"}, 400, path)).keys()
    assert {"non_field_errors"} == (await caller.pay([], 400, path)).keys()
    assert [] == caller.sandbox.reversals


@with_options(payments=0)
async def test_delete_leaves_no_trace(caller: Caller) -> None:
    """The API deletes a payment as documented. paysdk never does."""
    url = caller.sandbox.url + VOID.format(caller.sandbox.add_payment())
    async with caller.session.delete(url) as response:
        assert 204 == response.status
    assert [] == caller.sandbox.payments


@with_options(payments=0)
async def test_bad_preview_is_refused(caller: Caller) -> None:
    """Each bad field is named."""
    path = "/coa/api/v1/invoice/58700/calculate-payment"
    refused = await caller.pay({"empty_transactions": [{"amount": 1}]}, 400, path)
    assert {"empty_transactions": [{"payment_date": ["This field is required."]}]} == refused
    assert {"detail": "Not found."} == await caller.pay({}, 404, path.replace("58700", "1"))
