"""Several listings of one provider under one checkpoint: their order, sums, and errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from aiohttp import web

from paysdk.errors import BadRequestError, ConfigurationError
from paysdk.listing.joined import JoinedListing, find_listing
from paysdk.provider import ListingReport
from tests.acme import SINCE, page, serve, three_pages, two_lists

if TYPE_CHECKING:
    from paysdk.listing.listing import PagedListing
    from paysdk.payment import Payment

EARLY, LATE = datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)


async def test_two_listings_under_one_checkpoint() -> None:
    """They follow each other, and any page's checkpoint leads on from there."""
    async with serve(two_lists) as (acme, _):
        listing = acme.list_all()
        pages = [each async for each in listing.pages()]
        rest = [
            [each.id for each in await acme.list_all(resume=page.checkpoint).collect()]
            for page in pages
            if page.checkpoint is not None
        ]
        all_of_them = [each.id async for each in acme.list_all()]
        few = await acme.list_all().collect(limit=3)
        first = await acme.list_all().first()
    assert ["1", "2", "11", "12"] == all_of_them
    assert [["2", "11", "12"], ["11", "12"], ["12"]] == rest
    assert None is pages[-1].checkpoint
    assert (4, 4, 4, True) == (
        listing.report.pages,
        listing.report.payments,
        listing.report.requests,
        listing.report.complete,
    )
    assert (["1", "2", "11"], "1") == ([each.id for each in few], first and first.id)
    assert "<listing of acme /old> then <listing of acme /new>" == repr(listing)


@pytest.mark.parametrize(("fails", "goes_on"), [("/old", []), ("/new", ["11", "12"])])
async def test_error_in_a_joined_listing(fails: str, goes_on: list[str]) -> None:
    """An error at the start of the second listing leads on there; collecting begins again."""
    broken = True

    async def handler(request: web.Request) -> web.StreamResponse:
        if broken and request.path == fails:
            return web.Response(status=400)
        return await two_lists(request)

    async with serve(handler) as (acme, _):
        with pytest.raises(BadRequestError) as raised:
            _ = [each async for each in acme.list_all()]
        with pytest.raises(BadRequestError) as by_page:
            _ = [each async for each in acme.list_all().pages()]
        with pytest.raises(BadRequestError) as collected:
            await acme.list_all().collect()
        broken = False
        checkpoint = raised.value.checkpoint
        assert checkpoint == by_page.value.checkpoint
        resumed = acme.list_all(resume=checkpoint) if checkpoint else None
        assert goes_on == ([each.id async for each in resumed] if resumed else [])
        broken = True
        if resumed:
            with pytest.raises(BadRequestError) as again:
                await acme.list_all(resume=checkpoint).collect()
            assert checkpoint == again.value.checkpoint
    assert None is collected.value.checkpoint


async def test_nothing_in_joined_listings() -> None:
    """No payment is the first of two empty listings, and a limit is checked."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []})

    async with serve(handler) as (acme, requests):
        assert None is await acme.list_all().first()
        assert [] == await acme.list_all().collect(limit=0)
        with pytest.raises(ConfigurationError, match="limit must be a whole number from 0"):
            await acme.list_all().collect(limit=-1)
    assert ["/old", "/new"] == [each.path for each in requests]


async def test_checkpoint_says_which_listing_it_is() -> None:
    """A provider with two ways of listing resumes the one that a checkpoint belongs to."""
    async with serve(two_lists) as (acme, _):
        old = await anext(acme.list_one(old=True).pages())
        new = await anext(acme.list_one().pages())
        other = await anext(acme.list_payments().pages())
        ids = [
            each.id
            for page in (old, new)
            for each in await acme.list_one(resume=page.checkpoint).collect()
        ]
        with pytest.raises(ConfigurationError, match="belongs to a listing of /payments"):
            acme.list_one(resume=other.checkpoint)
    assert ["2", "12"] == ids


@attrs.define
class Part:
    """A listing with a given report."""

    report: ListingReport


def joined(*reports: ListingReport, reached: int | None = None) -> JoinedListing[Payment]:
    """Make a listing of parts with these reports, which has come as far as *reached*."""
    parts = cast("list[PagedListing[Payment]]", list(map(Part, reports)))
    listing = JoinedListing(parts)
    listing._reached = len(reports) - 1 if reached is None else reached
    return listing


def test_report_has_the_sums_of_the_parts() -> None:
    """Each count is the sum of those of the parts."""
    counts: dict[str, Any] = {
        "pages": 2,
        "payments": 3,
        "repeats_dropped": 5,
        "malformed": 7,
        "left_out": 11,
        "requests": 13,
        "retries": 17,
    }
    one = ListingReport(**counts, reported_first=1, reported_last=2, complete=True)
    other = ListingReport(**counts, reported_first=3, reported_last=4, complete=True)
    doubled = {name: 2 * count for name, count in counts.items()}
    assert ListingReport(**doubled, reported_first=1, reported_last=4, complete=True) == (
        joined(one, other).report
    )


@pytest.mark.parametrize(
    ("complete", "reached", "expected"),
    [
        ((True, True), 1, True),
        ((True, False), 1, False),
        ((True, True), 0, False),
        ((False, False), 0, False),
    ],
)
def test_complete_is_the_end_of_the_last_part(
    complete: tuple[bool, bool], reached: int, *, expected: bool
) -> None:
    """A listing is complete if its last part is."""
    reports = [ListingReport(complete=each) for each in complete]
    assert expected is joined(*reports, reached=reached).report.complete


def test_report_leaves_out_the_parts_that_are_not_reached() -> None:
    """A part that was not reached in this pass has the report of an earlier one."""
    reports = [ListingReport(pages=1, reported_last=1), ListingReport(pages=4, reported_last=4)]
    report = joined(*reports, reached=0).report
    assert (1, 1) == (report.pages, report.reported_last)


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [
        ([(1, LATE), (2, EARLY)], EARLY),
        ([(1, EARLY), (0, None)], EARLY),
        ([(0, None), (1, LATE)], LATE),
        ([(1, EARLY), (1, None)], None),
        ([(0, None), (0, None)], None),
    ],
)
def test_oldest_malformed_record(
    oldest: list[tuple[int, datetime | None]], expected: datetime | None
) -> None:
    """The oldest time is known if it is known for each part that has malformed records."""
    reports = [ListingReport(malformed=count, oldest_malformed=time) for count, time in oldest]
    assert expected == joined(*reports).report.oldest_malformed


def test_report_before_the_first_page() -> None:
    """Before a pass, only the first part has a say in the report."""
    parts = [Part(ListingReport(reported_last=count)) for count in (1, 4)]
    listing = JoinedListing(cast("list[PagedListing[Payment]]", parts))
    assert (1, 1) == (len(listing._listings[: listing._reached + 1]), listing.report.reported_last)


async def test_three_listings_follow_each_other() -> None:
    """The checkpoint at the end of each part is the beginning of the next one."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return page({"/a": 1, "/b": 2, "/c": 3}[request.path])

    async with serve(handler) as (acme, requests):
        parts = [acme._part(path) for path in ("/a", "/b", "/c")]
        listing = acme._join(*parts, resume=None)
        pages = [each async for each in listing.pages()]
        firsts = [part.first_checkpoint() for part in parts]
        for limit in (1, 2):
            assert limit == len(await listing.collect(limit=limit))
            assert limit == listing.report.payments
    assert [*firsts[1:], None] == [each.checkpoint for each in pages]
    assert ["/a", "/b", "/c", "/a", "/a", "/b"] == [each.path for each in requests]


async def test_limit_ends_within_a_part() -> None:
    """``collect`` requests no part that it does not need, and no more pages than it needs."""
    async with serve(two_lists) as (acme, requests):
        assert [2, 3] == [len(await acme.list_all().collect(limit=each)) for each in (2, 3)]
    assert ["/old", "/old", "/old", "/old", "/new"] == [each.path for each in requests]


async def test_first_is_in_the_first_part_that_has_payments() -> None:
    """``first`` goes on to the next part if a part has no payments, and no further."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []}) if request.path == "/old" else page(7)

    async with serve(handler) as (acme, requests):
        found = await acme.list_all().first()
        assert found is not None
        assert "7" == found.id
        assert (
            "7"
            == (
                await acme._join(acme._part("/new"), acme._part("/x"), resume=None).collect(limit=1)
            )[0].id
        )
    assert ["/old", "/new", "/new"] == [each.path for each in requests]


async def test_checkpoint_at_the_end_of_a_part_begins_the_next() -> None:
    """The checkpoint after the last page of a part is the beginning of the next part."""
    async with serve(two_lists) as (acme, _):
        pages = [each async for each in acme.list_all().pages()]
        new = acme._part("/new")
        checkpoints = [each.checkpoint for each in pages]
        assert new.first_checkpoint() == checkpoints[1]
        resumed = [each async for each in acme.list_all(resume=checkpoints[0]).pages()]
        assert checkpoints[1:] == [each.checkpoint for each in resumed]


async def test_error_before_the_first_page_has_no_checkpoint() -> None:
    """Before the first page of the first part there is nothing to resume."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=400)

    async with serve(handler) as (acme, _):
        for listing in (acme.list_all(), acme.list_all().pages()):
            with pytest.raises(BadRequestError) as raised:
                _ = [each async for each in listing]
            assert None is raised.value.checkpoint


async def test_listings_are_told_apart_by_path_and_filters() -> None:
    """A checkpoint belongs to the listing with its path and its filters."""
    async with serve(three_pages) as (acme, _):
        all_of_them, modified = acme.list_payments(), acme.list_payments(modified_since=SINCE)
        part = acme._part("/payments/old")
        listings = cast("list[PagedListing[Payment]]", [all_of_them, modified, part])
        checkpoints = [each.first_checkpoint() for each in listings]
        assert [0, 1, 2] == [find_listing(listings, each) for each in checkpoints]
        assert 1 == find_listing(listings, str(checkpoints[1]))
        with pytest.raises(ConfigurationError, match="of /payments with no filters, and this is"):
            find_listing(listings[1:], checkpoints[0])
        with pytest.raises(ConfigurationError, match="of /payments with If-Modified-Since=Sat"):
            find_listing([listings[0]], checkpoints[1])
