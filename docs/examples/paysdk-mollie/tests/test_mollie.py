"""What is Mollie's own, and in no contract."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import CustomerRef, InvoiceRef, MalformedResponseError, Payment, UnsupportedFilterError
from paysdk_mollie.provider import MollieProvider
from paysdk_mollie.sandbox import MollieSandbox

if TYPE_CHECKING:
    from paysdk import Listing

RECORD: dict[str, Any] = {
    "resource": "payment",
    "id": "tr_5B8cwPMGnU",
    "mode": "live",
    "createdAt": "2026-03-20T22:13:37+00:00",
    "status": "paid",
    "paidAt": "2026-03-21T00:28:37+01:00",
    "amount": {"value": "75.00", "currency": "GBP"},
    "description": "Order #12345",
    "method": "ideal",
    "metadata": {"invoice_number": "INV-12345", "weight": 1.50},
    "customerId": "cst_5B8cwPMGnU",
}


async def listed(sandbox: MollieSandbox, *records: dict[str, Any], **settings: Any) -> list[Payment]:
    """What a provider gives of these records."""
    sandbox.records = [*records]
    async with sandbox, MollieProvider(sandbox.api_key, base_url=sandbox.url, **settings) as mollie:
        return await mollie.list_payments().collect()


async def test_a_payment_is_read_whole() -> None:
    """Each field has its meaning, the day that of UTC, and what was sent is there besides."""
    (payment,) = await listed(MollieSandbox(), RECORD)
    expected = Payment(
        provider="mollie",
        id="tr_5B8cwPMGnU",
        amount=Decimal("75.00"),
        currency="GBP",
        payment_date=date(2026, 3, 20),
        invoice=InvoiceRef(id="INV-12345", number="INV-12345"),
        customer=CustomerRef(id="cst_5B8cwPMGnU"),
        source="ideal",
        created_at=datetime(2026, 3, 20, 22, 13, 37, tzinfo=UTC),
    )
    assert expected == payment
    assert {**RECORD, "metadata": {"invoice_number": "INV-12345", "weight": Decimal("1.5")}} == payment.raw


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"invoice_number": "INV-1"}, InvoiceRef(id="INV-1", number="INV-1")),
        ({"invoice_number": 10001}, InvoiceRef(id="10001", number="10001")),
        ({"invoice_number": None}, InvoiceRef(id="")),
        ({"invoice_number": True}, InvoiceRef(id="")),
        ({"invoice_number": ["INV-1"]}, InvoiceRef(id="")),
        ({"order": "INV-1"}, InvoiceRef(id="")),
        ("INV-1", InvoiceRef(id="")),
        (["INV-1"], InvoiceRef(id="")),
        (None, InvoiceRef(id="")),
    ],
)
async def test_an_invoice_is_told_and_never_guessed(metadata: object, expected: InvoiceRef) -> None:
    """An invoice is what stands in metadata where it was agreed upon; whatever else is there names none."""
    (payment,) = await listed(MollieSandbox(), {**RECORD, "metadata": metadata})
    assert expected == payment.invoice


async def test_where_the_invoice_stands_is_a_setting() -> None:
    """Each application has a name of its own for it."""
    (payment,) = await listed(MollieSandbox(), {**RECORD, "metadata": {"bill": "7"}}, invoice_key="bill")
    assert "7" == payment.invoice.number


async def test_what_is_not_paid_is_no_payment() -> None:
    """Of any other status no money came; the report says how many there were."""
    sandbox = MollieSandbox(payments=12, unpaid=9)
    async with sandbox, MollieProvider(sandbox.api_key, base_url=sandbox.url) as mollie:
        listing: Listing = mollie.list_payments(page_size=2)
        given = [payment.id async for payment in listing]
    assert [record["id"] for record in sandbox.records if record["status"] == "paid"] == given
    assert (12, 9, 11, True) == (listing.report.payments, listing.report.left_out, listing.report.pages, listing.report.complete)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"status": "settled"}, "$._embedded.payments[1].status"),
        ({"amount": {"value": "1_000", "currency": "EUR"}}, "$._embedded.payments[1].amount.value"),
        ({"amount": {"value": "NaN", "currency": "EUR"}, "status": "open"}, "$._embedded.payments[1].amount.value"),
        ({"createdAt": "2026-03-20T22:13:37"}, "$._embedded.payments[1].createdAt"),
        ({"paidAt": "0001-01-01T00:00:00+01:00"}, "$._embedded.payments[1].paidAt"),
        ({"id": ""}, "$._embedded.payments[1].id"),
    ],
)
async def test_what_cannot_be_read_is_an_error_with_its_place(change: dict[str, object], path: str) -> None:
    """A word or a value that no document has stops the listing, and is not dropped."""
    with pytest.raises(MalformedResponseError) as raised:
        await listed(MollieSandbox(), RECORD, {**RECORD, **change})
    assert path == raised.value.path


@pytest.mark.parametrize("given", [{"modified_since": date(2026, 1, 1)}, {"modified_until": date(2026, 1, 1)}, {"voided": False}])
def test_filters_are_refused(given: dict[str, Any]) -> None:
    """Mollie has none, and none is ignored."""
    with pytest.raises(UnsupportedFilterError, match="Mollie cannot filter by"):
        MollieProvider("test_sandbox").list_payments(**given)
