"""Listings that are read in several windows of time, side by side."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paysdk import Payment, RequestTimeoutError, ServerError
from paysdk.checkpoint import Checkpoint
from paysdk.errors import APIError, PaginationError
from paysdk.listing.windows import TimeWindows, recheck_position, rows_in_window, sort_cuts
from paysdk.pagination import Position
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, status
from tests.listing.model_server import (
    START,
    ModelServer,
    Paging,
    collected,
    provider_of,
    stamp,
    times,
)
from tests.listing.sandboxes import ONCE, campfire, ids, list_until_error, truth

if TYPE_CHECKING:
    from paysdk.records.page import RawPage
    from paysdk.transport.messages import Request

DAY = datetime(2025, 1, 1, tzinfo=UTC)


@attrs.frozen
class Row:
    """A row with the fields that windows need."""

    id: int
    modified_at: datetime | None
    raw: bytes = b""


def at(hour: int) -> datetime:
    """An hour of the day."""
    return DAY + timedelta(hours=hour)


WINDOWS = TimeWindows(
    filters={"voided": "false", "until": "23"},
    paging={"cursor": "", "limit": "10"},
    since="since",
    until="until",
    stamp=lambda time: str(time.hour),
    page_size=10,
)


def test_count_and_rows_are_requested_with_the_filters() -> None:
    """The requests for the count and for single rows have the filters of the listing."""
    assert [
        Position("voided=false&until=23&limit=1"),
        Position("voided=false&until=23&limit=1&offset=70"),
    ] == [
        WINDOWS.count_position(),
        WINDOWS.row_position(70),
    ]


def test_windows_meet_and_the_last_ends_with_the_listing() -> None:
    """Each window begins where the one before ends; the last ends where the listing does."""
    assert [
        Position("cursor=&limit=10&voided=false&until=5&since=3", until=at(5), since=at(3)),
        Position("cursor=&limit=10&voided=false&until=23&since=5", since=at(5)),
    ] == WINDOWS.window_positions([at(3), at(5)])


@pytest.mark.parametrize(
    ("count", "walkers", "places"),
    [
        (0, 4, []),
        (23, 4, []),
        (24, 4, [21, 22, 23]),
        (100, 2, [60]),
        (820, 8, [120, 220, 320, 420, 520, 620, 720]),
        (100, 1, []),
        (10**400, 4, []),
        (-5, 4, []),
    ],
)
def test_offsets_divide_the_rows_after_two_pages(
    count: int, walkers: int, places: list[int]
) -> None:
    """The offsets divide the rows after the first two pages evenly, if there are enough."""
    assert places == WINDOWS.cut_offsets(count, walkers)


def test_dividing_times_ascend_and_differ() -> None:
    """Dividing times are sorted, each once, and after the payments that were returned."""
    assert ([at(2), at(3)], [at(3)]) == (
        sort_cuts([at(3), None, at(2), at(3)], None),
        sort_cuts([at(3), at(2)], at(2)),
    )


@pytest.mark.parametrize(
    ("floor", "until", "ids", "ended"),
    [
        (None, None, [1, 2, 3, 4], False),
        (None, at(3), [1, 2], True),
        (None, at(9), [1, 2, 3, 4], False),
        (at(2), None, [2, 3, 4], False),
        (at(2), at(4), [2, 3], True),
        (at(9), None, [], False),
        (None, at(1), [], True),
    ],
)
def test_row_at_a_dividing_time_belongs_to_the_later_window(
    floor: datetime | None, until: datetime | None, ids: list[int], ended: bool
) -> None:
    """A row at the end of a window is after the window, and ends it."""
    rows = [Row(hour, at(hour)) for hour in range(1, 5)]
    part, over = rows_in_window(rows, Position("", emitted_before=floor, until=until))
    assert part.stop <= len(rows)
    assert (ids, ended) == ([row.id for row in rows[part]], over)


def test_row_without_a_time_is_in_every_window() -> None:
    """A row without a time of modification is left out of no window."""
    rows = [Row(1, None)]
    assert (slice(0, 1), False) == rows_in_window(
        rows, Position("", emitted_before=at(2), until=at(3))
    )


def test_recheck_knows_the_rows_that_were_there() -> None:
    """Reading the tail again skips the rows from before its latest time, and those at it by id."""
    rows = [Row(1, at(1)), Row(2, at(2)), Row(3, at(2))]
    assert Position("q", emitted_before=at(2), given=(2, 3)) == recheck_position(
        Position("q"), rows
    )
    assert Position("q") == recheck_position(Position("q"), [])


def seen(payments: list[Payment]) -> list[tuple[str, datetime | None]]:
    """The payments that came, with their times of modification."""
    return [(payment.id, payment.modified_at) for payment in payments]


def voided_in(payments: list[Payment]) -> set[str]:
    """The ids of the payments that were voided when they came last."""
    return {
        payment.id
        for payment in {payment.id: payment for payment in payments}.values()
        if payment.is_voided
    }


@pytest.mark.parametrize("size", [0, 1, 7, 100])
@pytest.mark.parametrize("arguments", [{}, {"pagination": "offset"}], ids=["cursor", "offset"])
async def test_concurrency_lists_the_same_payments(size: int, arguments: dict[str, Any]) -> None:
    """With concurrency the same payments are listed; by offset, also in the same order."""
    async with CampfireSandbox(payments=size) as sandbox, campfire(sandbox) as provider:
        for concurrency in (2, 5):
            found = ids(
                await provider.list_payments(
                    page_size=3, concurrency=concurrency, **arguments
                ).collect()
            )
            assert truth(sandbox) == (
                found if arguments else sorted(found, key=truth(sandbox).index)
            )


async def test_failure_with_concurrency_leads_to_the_rest() -> None:
    """With concurrency, too, the checkpoint of an error leads to exactly the rest."""
    for arguments, number in itertools.product(({}, {"pagination": "offset"}), range(1, 12)):
        faults = FaultPlan().on(number, status(500))
        async with (
            CampfireSandbox(payments=30, faults=faults) as sandbox,
            campfire(sandbox, retry=ONCE) as provider,
        ):
            chosen: dict[str, Any] = {"page_size": 4, "concurrency": 3, **arguments}
            given, error = await list_until_error(provider.list_payments(**chosen))
            if error is not None:
                assert isinstance(error, APIError)
                assert (error.checkpoint is None) == (given == [])
                given += ids(
                    await provider.list_payments(resume=error.checkpoint, **chosen).collect()
                )
            assert truth(sandbox) == sorted(given, key=truth(sandbox).index)


@given(
    times=times,
    page_size=st.integers(1, 15),
    concurrency=st.integers(1, 9),
    pagination=st.sampled_from(["cursor", "offset"]),
)
def test_every_payment_comes_once(
    times: list[int], page_size: int, concurrency: int, pagination: Paging
) -> None:
    """With any page size, pagination and concurrency, every payment comes once."""

    async def walk() -> list[Payment]:
        listing = provider_of(server).list_payments(
            page_size=page_size, concurrency=concurrency, pagination=pagination
        )
        payments = await listing.collect()
        assert listing.report.complete
        assert listing.report.requests == len(server.requests)
        return payments

    server = ModelServer(times)
    expected = [str(number) for _, number in server.ordered()]
    got = [payment.id for payment in asyncio.run(walk())]
    assert expected == (
        got if concurrency == 1 or pagination == "offset" else sorted(got, key=expected.index)
    )


@given(
    times=times,
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
@example(
    times=[0] * 8, page_size=3, concurrency=2, seed=197
)  # the last window's page is answered before the first's, and read after it
def test_changes_during_a_listing_hide_nothing(
    times: list[int], page_size: int, concurrency: int, seed: int
) -> None:
    """Payments that are never deleted are listed, and no state of a payment comes twice."""
    dice = random.Random(seed)
    server = ModelServer(times)
    at_first = set(server.rows)

    def change() -> None:
        if server.rows and len(server.requests) < 60:
            what = dice.choice(["touch", "void", "add", "delete", "nothing", "nothing"])
            if what in {"touch", "void"}:
                number = dice.choice(list(server.rows))
                server.touch(number)
                server.voided |= {number} if what == "void" else set()
            elif what == "delete":
                del server.rows[dice.choice(list(server.rows))]
            elif what == "add":
                server.touch(max(server.rows) + 1000)

    server.between = change
    payments = collected(server, page_size=page_size, concurrency=concurrency)
    got = seen(payments)
    assert [] == sorted(
        {str(number) for number in at_first & set(server.rows)} - {number for number, _ in got}
    )
    assert sorted(set(got)) == sorted(got)
    if concurrency == 1:
        # In a single stream, a payment that moves to the end is always found there.
        assert {
            (str(number), START + timedelta(seconds=time)) for number, time in server.rows.items()
        } <= set(got)
        assert {str(number) for number in server.voided} <= voided_in(payments) | {
            str(number) for number in server.voided - set(server.rows)
        }


async def test_tail_is_read_again_after_the_other_windows() -> None:
    """A payment that moves to the tail after the last window ended is found there."""
    server = ModelServer(list(range(200)))
    server.lag = 0.003
    late = 95

    def touch_when_the_last_window_has_ended(page: dict[str, Any], asked: dict[str, str]) -> None:
        if (
            page["next"] is None
            and "last_modified_at__gte" in asked
            and "last_modified_at__lte" not in asked
            and server.rows[late] < 100
        ):
            server.touch(late)

    server.edit = touch_when_the_last_window_has_ended
    payments = await provider_of(server).list_payments(page_size=10, concurrency=2).collect()
    assert [str(number) for number in range(1, 201)] == sorted(
        (payment.id for payment in payments), key=int
    )


@pytest.mark.parametrize("concurrency", [2, 4])
@pytest.mark.parametrize("pagination", ["cursor", "offset"])
async def test_concurrency_bounds_the_requests_under_way(
    pagination: Paging, concurrency: int
) -> None:
    """``concurrency`` is the largest number of requests under way, and is reached."""
    server = ModelServer(list(range(500)))
    server.latency = 0.001
    await (
        provider_of(server)
        .list_payments(page_size=10, concurrency=concurrency, pagination=pagination)
        .collect()
    )
    assert concurrency == server.most_flying


async def test_windows_have_about_as_many_rows() -> None:
    """The windows begin at rows at even distances, however the times are distributed."""
    server = ModelServer(list(range(420)))
    await provider_of(server).list_payments(page_size=10, concurrency=4).collect()
    windows = {
        query.partition("last_modified_at__gte=")[2]
        for query in server.requests
        if query.startswith("cursor=&") and "gte" in query
    }
    cut = [stamp(second).replace("+0000", "Z") for second in (120, 220, 320)]
    bounds = [f"{start}&last_modified_at__lte={end}" for start, end in pairwise(cut)]
    assert {*bounds, cut[-1]} == windows


async def test_windows_report_the_count_of_the_provider() -> None:
    """The report has the counts that came with the first page and with the last."""
    listing = provider_of(ModelServer(list(range(200)))).list_payments(page_size=10, concurrency=2)
    await listing.collect()
    assert 200 == listing.report.reported_first
    assert listing.report.reported_last is not None


async def test_tail_is_read_again_once() -> None:
    """The tail is read again once, after all other windows, and no task is left."""
    server = ModelServer(list(range(200)))
    server.lag = 0.003
    provider = provider_of(server)
    listing = provider.list_payments(page_size=10, concurrency=2)
    await listing.collect()
    assert 2 >= max(Counter(server.requests).values())
    assert listing.report.requests == len(server.requests) <= 25
    assert not provider._client._tasks


@pytest.mark.parametrize("pagination", ["cursor", "offset"])
async def test_few_payments_need_no_windows(pagination: Paging) -> None:
    """If a few payments are enough, ``concurrency`` causes no further requests."""
    server = ModelServer(list(range(500)))
    listing = provider_of(server).list_payments(page_size=10, concurrency=4, pagination=pagination)
    assert 3 == len(await listing.collect(limit=3))
    assert await listing.first() is not None
    assert 2 == len(server.requests)


async def test_listing_without_a_count_has_one_window() -> None:
    """If the provider sends no count, the listing is one stream of pages, in order."""
    server = ModelServer(list(range(100)))
    server.edit = lambda page, _: page.pop("count")
    payments = await provider_of(server).list_payments(page_size=10, concurrency=4).collect()
    assert [str(number) for _, number in server.ordered()] == [payment.id for payment in payments]


async def test_first_page_does_not_wait_for_the_plan() -> None:
    """The first page is returned even if the provider has not counted yet."""
    server = ModelServer(list(range(100)))
    counted = asyncio.Event()
    call = server.call

    async def slow_to_count(
        request: Request,
        *rest: Any,  # noqa: ANN401  # as call
        **named: Any,  # noqa: ANN401  # as call
    ) -> RawPage:
        if request.query == "limit=1":
            await counted.wait()
        return await call(request, *rest, **named)

    server.call = slow_to_count  # type: ignore[method-assign]  # slower
    pages = provider_of(server).list_payments(page_size=10, concurrency=4).pages()
    async with asyncio.timeout(60):
        first = await anext(pages)
    counted.set()
    payments = [*first.payments, *[payment async for page in pages for payment in page.payments]]
    assert sorted(str(number) for number in server.rows) == sorted(
        payment.id for payment in payments
    )


async def test_deadline_names_the_first_page_under_way() -> None:
    """If several pages are under way, the error of the deadline names the first one."""
    server = ModelServer(list(range(100)))
    server.latency = 5
    with pytest.raises(RequestTimeoutError) as caught:
        await (
            provider_of(server, deadline=0.01).list_payments(page_size=10, concurrency=4).collect()
        )
    assert "http://127.0.0.1:1/coa/api/v1/invoice-payments?cursor=&limit=10" == caught.value.url


async def test_failed_plan_leaves_one_window() -> None:
    """If the requests for the plan fail, the listing is one stream of pages."""
    server = ModelServer(list(range(100)))
    answer = server.answer

    def failing(query: str) -> bytes:
        if query == "limit=1":
            raise ServerError("503", status=503)
        return answer(query)

    server.answer = failing
    payments = await provider_of(server).list_payments(page_size=10, concurrency=4).collect()
    assert [str(number) for _, number in server.ordered()] == [payment.id for payment in payments]


async def test_failed_window_has_all_windows_in_its_checkpoint() -> None:
    """The checkpoint of an error in one window continues every window."""
    server = ModelServer(list(range(300)))
    answer = server.answer
    provider = provider_of(server)

    def failing(query: str) -> bytes:
        if len(server.requests) > 20:
            raise ServerError("503", status=503)
        return answer(query)

    server.answer = failing
    got: list[str] = []
    with pytest.raises(ServerError) as caught:
        async for payment in provider.list_payments(page_size=10, concurrency=4):
            got.append(payment.id)  # noqa: PERF401  # what comes before the error counts
    server.answer = answer
    assert caught.value.checkpoint is not None
    assert ("campfire", "GET") == (caught.value.provider, caught.value.method)
    got += [
        payment.id
        for payment in await provider.list_payments(resume=caught.value.checkpoint).collect()
    ]
    assert sorted(str(number) for number in server.rows) == sorted(got)


async def test_bad_link_in_a_window_leads_to_the_rest() -> None:
    """The payments of its page come first, then an error with a checkpoint for every window."""
    server = ModelServer(list(range(300)))
    answer = server.answer
    provider = provider_of(server)

    def lead_nowhere(query: str) -> bytes:
        page = json.loads(answer(query))
        if len(server.requests) > 20 and page["next"] is not None:
            page["next"] = "http://api.example.org/accounts/?colour=red"
        return json.dumps(page).encode()

    server.answer = lead_nowhere
    got: list[str] = []
    with pytest.raises(PaginationError) as caught:
        async for payment in provider.list_payments(page_size=10, concurrency=4):
            got.append(payment.id)  # noqa: PERF401  # what comes before the error counts
    server.answer = answer
    rest = await provider.list_payments(resume=caught.value.checkpoint).collect()
    expected = {str(number) for number in server.rows}
    assert expected == {*got, *(payment.id for payment in rest)}


async def test_many_payments_may_share_a_time() -> None:
    """Thousands of payments at three times are listed once each."""
    server = ModelServer([1] * 700 + [2] * 600 + [3] * 700)
    payments = await provider_of(server).list_payments(page_size=50, concurrency=8).collect()
    assert sorted(str(number) for number in server.rows) == sorted(
        payment.id for payment in payments
    )


async def test_closing_windows_leaves_no_task() -> None:
    """After an iteration with windows was closed, no task is left."""
    server = ModelServer(list(range(500)))
    pages = provider_of(server).list_payments(page_size=10, concurrency=8).pages()
    async for page in pages:
        if page.payments:
            break
    await pages.aclose()  # type: ignore[attr-defined]  # it is an async generator
    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_position_knows_when_its_payments_were_modified() -> None:
    """A payment in the position is a repeat only if its time of modification is the same."""
    server = ModelServer([5, 5, 9])
    position = json.dumps(
        [["/coa/api/v1/invoice-payments?cursor=&limit=10", [1, 2, 3], "2025-01-01T00:00:05Z"]]
    )
    listing = provider_of(server).list_payments(resume=Checkpoint("campfire", "", position))
    assert ["3"] == [payment.id for payment in await listing.collect()]
    assert 2 == listing.report.repeats_dropped
