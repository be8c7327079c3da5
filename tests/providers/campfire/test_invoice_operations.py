"""The operations on one of Campfire's invoices, over real HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from paysdk.errors import ConfigurationError, MalformedResponseError, NotFoundError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, wrong_body
from tests.providers.campfire.paying.orders import (
    ALL_KINDS,
    INVOICE_PATH,
    LIST_PATH,
    MANUAL,
    PAY_PATH,
    TRANSACTION,
    asked,
    open_at,
    paid,
)

if TYPE_CHECKING:
    from typing import Literal


@pytest.mark.parametrize("wrong", ["47864", -1, True, 4.0, None])
async def test_wrong_invoice_id(wrong: object) -> None:
    """An invoice's id that is not a whole number is refused before anything is sent."""
    async with CampfireSandbox() as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match="invoice_id must be a whole number from 0"):
            await campfire.retrieve_invoice(wrong)  # type: ignore[arg-type]  # what is refused
        with pytest.raises(ConfigurationError, match="invoice_id must be a whole number from 0"):
            await campfire.mark_invoice_paid(wrong, transactions=[TRANSACTION])  # type: ignore[arg-type]  # likewise
        assert 0 == len(sandbox.requests)


async def test_retrieve_invoice() -> None:
    """An invoice has its payments, and each payment has the invoice and the client."""
    async with CampfireSandbox() as sandbox:
        async with open_at(sandbox) as campfire:
            invoice = await campfire.retrieve_invoice(47864)
        assert [("GET", "/coa/api/v1/invoice/47864/")] == asked(sandbox)
        expected = sandbox.invoice(47864)
    assert expected["total_amount"] == invoice.total_amount
    assert [str(row["id"]) for row in cast("list[dict[str, Any]]", expected["payments"])] == [
        payment.id for payment in invoice.payments
    ]
    assert {("47864", "INV-0000493")} == {
        (payment.invoice.id, payment.invoice.number) for payment in invoice.payments
    }
    assert {str(expected["client"])} == {
        payment.customer and payment.customer.id for payment in invoice.payments
    }


async def test_retrieve_invoice_that_is_not_there() -> None:
    """An invoice that the API does not show raises NotFoundError with the API's words."""
    async with CampfireSandbox() as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(NotFoundError, match="404 Not found") as raised:
            await campfire.retrieve_invoice(1)
        assert f"{sandbox.url}/coa/api/v1/invoice/1/" == raised.value.url
        assert 1 == len(sandbox.requests)


async def test_retrieve_invoice_that_cannot_be_read() -> None:
    """JSON that is not an invoice is malformed at once, and the error has the path."""
    faults = FaultPlan().always(
        wrong_body(
            b'{"id": 47864, "payments": [{"id": 1, "amount": "x"}]}',
            content_type="application/json",
        )
    )
    async with CampfireSandbox(faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(MalformedResponseError) as raised:
            await campfire.retrieve_invoice(47864)
        assert "$.payments[0].amount" == raised.value.path
        assert ("campfire", "GET") == (raised.value.provider, raised.value.method)
        assert 1 == len(sandbox.requests)


@pytest.mark.parametrize("response", ["invoice", "ids"])
async def test_pay(response: Literal["invoice", "ids"]) -> None:
    """Every kind of item is sent with its exact digits, and both responses have the new ids."""
    async with CampfireSandbox(pay_response=response, payments=0) as sandbox:
        async with open_at(sandbox) as campfire:
            outcome = await campfire.mark_invoice_paid(58700, **ALL_KINDS, allow_overpayment=True)
        looks = [("GET", INVOICE_PATH), ("GET", LIST_PATH)]
        assert [*looks, ("POST", PAY_PATH), *looks] == asked(sandbox)
        body = sandbox.requests[2].body
        assert "application/json" == sandbox.requests[2].headers["Content-Type"]
        assert tuple(str(row["id"]) for row in paid(sandbox)) == outcome.payment_ids
    assert 4 == len(outcome.payment_ids)
    assert (response == "invoice") == (outcome.invoice is not None)
    assert all(
        digits in body
        for digits in (b'"amount":883.33', b'"amount":150,', b'"amount":0.10,', b'"amount":12.50,')
    )
    assert {
        "transactions": [
            {
                "transaction_id": 14728800,
                "transaction_description": "Payment from Campfire Software Inc",
                "account_id": "2553",
                "account_name": "1100 - Accounts Receivable",
                "amount": 883.33,
            }
        ],
        "credit_memos": [
            {
                "credit_memo_id": 4029,
                "credit_memo_number": "CM-0000007",
                "amount": 150,
                "posted_at": "2025-07-25",
            }
        ],
        "debit_memos": [{"debit_memo_id": 7, "amount": 0.1, "posted_at": "2025-07-25"}],
        "empty_transactions": [
            {
                "amount": 12.5,
                "account_id": 2553,
                "account_name": "1100",
                "payment_date": "2026-01-31",
                "external_id": "order-1",
            }
        ],
    } == msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({}, "nothing to pay with"),
        ({"transactions": [], "credit_memos": ()}, "nothing to pay with"),
        ({"transactions": [{"transaction_id": 1, "amount": 1.5}]}, "amount .*1.5"),
        ({"transactions": [{"transaction_id": 1, "amount": Decimal("NaN")}]}, "amount .*NaN"),
        ({"transactions": [{"transaction_id": 1}]}, "amount must be"),
        ({"transactions": [MANUAL]}, "transactions takes TransactionPayment objects or mappings"),
        ({"empty_transactions": [MANUAL, MANUAL]}, "Two items have the same external_id"),
    ],
)
async def test_pay_with_what_cannot_be_right(items: dict[str, Any], message: str) -> None:
    """Bad items are refused before anything is sent."""
    async with CampfireSandbox() as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match=message):
            await campfire.mark_invoice_paid(58700, **items)
        assert 0 == len(sandbox.requests)


async def test_pay_an_invoice_that_is_not_there() -> None:
    """An unknown invoice is not paid."""
    async with CampfireSandbox() as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(NotFoundError):
            await campfire.mark_invoice_paid(1, transactions=[TRANSACTION])
        assert [("GET", "/coa/api/v1/invoice/1/")] == asked(sandbox)
