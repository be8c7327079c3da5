"""Pay requests in Campfire's sandbox."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paysdk.providers.campfire.paying.sandbox import NAME_FORMS, NameForm, split_in_two
from paysdk.testing import FaultPlan, reset
from tests.providers.campfire.caller import PAY, differences, sample, with_options

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller

MANUAL = {
    "account_id": 1,
    "account_name": "1000 - Cash",
    "amount": Decimal("10.50"),
    "payment_date": "2025-07-25",
}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("exact", "  Zahlung\u00a0Für " + "x" * 50),
        ("cut", "  Zahlung\u00a0Für " + "x" * 36),
        ("lower", "  zahlung\u00a0für " + "x" * 50),
        ("NFC", "  Zahlung\u00a0Für " + "x" * 50),
        ("NFD", "  Zahlung\u00a0Fu\u0308r " + "x" * 50),
        ("trimmed", "Zahlung Für " + "x" * 50),
        ("dropped", None),
    ],
)
def test_each_form_of_an_external_id(form: NameForm, expected: str | None) -> None:
    """A server may keep an external id as it is, change it, cut it or drop it."""
    assert expected == NAME_FORMS[form]("  Zahlung\u00a0Für " + "x" * 50)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("10.00", ["9.99", "0.01"]), ("0.02", ["0.01", "0.01"]), ("0.01", ["0.01"])],
)
def test_split_amounts_add_up(amount: str, expected: list[str]) -> None:
    """The two parts have exactly the sum, and a cent is not split."""
    assert [Decimal(part) for part in expected] == [*split_in_two(Decimal(amount))]


@with_options(schema="documented")
async def test_paying_the_documents_sample(caller: Caller) -> None:
    """The sample request pays invoice 58700, and the response has the documented shape."""
    invoice = await caller.pay(sample("mark_invoice_paid_request"))

    assert [] == differences(invoice, sample("mark_invoice_paid"))
    assert (Decimal("1033.33"), 0, "paid", "2025-07-25") == tuple(
        invoice[name] for name in ("amount_paid", "amount_due", "status", "paid_date")
    )
    assert [(14728800, None), (None, "CM-0000007")] == [
        (one["payment_transaction"], one["credit_memo"]) for one in invoice["payments"]
    ]


async def test_what_was_paid_is_listed(caller: Caller) -> None:
    """A payment is the last in the list, and has the fields and exact digits of the request."""
    manual = (
        b'{"account_id": "1", "account_name": "Cash", "amount": 10.50,'
        b' "payment_date": "2025-07-25", "external_id": "own-1"}'
    )
    await caller.pay(b'{"empty_transactions": [%b]}' % manual)
    (row,) = await caller.walk("external_id=own-1")

    assert row == (await caller.walk("limit=1000"))[-1] == caller.sandbox.payment(row["id"])
    assert (58700, "10.50", "2025-07-25", "MANUAL_TRANSACTION") == (
        row["invoice_id"],
        str(row["amount"]),
        row["payment_date"],
        row["payment_type"],
    )
    assert "partial" == (await caller.get("/coa/api/v1/invoice/58700/"))["payment_status"]


async def test_each_kind_of_payment(caller: Caller) -> None:
    """Each kind of item is booked, with the schema's type of payment if it has one."""
    memo = {"amount": 1, "posted_at": "2025-07-25"}
    invoice = await caller.pay(
        {
            "transactions": [{"amount": 1}],
            "credit_memos": [{**memo, "credit_memo_id": 4029}],
            "debit_memos": [{**memo, "debit_memo_id": 1}],
            "empty_transactions": None,
        }
    )

    assert ["BANK_TRANSACTION", "CREDIT_MEMO", None] == [
        payment["payment_type"] for payment in invoice["payments"]
    ]
    assert "4029" == invoice["payments"][1]["credit_memo"]


@with_options(pay_response="ids")
async def test_response_with_ids(caller: Caller) -> None:
    """The later schema's response has the new ids, and credit memos only after an overpayment."""
    response = await caller.pay({"empty_transactions": [MANUAL, MANUAL]})
    overpaid = await caller.pay({"transactions": [{"amount": 5000}]})

    assert [] == differences(response, sample("mark_invoice_paid_ids"))
    assert response["payment_ids"] == [row["id"] for row in caller.sandbox.payments[-3:-1]]
    assert ["CM-"] == [
        memo["credit_memo_number"][:3] for memo in overpaid["auto_created_credit_memos"]
    ]
    assert (0, "paid") == (
        caller.sandbox.invoice(58700)["amount_due"],
        caller.sandbox.invoice(58700)["status"],
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"non_field_errors": ["At least one payment is required."]}),
        ({"transactions": []}, {"non_field_errors": ["At least one payment is required."]}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary."]}),
        ({"transactions": [{}]}, {"transactions": [{"amount": ["This field is required."]}]}),
        (
            {"transactions": [{"amount": 1}, {"amount": "x"}]},
            {"transactions": [{}, {"amount": ["A valid number is required."]}]},
        ),
        (
            {"credit_memos": [{"amount": 1, "credit_memo_id": 1}]},
            {"credit_memos": [{"posted_at": ["This field is required."]}]},
        ),
        (
            {"debit_memos": "x"},
            {"debit_memos": {"non_field_errors": ['Expected a list of items but got type "str".']}},
        ),
    ],
)
async def test_refused_payments_book_nothing(
    caller: Caller, body: object, expected: object
) -> None:
    """The response names each bad field, and nothing of the request is booked."""
    before = caller.sandbox.payments

    assert expected == await caller.pay(body, 400)
    assert before == caller.sandbox.payments


async def test_broken_json(caller: Caller) -> None:
    """A body that is not JSON is refused."""
    assert (await caller.pay(b"{", 400))["detail"].startswith("JSON parse error - ")


async def test_other_media_type(caller: Caller) -> None:
    """A body of another type than JSON is refused."""
    async with caller.session.post(caller.sandbox.url + PAY, data={"amount": "1"}) as response:
        assert 415 == response.status
        assert (
            'Unsupported media type "application/x-www-form-urlencoded" in request.'
            == (await response.json())["detail"]
        )


async def test_paying_an_unknown_invoice(caller: Caller) -> None:
    """Paying an unknown invoice is a 404."""
    assert {"detail": "Not found."} == await caller.pay(
        {"transactions": [{"amount": 1}]}, 404, "/coa/api/v1/invoice/1/pay/"
    )


@with_options(faults=FaultPlan().on(1, reset(processed=True)))
async def test_payment_without_a_response(caller: Caller) -> None:
    """With a fault after processing, the payment is booked although no response comes."""
    with pytest.raises(aiohttp.ClientOSError):
        await caller.pay({"empty_transactions": [{**MANUAL, "external_id": "own-1"}]})
    assert 1 == len(await caller.walk("external_id=own-1"))
