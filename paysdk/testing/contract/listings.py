"""Cases about listings."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from unittest import mock

from paysdk.errors import MalformedResponseError, PaginationError
from paysdk.listing import repeats
from paysdk.provider import ListingReport, Page
from paysdk.testing.contract.harness import (
    FEW,
    ContractCases,
    collect_pages,
    collect_payments,
    collect_until_error,
    ids,
    take,
)
from paysdk.testing.contract.promises import case, check, check_equal, wire_case
from paysdk.testing.contract.rewrite import KnownRecords, repeat_last, with_text
from paysdk.testing.exchange import Response

if TYPE_CHECKING:
    from paysdk.testing.contract.harness import Harness
    from paysdk.testing.contract.rewrite import Edit, Json

__all__ = ["ListingCases"]


class ListingCases(ContractCases):
    """Listings."""

    @case
    async def test_gives_each_payment_once(self) -> None:
        """A listing yields every payment once, at any page size: none is lost, and none comes
        twice.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            for size in (None, *harness.sizes):
                found = ids(await collect_payments(provider.list_payments(page_size=size)))
                check_equal(
                    (harness.payments, harness.payments),
                    (len(found), len(set(found))),
                    f"all payments, and distinct payments, with page_size={size}",
                )

    @case
    async def test_keeps_one_order(self) -> None:
        """The order is the provider's own: the same at any page size, and every time."""
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments()))
            for size in (None, *harness.sizes):
                check_equal(
                    expected,
                    ids(await collect_payments(provider.list_payments(page_size=size))),
                    f"the order with page_size={size}",
                )

    @case
    async def test_starts_afresh(self) -> None:
        """Each iteration of a listing starts at the beginning, even while another iteration is
        running.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            expected = ids(await collect_payments(listing))
            check_equal(expected, ids(await collect_payments(listing)), "the second time")
            outer: list[str] = []
            async for payment in listing:
                outer.append(payment.id)
                if len(outer) <= FEW:
                    inner = ids(await collect_payments(listing))
                    check_equal(expected, inner, "an iteration within another")
            check_equal(expected, outer, "the iteration around it")

    @case
    async def test_pages_hold_the_same(self) -> None:
        """`pages()` yields the same payments in `Page` objects. None has more records than
        requested, and all but the last have a checkpoint.
        """
        async with self.harness() as harness:
            size = harness.sizes[:3][-1]
            listing = harness.provider().list_payments(page_size=size)
            pages = await collect_pages(listing)
            check(
                all(isinstance(page, Page) for page in pages),
                f"pages() gave {[type(page).__name__ for page in pages]}",
            )
            given = [payment for page in pages for payment in page.payments]
            records = [harness.records_in(page.payments, given) for page in pages]
            check(max(records) <= size, f"the pages have {records} records for page_size={size}")
            check_equal(
                ids(await collect_payments(listing)), ids(given), "the payments of all pages"
            )
            with_checkpoint = [page.checkpoint is not None for page in pages]
            check_equal(
                [True] * (len(pages) - 1) + [False],
                with_checkpoint,
                "which pages have a checkpoint",
            )

    @case
    async def test_collects(self) -> None:
        """`collect()` returns all payments in a list, and `collect(limit=n)` the first n of them,
        or all if there are fewer.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            expected = ids(await collect_payments(listing))
            for limit in (None, 0, 1, 3, len(expected), len(expected) + 1):
                check_equal(
                    expected[:limit], ids(await listing.collect(limit)), f"collect(limit={limit})"
                )

    @case
    async def test_gives_the_first(self) -> None:
        """`first()` is the first payment."""
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            expected = await collect_payments(listing)
            check_equal(expected[0], await listing.first(), "first()")

    @case
    async def test_lists_nothing_if_there_is_nothing(self) -> None:
        """Without payments a listing is empty and complete, and `first()` is `None`."""
        async with self.harness(0) as harness:
            listing = harness.provider().list_payments()
            check_equal([], await listing.collect(), "collect()")
            check_equal(None, await listing.first(), "first()")
            check_equal(
                [],
                [payment for page in await collect_pages(listing) for payment in page.payments],
                "the payments of all pages",
            )
            check(listing.report.complete, "report.complete is false after the end")

    @case
    async def test_reports_what_it_did(self) -> None:
        """`report` counts the pages and payments of the latest iteration, and is complete only if
        that reached the end.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            check_equal(ListingReport(), listing.report, "the report before the first iteration")
            await take(aiter(listing), 1)
            check(
                not listing.report.complete,
                "report.complete is true for a listing that was left after one payment",
            )
            pages = await collect_pages(listing)
            done = listing.report
            check_equal(
                (len(pages), harness.payments, True),
                (done.pages, done.payments, done.complete),
                "pages, payments and complete",
            )

    @wire_case
    async def test_counts_its_requests(self) -> None:
        """`report.requests` is the number of requests that the iteration has sent."""
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            await collect_payments(listing)
            check_equal(
                (harness.requests, 0),
                (listing.report.requests, listing.report.retries),
                "requests and retries",
            )

    @wire_case
    async def test_reads_no_further_than_it_must(self) -> None:
        """`first()` and `collect(limit=n)` request no page after the one that they end on."""
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            one, two, *_ = harness.pages_seen(await collect_payments(listing))
            before = harness.requests
            await listing.first()
            check_equal(one.requests, harness.requests - before, "the requests sent by first()")
            before, limit = harness.requests, len(one.payments) + 1
            await listing.collect(limit=limit)
            check_equal(
                two.requests,
                harness.requests - before,
                f"the requests sent by collect(limit={limit}), which ends on page 2",
            )

    @wire_case
    async def test_goes_on_after_a_short_page(self) -> None:
        """Only the end that the API reports ends a listing. A short or empty page that has a next
        page does not.
        """
        for cut in (1, None):
            async with self.harness() as harness:
                provider = harness.provider()
                everything = await collect_payments(provider.list_payments(page_size=harness.size))
                one, two, *later = seen = harness.pages_seen(everything)
                _, endpoint, *endpoints = harness.endpoints(seen)
                kept = 0 if cut is None else len(two.records) - cut
                ends = harness.subject.short_page_ends or (
                    harness.subject.empty_page_ends and not kept
                )
                harness.change_records(everything, _cut_page_two(kept))
                given, error = await collect_until_error(
                    provider.list_payments(page_size=harness.size)
                )
                expected = [
                    *one.payments,
                    *(each for record in two.records[len(two.records) - kept :] for each in record),
                    *(
                        each
                        for page, its_endpoint in zip(later, endpoints, strict=True)
                        if not ends or its_endpoint != endpoint
                        for each in page.payments
                    ),
                ]
                if isinstance(error, PaginationError) and not kept:
                    # If the last id of a page requests the next page, an empty page has none, and
                    # the error says so.
                    expected, error = one.payments, None
                check(
                    error is None,
                    f"page 2 with {kept} of its records ended the listing with "
                    f"{type(error).__name__}: {error}",
                )
                check_equal(ids(expected), ids(given), f"with {kept} of the records of page 2")

    @wire_case
    async def test_drops_a_repeat(self) -> None:
        """A record that comes again unchanged on the next page is yielded once, and counted in
        `report.repeats_dropped`.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            everything = await collect_payments(listing)
            seen = harness.pages_seen(everything)
            paths = harness.endpoints(seen)
            # The first page of a second endpoint repeats nothing: its records may have another
            # shape.
            repeats = [False, *(path == before for before, path in pairwise(paths))]
            what = "if each page begins with the last payment of the previous page"
            before, targets = harness.requests, _targets(harness)
            harness.change_records(everything, repeat_last(repeats))
            given = await collect_payments(listing)
            if ids(given) != ids(everything) and _targets(harness)[before:] != targets:
                # The next request depends on how many records came. So only the last page can have
                # an additional record.
                what = "if the last page begins with the last payment of the previous page"
                repeats = [
                    again and not next_again for again, next_again in pairwise([*repeats, False])
                ]
                harness.change_records(everything, repeat_last(repeats))
                given = await collect_payments(listing)
            check_equal(ids(everything), ids(given), what)
            repeated = [
                page.records[-1] for page, again in zip(seen, repeats[1:], strict=False) if again
            ]
            # A record with several payments counts as one, or as many.
            dropped = listing.report.repeats_dropped
            check(
                dropped in {len(repeated), sum(map(len, repeated))},
                f"{len(repeated)} records came again, but report.repeats_dropped is {dropped}",
            )

    @wire_case
    async def test_does_not_go_in_circles(self) -> None:
        """If the links of the API form a circle, the listing yields what has arrived, and ends with
        `PaginationError`.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments(page_size=harness.size)
            everything = await collect_payments(listing)
            one, two, *_ = harness.pages_seen(everything)
            second = harness.proxy.responses[two.requests - 1]
            known = KnownRecords(everything)
            # If ids that came before the pages lead to them, the pages cannot form a circle.
            from_ids = one.requests > 1
            seen: list[Response] = []

            def circle(response: Response) -> Response:
                if from_ids and known.open_page(response.body) is None:
                    return response
                seen.append(response)
                if len(seen) > _MANY_PAGES:
                    return Response(410)
                return response if len(seen) == 1 else second

            harness.proxy.change(circle)
            # A thousand requests would prove no more. paysdk's own tests hold that number.
            with mock.patch.object(repeats, "_MAX_EMPTY_PAGES", _FEW_PAGES):
                given, error = await collect_until_error(listing)
            found = "no error" if error is None else f"{type(error).__name__}: {error}"
            allowed = (*_NO_CIRCLE, PaginationError) if from_ids else PaginationError
            check(isinstance(error, allowed), f"if page 2 is repeated forever, it raised {found}")
            first = [*one.payments, *two.payments]
            check_equal(
                ids(first), ids(given)[: len(first)], "the payments that had arrived before that"
            )

    @wire_case
    async def test_follows_relative_links(self) -> None:
        """Links that are relative, use http, or have a path on another host lead to the same pages
        as complete links.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            harness.proxy.change(lambda response: with_text(response, harness.proxy.url, ""))
            check_equal(
                expected,
                ids(await collect_payments(provider.list_payments(page_size=harness.size))),
                "with relative links",
            )


# A listing may take some pages to notice that it makes no progress, but not more than this.
_MANY_PAGES = 2000
# In this contract, a listing of paysdk gives up after this number of pages without a new payment.
_FEW_PAGES = 20
_NO_CIRCLE = (type(None), MalformedResponseError)


def _targets(harness: Harness) -> list[str]:
    return [request.target for request in harness.proxy.requests]


def _cut_page_two(kept: int) -> Edit:
    # The last record stays: its id may be what requests the next page.
    def edit(number: int, records: list[Json]) -> list[Json]:
        if number != 2:  # noqa: PLR2004  # the page
            return records
        return records[len(records) - kept :]

    return edit
