"""Previews of payments."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from paysdk import (
    CampfireProvider,
    ConfigurationError,
    CreditMemoPayment,
    MalformedResponseError,
    ManualPayment,
    NotFoundError,
    PaymentPreview,
    TransactionPayment,
    make_converter,
)
from paysdk.providers.campfire.paying.preview import encode_preview, read_preview
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.records.malformed import decode_or_raise
from paysdk.testing import FaultPlan, status
from tests.providers.campfire.paying.orders import DAY, INVOICE, asked, open_at

PATH = f"/coa/api/v1/invoice/{INVOICE}/calculate-payment"
NAIVE = datetime(2026, 1, 31)  # noqa: DTZ001  # it is refused
SOME_UUID = UUID(int=7, version=4)
MANUAL = ManualPayment(Decimal("33.330"), 2561, "Clearing", DAY, external_id="order-1")


async def test_preview_says_what_would_be_due() -> None:
    """The amounts are exact, and nothing is booked."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        found = await campfire.preview_payment(
            str(INVOICE),
            empty_transactions=[MANUAL],
            credit_memos=[CreditMemoPayment(4029, Decimal(100), DAY)],
            transactions=[
                {
                    "transaction_id": "14728800",
                    "amount": Decimal("800.00"),
                    "posted_at": "2026-01-31",
                    "withholding_amount": Decimal("0.10"),
                }
            ],
        )
    assert (
        PaymentPreview(
            total_due=Decimal("1033.33"),
            applied_payments=Decimal("833.330"),
            applied_credits=Decimal(100),
            applied_withholding=Decimal("0.10"),
            term_discounts=Decimal(0),
            remaining_due=Decimal("99.900"),
        )
        == found
    )
    assert "99.900" == str(found.raw["remaining_due"])
    assert ([("POST", PATH)], []) == (asked(sandbox), sandbox.payments)


async def test_preview_counts_what_is_booked() -> None:
    """Payments that were booked before count, and voided ones do not."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        sandbox.add_payment(amount=Decimal("33.33"))
        sandbox.add_payment(amount=Decimal("10.00"), payment_type="CREDIT_MEMO")
        sandbox.void_payment(sandbox.add_payment(amount=Decimal("500.00")))
        found = await campfire.preview_payment(INVOICE)
    assert (Decimal("33.33"), Decimal("10.00"), Decimal("990.00")) == (
        found.applied_payments,
        found.applied_credits,
        found.remaining_due,
    )


@pytest.mark.parametrize(
    ("amount", "discount", "remaining"),
    [("1013.33", "20.00", "0"), ("1033.33", "0", "0"), ("1000.00", "0", "33.33")],
)
async def test_discount_is_for_a_full_payment_only(
    amount: str, discount: str, remaining: str
) -> None:
    """A payment that closes the invoice with the discount gets it."""
    async with (
        CampfireSandbox(payments=0, term_discount=Decimal("20.00")) as sandbox,
        open_at(sandbox) as campfire,
    ):
        found = await campfire.preview_payment(
            INVOICE, empty_transactions=[{"amount": Decimal(amount), "payment_date": DAY}]
        )
    assert (Decimal(discount), Decimal(remaining)) == (found.term_discounts, found.remaining_due)


async def test_preview_is_retried_like_a_read() -> None:
    """A preview has no effect, so a failure of the server is retried."""
    faults = FaultPlan().first(2, status(502, processed=True))
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        await campfire.preview_payment(INVOICE, empty_transactions=[MANUAL])
    assert [("POST", PATH)] * 3 == asked(sandbox)


async def test_preview_of_an_unknown_invoice() -> None:
    """The API's own error is raised."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(NotFoundError):
            await campfire.preview_payment(1)


def test_only_what_the_schema_knows_is_sent() -> None:
    """A manual payment is sent as its amount, digit for digit, and its day."""
    body = encode_preview({"empty_transactions": [MANUAL], "credit_memos": []})
    assert (
        b'{"empty_transactions":[{"amount":33.330,"payment_date":"2026-01-31"}],"credit_memos":[]}'
        == body
    )


TRANSACTION = {"transaction_id": 1, "amount": Decimal(1), "posted_at": DAY}


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({"transactions": [{**TRANSACTION, "amount": 1.5}]}, "not the float 1.5"),
        ({"transactions": [{**TRANSACTION, "amount": Decimal(0)}]}, "above zero"),
        ({"transactions": [{**TRANSACTION, "amount": Decimal("NaN")}]}, "finite"),
        ({"transactions": [{"transaction_id": 1, "posted_at": DAY}]}, "amount must be"),
        ({"transactions": [{**TRANSACTION, "posted_at": None}]}, r"\.posted_at must be a dat"),
        ({"transactions": [{**TRANSACTION, "posted_at": "31.1.2026"}]}, "posted_at must be"),
        (
            {"transactions": [{**TRANSACTION, "posted_at": NAIVE}]},
            "posted_at",
        ),
        ({"transactions": [{**TRANSACTION, "withholding_amount": Decimal(-1)}]}, "0 or more"),
        ({"transactions": [{**TRANSACTION, "transaction_id": str(SOME_UUID)}]}, "is a UUID"),
        ({"transactions": [{**TRANSACTION, "transaction_id": SOME_UUID}]}, "id of the transaction"),
        ({"transactions": [{**TRANSACTION, "transaction_id": "x"}]}, "whole number"),
        (
            {"transactions": [TransactionPayment(1, Decimal(1))]},
            "transactions takes mappings with amount, transaction_id, posted_at",
        ),
        ({"credit_memos": [CreditMemoPayment(1, Decimal(1))]}, r"credit_memos.*posted_at must"),
        ({"credit_memos": [MANUAL]}, "takes CreditMemoPayment objects or mappings with amount"),
        ({"empty_transactions": TRANSACTION}, "takes a list of items"),
    ],
)
async def test_bad_item_is_refused(items: dict[str, Any], message: str) -> None:
    """A bad item is refused before anything is sent."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match=message):
            await campfire.preview_payment(INVOICE, **items)
    assert () == sandbox.requests


@pytest.mark.parametrize("invoice_id", [str(SOME_UUID), "", -1, True, None, 1.0, "9" * 5000])
async def test_bad_invoice_id_is_refused(invoice_id: Any) -> None:  # noqa: ANN401  # anything
    """Only an integer or the text of one is an invoice's id."""
    with pytest.raises(ConfigurationError, match="invoice_id must be"):
        await CampfireProvider("sandbox-key").preview_payment(invoice_id)


SENT = {
    "total_due": 1,
    "applied_payments": "1.50",
    "applied_credits": 0,
    "term_discounts": 0,
    "remaining_due": 0,
}


def test_response_without_withholding_is_read() -> None:
    """A sample in the documents lacks ``applied_withholding``."""
    found = read_preview(msgspec.json.encode(SENT))
    assert (Decimal("1.50"), None) == (found.applied_payments, found.applied_withholding)


def test_value_that_is_not_a_number_spoils_no_other_field() -> None:
    """NaN in a field that is not read is kept as text, and NaN in an amount is malformed."""
    sent = msgspec.json.encode(SENT)
    found = read_preview(sent[:-1] + b', "rate": NaN}')
    assert (Decimal("1.50"), "NaN") == (found.applied_payments, found.raw["rate"])
    with pytest.raises(MalformedResponseError) as raised:
        decode_or_raise(read_preview, sent[:-1] + b', "applied_withholding": NaN}')
    assert "$.applied_withholding" == raised.value.path


@pytest.mark.parametrize(
    ("change", "path"),
    [({"remaining_due": None}, "$.remaining_due"), ({"applied_withholding": "x"}, "$.applied_wit")],
)
def test_response_without_an_amount_is_malformed(change: dict[str, object], path: str) -> None:
    """The error has the path of the amount."""
    with pytest.raises(MalformedResponseError) as raised:
        decode_or_raise(read_preview, msgspec.json.encode({**SENT, **change}))
    assert raised.value.path.startswith(path)


async def test_documented_sandbox_leaves_withholding_out() -> None:
    """With the documents' fields, the sandbox sends no ``applied_withholding``."""
    async with (
        CampfireSandbox(payments=0, schema="documented") as sandbox,
        open_at(sandbox) as campfire,
    ):
        found = await campfire.preview_payment(INVOICE)
    assert found.applied_withholding is None


def test_preview_survives_json() -> None:
    """The converter gives back an equal preview."""
    converter = make_converter()
    found = read_preview(msgspec.json.encode(SENT))
    assert found == converter.loads(converter.dumps(found), PaymentPreview)
