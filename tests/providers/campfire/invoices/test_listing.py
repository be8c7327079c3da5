"""Listing Campfire's invoices."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from paysdk import (
    CampfireProvider,
    ConfigurationError,
    InvoiceSummary,
    MalformedResponseError,
    make_converter,
)
from paysdk.providers.campfire.invoices.normalise import SUMMARY_READER
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.records.malformed import decode_one_by_one
from paysdk.records.page import RawPage

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller


def connect(sandbox: CampfireSandbox) -> CampfireProvider:
    """Connect a provider to the running sandbox."""
    return CampfireProvider(sandbox.api_key, base_url=sandbox.url)


async def test_every_invoice_is_listed_once() -> None:
    """The pages follow each other by offset, in the order of ids, and never request an export."""
    async with CampfireSandbox(payments=30) as sandbox, connect(sandbox) as campfire:
        listing = campfire.list_invoices(page_size=7)
        found = [invoice async for invoice in listing]
    assert sorted(sandbox.invoice_ids) == [invoice.id for invoice in found]
    assert (len(found), True) == (listing.report.reported_first, listing.report.complete)
    queries = [dict(parse_qsl(request.target.partition("?")[2])) for request in sandbox.requests]
    assert {"sort": "id", "limit": "7"} == queries[0]
    assert all("download" not in query for query in queries)


async def test_invoice_is_what_the_api_says() -> None:
    """Each field has the API's value, amounts are exact, and ``raw`` is the whole record."""
    async with CampfireSandbox(payments=30) as sandbox, connect(sandbox) as campfire:
        found = await campfire.list_invoices().first()
    assert found is not None
    sent = sandbox.invoice(found.id)
    assert (sent["total_amount"], sent["amount_paid"], sent["amount_due"]) == (
        found.total_amount,
        found.amount_paid,
        found.amount_due,
    )
    assert (sent["invoice_number"], sent["client"], sent["client_name"], sent["currency"]) == (
        found.invoice_number,
        found.client,
        found.client_name,
        found.currency,
    )
    assert (sent["due_date"], sent["entity"]) == (str(found.due_date), found.entity)
    assert sent["invoice_number"] == found.raw["invoice_number"]


async def test_listing_resumes_after_a_page() -> None:
    """A checkpoint continues with the next page, and belongs to this list only."""
    async with CampfireSandbox(payments=30) as sandbox, connect(sandbox) as campfire:
        listing = campfire.list_invoices(page_size=20)
        page = await anext(aiter(listing.pages()))
        rest = await campfire.list_invoices(page_size=20, resume=page.checkpoint).collect()
        with pytest.raises(ConfigurationError):
            campfire.list_payments(resume=page.checkpoint)
    assert sorted(sandbox.invoice_ids)[20:] == [invoice.id for invoice in rest]


@pytest.mark.parametrize("name", ["invoice_number", "status", "client", "entity", "currency"])
async def test_each_filter_chooses(name: str) -> None:
    """Only invoices with the value are listed."""
    async with CampfireSandbox(payments=60) as sandbox, connect(sandbox) as campfire:
        every = await campfire.list_invoices().collect()
        wanted: Any = getattr(every[-1], name)
        found = await campfire.list_invoices(**{name: wanted}).collect()
    assert [each for each in every if getattr(each, name) == wanted] == found
    assert found


async def test_sandbox_refuses_an_id_that_is_no_number(caller: Caller) -> None:
    """The sandbox responds to a filter that it cannot parse as Django does."""
    assert ["client"] == [*await caller.get("/coa/api/v1/invoice/?client=x", 400)]


@pytest.mark.parametrize(
    "bad",
    [
        {"invoice_number": ""},
        {"invoice_number": "a\n"},
        {"status": " "},
        {"status": 1},
        {"client": -1},
        {"entity": "7"},
        {"currency": "EURO"},
        {"page_size": 0},
        {"page_size": 10_001},
    ],
)
def test_bad_argument_is_refused(bad: dict[str, Any]) -> None:
    """An argument that the API would ignore or refuse raises an error at the call."""
    with pytest.raises(ConfigurationError):
        CampfireProvider("sandbox-key").list_invoices(**bad)


def read(record: bytes) -> InvoiceSummary:
    """The invoice in this record."""
    (row,) = decode_one_by_one(SUMMARY_READER, RawPage([record], None, None), None)
    return SUMMARY_READER.make(row)


def test_amounts_dates_and_times_are_exact() -> None:
    """Digits stay as they were sent, and times are in UTC."""
    found = read(
        b'{"id": 7, "total_amount": 10.10, "amount_due": "1.00", "due_date": "2026-01-31", '
        b'"last_modified_at": "2026-01-01T01:00:00+01:00"}'
    )
    assert ("10.10", "1.00") == (str(found.total_amount), str(found.amount_due))
    assert date(2026, 1, 31) == found.due_date
    assert datetime(2026, 1, 1, tzinfo=UTC) == found.last_modified_at
    assert {"total_amount": Decimal("10.10")}.items() <= found.raw.items()


def test_invoice_survives_json() -> None:
    """The converter gives back an equal invoice."""
    converter = make_converter()
    found = read(b'{"id": 7, "total_amount": 10.10, "due_date": "2026-01-31"}')
    back = converter.loads(converter.dumps(found), InvoiceSummary)
    assert (found, found.raw) == (back, back.raw)


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (b"{}", "$.results[0].id"),
        (b'{"id": "x"}', "$.results[0].id"),
        (b'{"id": 1, "amount_due": "NaN"}', "$.results[0].amount_due"),
    ],
)
def test_record_with_a_bad_value_is_malformed(record: bytes, path: str) -> None:
    """The error has the path of the field."""
    with pytest.raises(MalformedResponseError) as raised:
        read(record)
    assert path == raised.value.path
