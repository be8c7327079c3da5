"""What is particular to Mollie, and not in the contract."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import (
    CustomerRef,
    InvoiceRef,
    MalformedResponseError,
    Payment,
    UnsupportedFilterError,
)
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


async def listed(*records: dict[str, Any], **settings: Any) -> list[Payment]:
    """List these records."""
    sandbox = MollieSandbox()
    sandbox.records = [*records]
    async with sandbox, connected(sandbox, **settings) as mollie:
        return await mollie.list_payments().collect()


def connected(sandbox: MollieSandbox, **settings: Any) -> MollieProvider:
    """Connect a provider to the running sandbox."""
    return MollieProvider(sandbox.api_key, base_url=sandbox.url, **settings)


async def test_a_payment_is_read_whole() -> None:
    """Each field is read, the date is that of UTC, and ``raw`` is what was sent."""
    (payment,) = await listed(RECORD)
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
    metadata = {"invoice_number": "INV-12345", "weight": Decimal("1.5")}
    assert {**RECORD, "metadata": metadata} == payment.raw


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
async def test_an_invoice_is_never_guessed(metadata: object, expected: InvoiceRef) -> None:
    """The invoice comes only from the agreed name in the metadata."""
    (payment,) = await listed({**RECORD, "metadata": metadata})
    assert expected == payment.invoice


async def test_where_the_invoice_stands_is_a_setting() -> None:
    """The name in the metadata is a setting."""
    (payment,) = await listed({**RECORD, "metadata": {"bill": "7"}}, invoice_key="bill")
    assert "7" == payment.invoice.number


async def test_what_is_not_paid_is_no_payment() -> None:
    """Payments of any other status are left out, and the report counts them."""
    sandbox = MollieSandbox(payments=12, unpaid=9)
    async with sandbox, connected(sandbox) as mollie:
        listing: Listing = mollie.list_payments(page_size=2)
        given = [payment.id async for payment in listing]
    assert [record["id"] for record in sandbox.records if record["status"] == "paid"] == given
    report = listing.report
    assert (12, 9, 11, True) == (report.payments, report.left_out, report.pages, report.complete)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"status": "settled"}, "status"),
        ({"amount": {"value": "1_000", "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": "NaN", "currency": "EUR"}, "status": "open"}, "amount.value"),
        ({"createdAt": "2026-03-20T22:13:37"}, "createdAt"),
        ({"paidAt": "0001-01-01T00:00:00+01:00"}, "paidAt"),
        ({"id": ""}, "id"),
    ],
)
async def test_what_cannot_be_read_is_an_error(change: dict[str, object], at: str) -> None:
    """An undocumented value stops the listing, and the error has its path."""
    with pytest.raises(MalformedResponseError) as raised:
        await listed(RECORD, {**RECORD, **change})
    assert f"$._embedded.payments[1].{at}" == raised.value.path


@pytest.mark.parametrize("name", ["modified_since", "modified_until", "voided"])
def test_filters_are_refused(name: str) -> None:
    """Mollie has no filters, and refuses each."""
    given: dict[str, Any] = {name: False if name == "voided" else date(2026, 1, 1)}
    with pytest.raises(UnsupportedFilterError, match=f"Mollie cannot filter by {name}"):
        MollieProvider("test_sandbox").list_payments(**given)
