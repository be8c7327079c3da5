"""The invoices of Campfire's sandbox, over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.providers.campfire.caller import differences, sample, with_options

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller


@with_options(schema="documented")
async def test_invoices_have_the_documented_shape(caller: Caller) -> None:
    """Every invoice has exactly the fields and types of the document's real sample."""
    for invoice_id in caller.sandbox.invoice_ids[:60]:
        assert [] == differences(
            await caller.get(f"/coa/api/v1/invoice/{invoice_id}/"), sample("retrieve_invoice")
        )


async def test_invoices_have_every_field_by_default(caller: Caller) -> None:
    """An invoice has the fields of both documents, and its payments those of the later schema."""
    invoice = await caller.get("/coa/api/v1/invoice/47864/")

    assert invoice.keys() == sample("retrieve_invoice").keys() | sample("mark_invoice_paid").keys()
    assert {"external_id", "payment_type", "withheld_amount"} <= invoice["payments"][0].keys()


async def test_invoices_agree_with_the_list(caller: Caller) -> None:
    """An invoice has the payments in the list, and its sums are those of the payments."""
    rows = caller.sandbox.payments
    for invoice_id in caller.sandbox.invoice_ids:
        invoice = await caller.get(f"/coa/api/v1/invoice/{invoice_id}/")
        listed = [row for row in rows if row["invoice_id"] == invoice_id]
        nested = invoice["payments"]
        assert sorted(
            (row["id"], row["amount"], row["voided_date"], row["last_modified_at"])
            for row in listed
        ) == [
            (payment["id"], payment["amount"], payment["voided_date"], payment["last_modified_at"])
            for payment in nested
        ]
        paid = sum(
            (payment["amount"] for payment in nested if payment["voided_date"] is None), Decimal(0)
        )
        assert (paid, invoice["total_amount"]) == (
            invoice["amount_paid"],
            paid + invoice["amount_due"],
        )


async def test_invoices_are_in_every_state(caller: Caller) -> None:
    """There are paid, partly paid and open invoices."""
    invoices = [caller.sandbox.invoice(invoice_id) for invoice_id in caller.sandbox.invoice_ids]

    assert {("paid", "paid"), ("partial", "partially_paid"), ("open", "unpaid")} == {
        (one["payment_status"], one["status"]) for one in invoices
    }
    assert all((one["paid_date"] is not None) is (one["status"] == "paid") for one in invoices)


@pytest.mark.parametrize(
    "path", ["/coa/api/v1/invoice/1/", "/coa/api/v1/invoice/99999999999999999999/"]
)
async def test_unknown_invoice(caller: Caller, path: str) -> None:
    """An unknown invoice is a 404 with the framework's words."""
    assert {"detail": "Not found."} == await caller.get(path, 404)
