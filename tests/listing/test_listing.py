"""What a user does with a listing: iterate, collect, take the first, and read its report."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest
from aiohttp import web

from paysdk.authoring import (
    FollowLinks,
    InvoicePayments,
    PageNumber,
    RawPage,
    RecordPayments,
    SchemaReader,
)
from paysdk.errors import ConfigurationError, ServerError
from paysdk.listing.listing import PagedListing
from paysdk.provider import Listing, ListingReport
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import FaultPlan, status
from tests.acme import READER, SINCE, Record, Records, serve, three_pages
from tests.listing.sandboxes import (
    FAMILIES,
    LIST,
    ONCE,
    Scripted,
    campfire,
    checkpoint_of,
    ids,
    open_at,
    pages_of,
    set_faults,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@FAMILIES
async def test_each_payment_comes_once_in_order(
    make: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    """With any page size, each payment comes once, in the order of the API."""
    for size in (0, 1, 2, 3, 7):
        async with make(payments=size) as sandbox, open_at(sandbox) as provider:
            for page_size in (1, 2, 3, 7, 250, None):
                listing = provider.list_payments(page_size=page_size, **arguments)
                assert truth(sandbox) == ids([payment async for payment in listing])
                assert truth(sandbox) == ids(await listing.collect())
                assert listing.report.complete
                assert size == listing.report.payments


async def test_pages_are_not_requested_ahead() -> None:
    """A listing without reading ahead requests a page when the caller asks for it."""
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        whole = provider.list_payments(page_size=2, concurrency=2)
        first = (await pages_of(whole))[0]
        for listing in (whole, provider.list_payments(page_size=2, resume=first.checkpoint)):
            assert isinstance(listing, PagedListing)
            before = len(sandbox.requests)
            pages = listing.without_read_ahead().pages()
            given = ids((await anext(pages)).payments)
            await asyncio.sleep(0.01)
            assert before + 1 == len(sandbox.requests)
            given += [payment.id async for page in pages for payment in page.payments]
            assert given == ids(await listing.collect())


@pytest.mark.parametrize(
    ("arguments", "belongs"),
    [
        ({"voided": True}, lambda row: row["voided_date"] is not None),
        ({"voided": False}, lambda row: row["voided_date"] is None),
        ({"invoice_id": 47866}, lambda row: row["invoice_id"] == 47866),
        ({"external_id": "btxn_22220"}, lambda row: row["external_id"] == "btxn_22220"),
        (
            {"modified_since": datetime(2025, 1, 1, 9, 0, tzinfo=UTC)},
            lambda row: row["last_modified_at"] >= "2025-01-01T09:00:00",
        ),
        (
            {"modified_until": datetime(2025, 1, 1, 9, 0, tzinfo=UTC)},
            lambda row: row["last_modified_at"] < "2025-01-01T09:00:01",
        ),
        ({"modified_since": date(2025, 1, 2)}, lambda row: row["last_modified_at"] >= "2025-01-02"),
        ({"modified_until": date(2025, 1, 1)}, lambda row: row["last_modified_at"] < "2025-01-02"),
        (
            {
                "modified_since": date(2025, 1, 1),
                "modified_until": datetime(2025, 1, 1, 9, tzinfo=UTC),
                "voided": False,
            },
            lambda row: (
                row["voided_date"] is None and row["last_modified_at"] < "2025-01-01T09:00:01"
            ),
        ),
    ],
    ids=[
        "voided",
        "not voided",
        "invoice",
        "external id",
        "since",
        "until",
        "since a day",
        "until a day",
        "several",
    ],
)
@pytest.mark.parametrize("pagination", ["cursor", "offset"])
async def test_filters_hold_on_every_page(
    pagination: Literal["cursor", "offset"],
    arguments: dict[str, Any],
    belongs: Callable[[dict[str, Any]], bool],
) -> None:
    """A filter holds on every page, and after each checkpoint."""
    async with CampfireSandbox(payments=2500) as sandbox, campfire(sandbox) as provider:
        expected = [str(row["id"]) for row in sandbox.payments if belongs(row)]
        listing = provider.list_payments(
            page_size=max(1, len(expected) // 3), pagination=pagination, **arguments
        )
        pages = await pages_of(listing)
        assert expected == [payment.id for page in pages for payment in page.payments]
        if pages[0].checkpoint is not None:
            rest = await provider.list_payments(
                resume=pages[0].checkpoint, pagination=pagination
            ).collect()
            assert expected[len(pages[0].payments) :] == ids(rest)


async def test_report_counts_the_latest_pass() -> None:
    """The report has the counts of the latest pass, retries included, after each page."""
    faults = FaultPlan().on(2, status(503))
    async with CampfireSandbox(payments=5, faults=faults) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=2)
        assert ListingReport() == listing.report
        pages = listing.pages()
        await anext(pages)
        assert (1, 2, 5, False) == (
            listing.report.pages,
            listing.report.payments,
            listing.report.reported_first,
            listing.report.complete,
        )
        async for _ in pages:
            pass
        whole = ListingReport(
            pages=3,
            payments=5,
            requests=4,
            retries=1,
            reported_first=5,
            reported_last=5,
            complete=True,
        )
        assert whole == listing.report
        assert 4 == len(sandbox.requests)
        await listing.collect()
        assert attrs.evolve(whole, requests=3, retries=0) == listing.report


@FAMILIES
async def test_collect_requests_only_the_pages_it_needs(
    make: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    """``collect`` with a limit returns that many payments, and requests no further page."""
    for limit, requests in ((0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (100, 3)):
        async with make(payments=5) as sandbox, open_at(sandbox) as provider:
            assert truth(sandbox)[:limit] == ids(
                await provider.list_payments(page_size=2, **arguments).collect(limit=limit)
            )
            await asyncio.sleep(0)
            more = (
                1
                if isinstance(sandbox, NotifySandbox) and sandbox.links != "next-page" and limit > 3
                else 0
            )
            assert requests <= len(sandbox.requests) <= requests + more


@pytest.mark.parametrize("limit", [-1, True, 1.0, "1"])
async def test_wrong_limit_is_refused(limit: object) -> None:
    """A limit must be a whole number from 0."""
    with pytest.raises(ConfigurationError, match="limit must be a whole number from 0, not"):
        listing = CampfireProvider("sandbox-key").list_payments()
        await listing.collect(limit=limit)  # type: ignore[arg-type]  # what is refused


@FAMILIES
async def test_first_requests_one_page(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """``first`` requests one page, and returns ``None`` if there is no payment."""
    async with make(payments=5) as sandbox, open_at(sandbox) as provider:
        payment = await provider.list_payments(page_size=2, **arguments).first()
        assert payment is not None
        assert truth(sandbox)[0] == payment.id
        await asyncio.sleep(0.01)
        assert 1 == len(sandbox.requests)
    async with make(payments=0) as sandbox, open_at(sandbox) as provider:
        assert await provider.list_payments(**arguments).first() is None


async def test_no_page_is_requested_in_vain() -> None:
    """While a large page is decoded, a page that may not be needed is not requested."""
    async with CampfireSandbox(payments=6000) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=3000)
        assert 3000 == len(await listing.collect(limit=3000))
        assert await listing.first() is not None
        await asyncio.sleep(0.01)
        assert 2 == len(sandbox.requests)


async def test_first_skips_empty_pages() -> None:
    """``first`` goes on through empty pages, up to the first page with a payment."""
    pages: dict[str, Any] = {
        "cursor=": ([], "?cursor=b"),
        "cursor=b": ([7], "?cursor=c"),
        "cursor=c": ([8], None),
    }
    async with Scripted(pages=pages) as server, campfire(server) as provider:
        payment = await provider.list_payments().first()
        assert payment is not None
        assert "7" == payment.id
        assert 2 == len(server.requests)


async def test_listing_with_a_filter_in_a_header_can_be_resumed() -> None:
    """The filter is sent again, whether the call that resumes has it or not."""
    async with serve(three_pages) as (acme, requests):
        first, *_ = [each async for each in acme.list_payments(modified_since=SINCE).pages()]
        requests.clear()
        for since in (None, SINCE):
            listing = acme.list_payments(modified_since=since, resume=first.checkpoint)
            assert ["2", "3"] == ids(await listing.collect())
    assert [f"{SINCE:%c}"] * 4 == [each.headers["If-Modified-Since"] for each in requests]


async def test_filter_in_a_header_need_not_be_in_a_query() -> None:
    """A listing whose pages do not have the filter in their queries can be resumed, too."""
    async with serve(three_pages) as (acme, _):
        filters, rules = {"If-Modified-Since": "yesterday"}, PageNumber("", "page")
        listing = acme._listing("/payments", rules, READER, filters=filters, resume=None)
        first, *_ = [each async for each in listing.pages()]
        assert first.checkpoint is not None
        assert ["2", "3"] == ids(await listing.resume(first.checkpoint).collect())


@pytest.mark.parametrize("first", ["", "since=2025", "since=2026&since=2025"])
async def test_filter_that_is_not_sent_is_refused(first: str) -> None:
    """A filter that the first query does not have, or has otherwise, is an error at the call."""
    async with serve(three_pages) as (acme, _):
        with pytest.raises(ConfigurationError, match="The filter since is in filters, but the fir"):
            acme._listing(
                "/payments",
                PageNumber(first, "page"),
                READER,
                filters={"since": "2026"},
                resume=None,
            )


async def test_page_says_what_else_its_records_are() -> None:
    """A page has the ids of what is not a payment, and of invoices and records that are whole."""

    def normalise(record: Record, _raw: bytes) -> InvoicePayments | RecordPayments | None:
        if record.id == 1:
            return None
        return InvoicePayments("7", []) if record.id == 7 else RecordPayments("8", [])

    reader = SchemaReader(
        path="$.data",
        page=Records,
        open_page=lambda page: RawPage(page.data, page.next, None),
        row=Record,
        normalise=normalise,
    )

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [{"id": each, "amount": "1"} for each in (1, 7, 8)]})

    async with serve(handler) as (acme, _):
        pages = FollowLinks("", ["page"], None)
        listing = acme._listing("/payments", pages, reader, filters={}, resume=None)
        (found,) = [each async for each in listing.pages()]
    assert [] == list(found.payments)
    assert (("1",), ("7",), ("8",)) == (found.left_out, found.whole_invoices, found.whole_records)


async def test_each_iteration_starts_afresh() -> None:
    """A listing can be iterated again, also while another iteration is under way."""
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=2)
        assert isinstance(listing, Listing)
        one, other = aiter(listing), aiter(listing)
        mixed = [(await anext(one)).id, (await anext(other)).id, (await anext(one)).id]
        assert [truth(sandbox)[place] for place in (0, 0, 1)] == mixed
        assert truth(sandbox) == ids(await listing.collect())


async def test_nothing_is_sent_before_iteration() -> None:
    """Creating a listing or an iterator sends no request."""
    async with CampfireSandbox() as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments()
        listing.pages()
        aiter(listing)
        await asyncio.sleep(0.01)
        assert 0 == len(sandbox.requests)
        assert f"<listing of campfire {LIST}>" == repr(listing)
        assert f"<listing of campfire {LIST} with voided=true>" == repr(
            provider.list_payments(voided=True)
        )


async def test_page_of_payments_only() -> None:
    """A page whose records are all payments of their own says nothing else."""
    async with CampfireSandbox(payments=1) as sandbox, campfire(sandbox) as provider:
        (page,) = await pages_of(provider.list_payments())
        assert ((), (), ()) == (page.left_out, page.whole_invoices, page.whole_records)


async def test_many_listings_share_a_provider() -> None:
    """Twenty listings of one provider object run at the same time."""
    async with CampfireSandbox(payments=30) as sandbox, campfire(sandbox) as provider:
        found = await asyncio.gather(
            *(provider.list_payments(page_size=size).collect() for size in range(1, 21))
        )
        assert [truth(sandbox)] * 20 == [ids(payments) for payments in found]


async def test_failed_collect_resumes_at_its_start() -> None:
    """If ``collect`` fails, its checkpoint is where it started, because it returned nothing."""
    async with (
        CampfireSandbox(payments=7, faults=FaultPlan().on([3, 6], status(500))) as sandbox,
        campfire(sandbox, retry=ONCE) as provider,
    ):
        with pytest.raises(ServerError) as raised:
            await provider.list_payments(page_size=2).collect()
        assert raised.value.checkpoint is None
        set_faults(sandbox, FaultPlan())
        resume = await checkpoint_of(provider)
        set_faults(sandbox, FaultPlan().on(2, status(500)))
        with pytest.raises(ServerError) as raised:
            await provider.list_payments(page_size=2, resume=resume).collect()
        assert truth(sandbox)[2:] == ids(
            await provider.list_payments(resume=raised.value.checkpoint).collect()
        )
