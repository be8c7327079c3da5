"""The pages of a listing: which are requested, how errors end it, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import random
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaginationError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.events import Event, ResponseReceived
from paysdk.listing.pages import PageRequests
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import Fault, FaultPlan, hang, reset, status, truncated, wrong_body
from paysdk.transport.policy import RetryPolicy
from tests.listing.model_server import (
    ModelServer,
    Paging,
    collected,
    provider_of,
    times,
    write_query,
)
from tests.listing.sandboxes import (
    FAMILIES,
    LIST,
    ONCE,
    Scripted,
    arrived,
    campfire,
    checkpoint_of,
    ids,
    list_until_error,
    notify,
    open_at,
    pages_of,
    set_faults,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from paysdk.checkpoint import Checkpoint
    from paysdk.provider import Page
    from tests.conftest import Until


@pytest.mark.parametrize("links", ["next-page", "last-of-page", "first-of-page"])
@pytest.mark.parametrize("endless", [False, True], ids=["ends", "endless"])
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"relative_links": True},
        {"link_host": "http://api.example.org"},
        {"links_with_limit": False},
        {"with_elisions": True},
        {"relative_links": True, "links_with_limit": False, "with_elisions": True},
    ],
    ids=["absolute", "relative", "another host", "without limit", "with elisions", "all at once"],
)
async def test_every_form_of_notify_links_is_followed(
    links: Literal["next-page", "last-of-page", "first-of-page"],
    *,
    endless: bool,
    form: dict[str, Any],
) -> None:
    """With every known form of link, each payment comes once, in order, and the listing ends."""
    aside: list[MalformedResponseError] = []
    for size, page_size in itertools.product((0, 1, 2, 5, 6), (1, 2, 3)):
        async with NotifySandbox(
            payments=size, links=links, endless_links=endless, **form
        ) as sandbox:
            async with notify(sandbox, on_malformed=aside.append) as provider:
                assert truth(sandbox) == ids(
                    await provider.list_payments(page_size=page_size).collect()
                )
            larger = {"2"} if page_size == 1 else set[str]()
            if (
                "with_elisions" in form and endless
            ):  # what has no id may stand in the way, and a larger page goes past it
                larger |= {str(page_size * 2**times) for times in range(1, 6)}
            assert {str(page_size)} | larger >= {
                request.query["limit"] for request in sandbox.requests
            }
            assert len(sandbox.requests) <= 2 * size + 2
    assert ("with_elisions" in form) == bool(aside)


@pytest.mark.parametrize(
    "pages",
    [
        {
            "cursor=": ([], "?cursor=b"),
            "cursor=b": ([1], "?cursor=c"),
            "cursor=c": ([], "?cursor=d"),
            "cursor=d": ([2, 3], None),
        },
        {"cursor=": ([1], "?cursor=0"), "cursor=0": ([2], "?cursor=%20"), "cursor=%20": ([3], ...)},
        {"cursor=": ([1, 2, 3], "?offset=3&cursor="), "offset=3&cursor=": ([], None)},
        {
            "cursor=": ([1], "http://api.example.org/accounts/?limit=1&cursor=b"),
            "limit=1&cursor=b": ([2, 3], None),
        },
        {
            "cursor=": ([1], "?cursor=b%2Bc%3D%3d&x=%C3%A9"),
            "cursor=b%2Bc%3D%3d&x=%C3%A9": ([2, 3], None),
        },
        {"cursor=": ([1], "?cursor=a b"), "cursor=a%20b": ([2, 3], None)},
        {"cursor=": ([1], "//example.org:1/x?cursor=b#end"), "cursor=b": ([2, 3], None)},
    ],
    ids=[
        "empty pages",
        "odd tokens",
        "both tokens",
        "another host",
        "verbatim",
        "space",
        "no scheme",
    ],
)
async def test_only_a_missing_link_ends_a_listing(pages: dict[str, Any]) -> None:
    """Empty and short pages have a next page, and only the query of a link is used."""
    async with Scripted(pages=pages) as server, campfire(server) as provider:
        listing = provider.list_payments()
        assert ["1", "2", "3"] == ids(await listing.collect())
        assert len(pages) == listing.report.pages == len(server.requests)


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("?cursor=", "was read before"),
        ("?page=2", "has no cursor or offset"),
        ("0", "has no cursor or offset"),
        ("http://[", "is not a URL"),
        ("?cursor=b", "was read before"),
        ("?limit=1&cursor=b", "was read before"),
    ],
)
async def test_bad_link_raises_after_its_page(link: str, message: str) -> None:
    """The payments of the page come first, then the error with the checkpoint of that page."""
    start = "limit=1&cursor=b" if "limit" in link else "cursor=b"
    pages: dict[str, Any] = {"cursor=": ([1], f"?{start}"), start: ([2, 3], link)}
    if link == "?limit=1&cursor=b":
        pages[start] = ([2, 3], "?cursor=b&limit=1")
    async with Scripted(pages=pages) as server, campfire(server) as provider:
        listing, given = provider.list_payments(), list[str]()
        with pytest.raises(PaginationError, match=message) as raised:
            async for payment in listing:
                given.append(payment.id)
        assert ["1", "2", "3"] == given
        assert f"{server.url}{LIST}?{start}" == raised.value.url
        assert (2, 3, False) == (
            listing.report.pages,
            listing.report.payments,
            listing.report.complete,
        )
        assert raised.value.checkpoint is not None
        assert 2 == len(server.requests)
        with pytest.raises(PaginationError):
            await provider.list_payments(resume=raised.value.checkpoint).collect()


async def test_reported_count_decides_nothing() -> None:
    """The report has the first and the last count; the listing ignores both."""
    pages: dict[str, Any] = {"cursor=": ([1, 2], "?cursor=b"), "cursor=b": ([3], None)}
    for count in (0, -5, 10**9, None):
        async with Scripted(pages=pages, count=count) as server, campfire(server) as provider:
            listing = provider.list_payments()
            assert ["1", "2", "3"] == ids(await listing.collect())
            assert (count, count) == (listing.report.reported_first, listing.report.reported_last)
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=2, skip_count=True)
        assert [3, 5, 5] == [page.reported_count for page in await pages_of(listing)]
        assert (3, 5) == (listing.report.reported_first, listing.report.reported_last)


FAULTS = pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(403),
        reset("before"),
        reset("body"),
        truncated(),
        wrong_body(),
        wrong_body(b"{}", content_type="application/json"),
    ],
    ids=["500", "403", "reset before", "reset body", "truncated", "html", "other JSON"],
)


@FAMILIES
@FAULTS
async def test_listing_can_be_resumed_after_a_failure(
    make: Callable[..., Any], arguments: dict[str, Any], fault: Fault
) -> None:
    """Whichever page fails, the checkpoint of the error leads to exactly the rest."""
    async with make(payments=7) as sandbox:
        for number in range(1, 5):
            set_faults(sandbox, FaultPlan().on(number, fault))
            async with open_at(sandbox, retry=ONCE) as provider:
                listing = provider.list_payments(page_size=2, **arguments)
                given, error = await list_until_error(listing)
                assert error is not None
                assert error.url is not None
                assert (number > 1) == (error.checkpoint is not None)
                assert (number - 1, False) == (listing.report.pages, listing.report.complete)
                given += ids(
                    await provider.list_payments(
                        page_size=2, resume=error.checkpoint, **arguments
                    ).collect()
                )
                assert truth(sandbox) == given


@FAMILIES
async def test_failure_on_the_first_page_keeps_the_checkpoint(
    make: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    """If the first page of a resumed listing fails, its checkpoint is the one it began with."""
    async with make(payments=5) as sandbox, open_at(sandbox, retry=ONCE) as provider:
        resume: Checkpoint | None = await checkpoint_of(provider, **arguments)
        set_faults(sandbox, FaultPlan().on([1, 2], status(500)))
        for _ in range(2):
            with pytest.raises(ServerError) as raised:
                await provider.list_payments(resume=resume, page_size=2, **arguments).first()
            resume = raised.value.checkpoint
        assert truth(sandbox)[2:] == ids(
            await provider.list_payments(resume=resume, page_size=2, **arguments).collect()
        )


async def test_faults_lose_and_repeat_nothing() -> None:
    """With a fault at every third request, each payment comes once."""
    plan = FaultPlan().every(3, status(503)).every(4, reset("body")).every(5, wrong_body())
    for sandbox in (
        CampfireSandbox(payments=40, faults=plan),
        NotifySandbox(payments=40, faults=plan, links="first-of-page"),
    ):
        async with (
            sandbox,
            open_at(sandbox, retry=RetryPolicy(attempts=5, wait_initial=0)) as provider,
        ):
            listing = provider.list_payments(page_size=3)
            assert truth(sandbox) == ids(await listing.collect())
            assert len(sandbox.requests) == listing.report.requests
            assert listing.report.retries > 5


async def test_server_that_goes_away_is_an_error_with_a_checkpoint() -> None:
    """If the server goes away during a listing, the error has a checkpoint."""
    sandbox = CampfireSandbox(payments=6)
    async with sandbox, campfire(sandbox) as provider:
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        await anext(pages)
        await asyncio.sleep(0.01)
        await anext(pages)
        listing = provider.list_payments(page_size=2).pages()
        await anext(listing)
        await sandbox.close()
        with pytest.raises(ConnectionFailedError) as raised:
            async for _ in listing:
                pass
    assert raised.value.checkpoint is not None


async def test_key_in_a_response_is_redacted() -> None:
    """If the API repeats the key in an error, the exception does not show it."""
    faults = FaultPlan().always(status(400, body=b'{"detail": "bad header Token sandbox-key"}'))
    async with CampfireSandbox(payments=1, faults=faults) as sandbox, campfire(sandbox) as provider:
        with pytest.raises(APIError, match=r"bad header Token \*\*\*") as raised:
            await provider.list_payments().first()
    assert "sandbox-key" not in f"{raised.value} {raised.value.detail}"


@FAMILIES
async def test_one_page_is_read_ahead(
    make: Callable[..., Any], arguments: dict[str, Any], until: Until
) -> None:
    """While the caller uses a page, exactly the next one is requested."""
    async with make(payments=6) as sandbox, open_at(sandbox) as provider:
        listing = provider.list_payments(page_size=2, **arguments)
        async for page in listing.pages():
            expected = listing.report.pages + (page.checkpoint is not None)
            await until(partial(arrived, sandbox, expected))
            await asyncio.sleep(0.01)
            assert expected == len(sandbox.requests) == listing.report.requests


async def test_other_tasks_run_while_a_large_page_is_read() -> None:
    """The event loop runs several times while a large page is read."""
    turns, at_answer = 0, 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def note(event: Event) -> None:
        nonlocal at_answer
        at_answer = turns if isinstance(event, ResponseReceived) else at_answer

    counting = asyncio.create_task(count())
    async with (
        CampfireSandbox(payments=5000) as sandbox,
        campfire(sandbox, on_event=note) as provider,
    ):
        page = await anext(provider.list_payments(page_size=5000).pages())
    counting.cancel()
    assert 5000 == len(page.payments)
    assert turns - at_answer >= 10


async def test_deadline_excludes_the_time_of_the_caller() -> None:
    """The deadline counts the time inside paysdk, not the caller's time between two pages."""
    async with CampfireSandbox(payments=6) as sandbox, campfire(sandbox, deadline=0.1) as provider:
        count = 0
        async for page in provider.list_payments(page_size=2).pages():
            await asyncio.sleep(0.05)
            count += len(page.payments)
        assert 6 == count


@pytest.mark.parametrize("fault", [hang(), status(503, retry_after=30)], ids=["hang", "wait"])
async def test_deadline_ends_a_listing(fault: Fault) -> None:
    """The error names the deadline and the page, and has a checkpoint to resume from."""
    async with (
        CampfireSandbox(payments=6, faults=FaultPlan().on(3, fault)) as sandbox,
        campfire(sandbox, deadline=0.1) as provider,
        campfire(sandbox) as another,
    ):
        listing, given = provider.list_payments(page_size=2), list[str]()
        with pytest.raises(
            RequestTimeoutError, match=r"The deadline of 0\.1 s for the whole operation"
        ) as raised:
            async for payment in listing:
                given.append(payment.id)
        assert truth(sandbox)[:4] == given
        assert raised.value.url is not None
        assert raised.value.checkpoint is not None
        given += ids(await another.list_payments(resume=raised.value.checkpoint).collect())
        assert truth(sandbox) == given


async def test_timeout_of_an_attempt_is_not_the_deadline() -> None:
    """If each attempt times out, the error names the timeout of one attempt."""
    async with CampfireSandbox(payments=6, faults=FaultPlan().always(hang())) as sandbox:
        async with campfire(sandbox, timeout=0.1, deadline=5) as provider:
            with pytest.raises(RequestTimeoutError, match=r"timeout of 0\.1 s for one attempt"):
                await provider.list_payments().first()
        assert 3 == len(sandbox.requests)


@FAMILIES
async def test_closing_an_iteration_ends_its_request(
    make: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    """After an iteration was closed, its request for the next page has ended."""
    async with make(payments=6, latency=0.001) as sandbox, open_at(sandbox) as provider:
        before = asyncio.all_tasks()
        async with contextlib.aclosing(
            cast("AsyncGenerator[Page]", provider.list_payments(page_size=2, **arguments).pages())
        ) as pages:
            await anext(pages)
        left = {task for task in asyncio.all_tasks() - before if "fetch" in repr(task)}
        assert set() == left
        assert set() == provider._client._tasks


async def test_dropping_an_iteration_ends_its_request() -> None:
    """If an iterator is garbage-collected, its request for the next page ends."""
    async with CampfireSandbox(payments=6, latency=0.005) as sandbox, campfire(sandbox) as provider:
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        assert 1 == len(provider._client._tasks)
        del pages
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        assert set() == provider._client._tasks


async def test_cancelling_a_listing_ends_its_request(until: Until) -> None:
    """If the task is cancelled while it waits for a page, the request ends."""
    async with (
        CampfireSandbox(payments=6, faults=FaultPlan().on(2, hang())) as sandbox,
        campfire(sandbox) as provider,
    ):
        collecting = asyncio.create_task(provider.list_payments(page_size=2).collect())
        await until(lambda: len(sandbox.requests) >= 2)
        collecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await collecting
        assert set() == provider._client._tasks


async def test_requests_that_ended_are_forgotten() -> None:
    """A long listing does not keep the tasks of its requests."""
    async with CampfireSandbox() as sandbox, campfire(sandbox) as provider:
        requests = PageRequests(provider._client)
        await requests.start(asyncio.sleep(0))
        await asyncio.sleep(0)
        assert set() == requests._tasks


async def test_listing_of_a_closed_provider_raises() -> None:
    """If the provider was closed during a listing, the next page raises an error that says so."""
    async with CampfireSandbox(payments=6, latency=0.005) as sandbox, campfire(sandbox) as provider:
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        await provider.aclose()
        with pytest.raises(ConfigurationError, match="This campfire provider is closed"):
            await anext(pages)


@given(
    times=times,
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
def test_payments_added_during_a_listing_by_offset_repeat_nothing(
    times: list[int], page_size: int, concurrency: int, seed: int
) -> None:
    """Payments that are added during a listing by offset neither hide nor repeat others."""
    dice = random.Random(seed)
    server = ModelServer(times)
    at_first = [str(number) for _, number in server.ordered()]

    def add() -> None:
        if dice.random() < 0.5 and len(server.requests) < 60:
            server.touch(max(server.rows, default=0) + 1)

    server.between = add
    got = [
        payment.id
        for payment in collected(
            server, page_size=page_size, concurrency=concurrency, pagination="offset"
        )
    ]
    assert at_first == got[: len(at_first)]
    assert sorted(set(got)) == sorted(got)


LOOKS = (
    "http://elsewhere.example/?{}",
    "https://api.meetcampfire.com/coa/api/v1/invoice-payments?{}",
    "/?{}",
    "?{}",
    "//[::1]:9/x?{}#y",
)


@settings(max_examples=200)
@given(
    times=times,
    page_size=st.integers(1, 15),
    concurrency=st.integers(1, 6),
    pagination=st.sampled_from(["cursor", "offset"]),
    seed=st.integers(0, 10**6),
)
def test_links_of_every_kind_lose_nothing(
    times: list[int], page_size: int, concurrency: int, pagination: Paging, seed: int
) -> None:
    """With any links and empty pages, a listing and its resumption return every payment."""
    dice = random.Random(seed)
    server = ModelServer(times)

    def relink(page: dict[str, Any], asked: dict[str, str]) -> None:
        here = write_query(asked)
        if page["next"] is None:
            if dice.random() < 0.5:
                del page["next"]
        elif dice.random() < 0.1:
            before = dice.choice(server.requests) if concurrency == 1 else here
            page["next"] = dice.choice(
                ["https://[::1", f"?limit={page_size}", f"?{here}", f"?{before}"]
            )
        elif dice.random() < 0.2 and ("cursor" in asked or "offset" in asked):
            page["results"], page["next"] = (
                [],
                f"?{write_query(asked | {'again': str(len(server.requests))})}",
            )
        else:
            page["next"] = dice.choice(LOOKS).format(page["next"].partition("?")[2])

    async def walk() -> tuple[list[list[str]], list[str]]:
        provider = provider_of(server)
        listing = provider.list_payments(
            page_size=page_size, concurrency=concurrency, pagination=pagination
        )
        pages: list[list[str]] = [[]]
        try:
            async for page in listing.pages():
                pages += [[payment.id for payment in page.payments]]
        except PaginationError as error:
            checkpoint = error.checkpoint
        else:
            assert listing.report.complete
            return pages, []
        assert checkpoint is not None
        assert not listing.report.complete
        server.edit = lambda _page, _query: None
        return pages, [
            payment.id for payment in await provider.list_payments(resume=checkpoint).collect()
        ]

    server.edit = relink
    pages, resumed = asyncio.run(walk())
    *others, before = pages
    # After a bad link the listing resumes at its page, which was the last one returned.
    resumed = [number for number in resumed if number not in before]
    assert sorted(str(number) for number in server.rows) == sorted(
        [*chain.from_iterable(others), *before, *resumed]
    )


async def test_links_overrule_predicted_pages() -> None:
    """If the pages are shorter than requested, the predicted requests are cancelled."""
    server = ModelServer(list(range(100)))

    def shorter(page: dict[str, Any], asked: dict[str, str]) -> None:
        first = int(asked.get("offset", "0"))
        page["results"] = page["results"][:7]
        page["next"] = f"?limit=10&offset={first + 7}" if first + 7 < 100 else None

    server.edit = shorter
    payments = (
        await provider_of(server)
        .list_payments(page_size=10, concurrency=4, pagination="offset")
        .collect()
    )
    assert [str(number) for _, number in server.ordered()] == [payment.id for payment in payments]
