"""Listings, over real HTTP: whole, in order, once, and what is promised where something goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import msgspec
import pytest

from paysdk.checkpoint import Checkpoint
from paysdk.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaginationError,
    PaysdkError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.events import Event, PageRead, RepeatDropped, ResponseReceived
from paysdk.listing.checkpoints import read_checkpoint
from paysdk.pagination import Position
from paysdk.provider import Listing, ListingReport
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import (
    Fault,
    FaultPlan,
    Request,
    Response,
    Sandbox,
    hang,
    reset,
    status,
    truncated,
    wrong_body,
)
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from typing import Literal

    from paysdk.listing.listing import PagedListing
    from paysdk.payment import Payment
    from paysdk.provider import Page
    from tests.conftest import Until

QUICK = RetryPolicy(attempts=3, wait_initial=0)
ONCE = RetryPolicy(attempts=1)
LIST = "/coa/api/v1/invoice-payments"


def campfire(sandbox: Sandbox, **settings: object) -> CampfireProvider:
    """Campfire at this sandbox, trying again at once."""
    given: dict[str, Any] = {"retry": QUICK, **settings}
    return CampfireProvider(sandbox.api_key, base_url=sandbox.url, **given)


def notify(sandbox: Sandbox, **settings: object) -> NotifyProvider:
    """Notify at this sandbox, trying again at once."""
    given: dict[str, Any] = {"retry": QUICK, **settings}
    return NotifyProvider(sandbox.api_key, base_url=sandbox.url, **given)


def open_at(sandbox: Sandbox, **settings: object) -> CampfireProvider | NotifyProvider:
    """The provider that the sandbox is one of."""
    return (
        notify(sandbox, **settings)
        if isinstance(sandbox, NotifySandbox)
        else campfire(sandbox, **settings)
    )


def truth(sandbox: CampfireSandbox | NotifySandbox) -> list[str]:
    """The ids of all payments, in the API's order."""
    return [str(row["id"]) for row in sandbox.payments]


def ids(payments: Sequence[Payment]) -> list[str]:
    """Their ids."""
    return [payment.id for payment in payments]


async def pages_of(listing: Listing) -> list[Page]:
    """All pages."""
    return [page async for page in listing.pages()]


async def walked(listing: Listing) -> tuple[list[str], PaysdkError | None]:
    """The ids that were given, and the error that ended it, if one did."""
    given: list[str] = []
    try:
        async for payment in listing:
            given.append(payment.id)  # noqa: PERF401  # what came before the error counts
    except PaysdkError as error:
        return given, error
    return given, None


async def checkpoint_of(
    provider: CampfireProvider | NotifyProvider, **arguments: object
) -> Checkpoint:
    """The checkpoint after two payments."""
    given: dict[str, Any] = {"page_size": 2, **arguments}
    async with contextlib.aclosing(
        cast("AsyncGenerator[Page]", provider.list_payments(**given).pages())
    ) as pages:
        page = await anext(pages)
    assert page.checkpoint is not None
    return page.checkpoint


def arrived(sandbox: Sandbox, count: int) -> bool:
    """Whether so many requests have arrived."""
    return len(sandbox.requests) >= count


def spoil(sandbox: Sandbox, plan: FaultPlan) -> None:
    """Give a running sandbox, whose settings are fixed otherwise, a plan of faults that begins to count now."""
    object.__setattr__(sandbox, "faults", plan)
    object.__setattr__(sandbox, "_counts", ())


@attrs.define(kw_only=True, eq=False)
class Scripted(Sandbox):
    """A server that gives each target the page that a test wrote: the ids on it, its link, and what it counts."""

    scheme: ClassVar[str] = "Token"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    pages: Mapping[str, tuple[Sequence[object], object]]
    count: object = 7

    def respond(self, request: Request) -> Response:
        """The page for this query."""
        query = request.target.partition("?")[2]
        if query not in self.pages:
            return Response(404, b'{"detail": "Not found."}')
        members, link = self.pages[query]
        results = [
            member if isinstance(member, msgspec.Raw) else msgspec.Raw(row(member))
            for member in members
        ]
        body = {"count": self.count, "results": results} | ({} if link is ... else {"next": link})
        return Response(200, msgspec.json.encode(body))


def row(member: object) -> bytes:
    """A payment with this id, or with this id and time of modification."""
    number, modified = member if isinstance(member, tuple) else (member, "2026-01-31T00:00:00Z")
    return b'{"id": %d, "invoice_id": 1, "amount": 1.50, "last_modified_at": "%b"}' % (
        number,
        modified.encode(),
    )


FAMILIES = pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (CampfireSandbox, {}),
        (CampfireSandbox, {"pagination": "offset"}),
        (NotifySandbox, {}),
        (lambda **given: NotifySandbox(links="last-of-page", **given), {}),
        (lambda **given: NotifySandbox(links="first-of-page", **given), {}),
    ],
    ids=[
        "campfire cursor",
        "campfire offset",
        "notify next-page",
        "notify last-of-page",
        "notify first-of-page",
    ],
)


@FAMILIES
async def test_whole_in_order_once(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Whatever the number of payments and the size of a page, each payment comes once, in the API's order."""
    for size in (0, 1, 2, 3, 7):
        async with make(payments=size) as sandbox, open_at(sandbox) as provider:
            for page_size in (1, 2, 3, 7, 250, None):
                listing = provider.list_payments(page_size=page_size, **arguments)
                assert truth(sandbox) == ids([payment async for payment in listing])
                assert truth(sandbox) == ids(await listing.collect())
                assert listing.report.complete
                assert size == listing.report.payments


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
async def test_every_form_of_notifys_links(
    links: Literal["next-page", "last-of-page", "first-of-page"],
    *,
    endless: bool,
    form: dict[str, Any],
) -> None:
    """In every form that a link has been seen in, each payment comes once, in order, the page size is kept, and there is an end."""
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


@pytest.mark.parametrize("size", [0, 1, 7, 100])
@pytest.mark.parametrize("arguments", [{}, {"pagination": "offset"}], ids=["cursor", "offset"])
async def test_side_by_side(size: int, arguments: dict[str, Any]) -> None:
    """With several pages on their way at a time it is the same listing; by offset, also in the same order."""
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
async def test_filters(
    pagination: Literal["cursor", "offset"],
    arguments: dict[str, Any],
    belongs: Callable[[dict[str, Any]], bool],
) -> None:
    """A filter holds on every page, and a checkpoint takes it along."""
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


@FAMILIES
@pytest.mark.parametrize("page_size", [1, 3])
async def test_resuming_at_every_checkpoint(
    make: Callable[..., Any], arguments: dict[str, Any], page_size: int
) -> None:
    """The listing goes on from any page's checkpoint, or from its text, with exactly the rest, in the same and in another page size."""
    async with make(payments=7) as sandbox, open_at(sandbox) as provider:
        given: list[str] = []
        async for page in provider.list_payments(page_size=page_size, **arguments).pages():
            given += ids(page.payments)
            rest = truth(sandbox)[len(given) :]
            if page.checkpoint is None:
                assert [] == rest
                continue
            forms: list[Checkpoint | str] = [page.checkpoint, str(page.checkpoint)]
            for resume, size in itertools.product(forms, (None, 1, 2, 5)):
                assert rest == ids(
                    await provider.list_payments(
                        resume=resume, page_size=size, **arguments
                    ).collect()
                )
        assert truth(sandbox) == given


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
async def test_going_on_after_a_failure(
    make: Callable[..., Any], arguments: dict[str, Any], fault: Fault
) -> None:
    """Whichever page fails, what came before it was given, and the error's checkpoint leads to exactly the rest."""
    async with make(payments=7) as sandbox:
        for number in range(1, 5):
            spoil(sandbox, FaultPlan().on(number, fault))
            async with open_at(sandbox, retry=ONCE) as provider:
                listing = provider.list_payments(page_size=2, **arguments)
                given, error = await walked(listing)
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
async def test_failing_where_it_was_resumed(
    make: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    """A resumed listing whose first page fails gives the checkpoint that it began with."""
    async with make(payments=5) as sandbox, open_at(sandbox, retry=ONCE) as provider:
        resume: Checkpoint | None = await checkpoint_of(provider, **arguments)
        spoil(sandbox, FaultPlan().on([1, 2], status(500)))
        for _ in range(2):
            with pytest.raises(ServerError) as raised:
                await provider.list_payments(resume=resume, page_size=2, **arguments).first()
            resume = raised.value.checkpoint
        assert truth(sandbox)[2:] == ids(
            await provider.list_payments(resume=resume, page_size=2, **arguments).collect()
        )


async def test_report() -> None:
    """The report tells what the latest walk has done, page by page, retries included."""
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


async def test_reported_count_that_moves() -> None:
    """The first and the last count are told, and steer nothing."""
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
    """Empty and short pages go on, any token is one, and from a link only its query is taken, as it stands."""
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
async def test_link_that_leads_nowhere(link: str, message: str) -> None:
    """The payments of the page before are given, then it is a PaginationError with the checkpoint of the page that they led away from."""
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


async def test_listing_that_goes_in_circles() -> None:
    """A circle of any length is noticed when it closes."""
    pages: dict[str, Any] = {
        f"cursor={place or ''}": ([place + 1], f"?cursor={(place + 1) % 30 or ''}")
        for place in range(30)
    }
    async with Scripted(pages=pages) as server, campfire(server) as provider:
        given, error = await walked(provider.list_payments())
        assert isinstance(error, PaginationError)
        assert "was read before" in str(error)
        assert [str(number) for number in range(1, 31)] == given
        assert 30 == len(server.requests)


async def test_repeats() -> None:
    """What comes again unchanged on the next page is dropped, and told; what was changed meanwhile is given again."""
    later = "2026-02-01T00:00:00Z"
    pages: dict[str, Any] = {
        "cursor=": ([1, 2, 3], "?cursor=b"),
        "cursor=b": ([2, (3, later), 4, 4], "?cursor=c"),
        "cursor=c": ([(3, later), 1, 5], None),
    }
    events: list[Event] = []
    async with (
        Scripted(pages=pages) as server,
        campfire(server, on_event=events.append) as provider,
    ):
        listing = provider.list_payments()
        assert ["1", "2", "3", "3", "4", "1", "5"] == ids(await listing.collect())
    assert (7, 3) == (listing.report.payments, listing.report.repeats_dropped)
    dropped = [event for event in events if isinstance(event, RepeatDropped)]
    assert [("campfire", "2"), ("campfire", "3"), ("campfire", "4")] == sorted(
        (event.provider, event.payment_id) for event in dropped
    )
    read = [event for event in events if isinstance(event, PageRead)]
    assert [("campfire", 1, 3), ("campfire", 2, 2), ("campfire", 3, 2)] == [
        (event.provider, event.number, event.payments) for event in read
    ]
    assert (
        [listing.report.reported_first, listing.report.reported_last]
        == [read[0].reported_count, read[-1].reported_count]
        != [None, None]
    )


async def test_change_during_a_walk() -> None:
    """With a cursor, a payment that is changed behind the walk comes again at the end, as it is then, and nothing is missing."""
    async with CampfireSandbox(payments=6) as sandbox, campfire(sandbox) as provider:
        before = truth(sandbox)
        pages = provider.list_payments(page_size=2).pages()
        payments = list((await anext(pages)).payments)
        sandbox.change_payment(int(before[0]), amount=Decimal("99.99"))
        sandbox.delete_payment(int(before[1]))
        new = sandbox.add_payment()
        async for page in pages:
            payments += page.payments
        assert [*before, before[0], str(new)] == ids(payments)
        assert Decimal("99.99") == payments[-2].amount


async def test_malformed_record() -> None:
    """A record that cannot be read ends the listing with its path and bytes: the pages before it were given, and nothing of its own."""
    rows: list[dict[str, object]] = [{} for _ in range(5)]
    rows[3]["amount"] = "much"
    async with CampfireSandbox(rows=rows) as sandbox, campfire(sandbox) as provider:
        listing, given = provider.list_payments(page_size=2), list[str]()
        with pytest.raises(MalformedResponseError) as raised:
            async for payment in listing:
                given.append(payment.id)
        place = [row["amount"] for row in sandbox.payments].index("much")
        assert truth(sandbox)[: place - place % 2] == given
        assert f"$.results[{place % 2}].amount" == raised.value.path
        assert truth(sandbox)[place] in raised.value.raw.decode()
        assert raised.value.url is not None
        assert raised.value.url.startswith(f"{sandbox.url}{LIST}?cursor=")
        assert raised.value.checkpoint is not None
        assert 3 >= len(sandbox.requests)


@pytest.mark.parametrize(
    "record",
    [
        b"{}",
        b"null",
        b"7",
        b'"x"',
        b"[]",
        b'{"id": null}',
        b'{"id": 1, "invoice_id": 1, "amount": "NaN"}',
    ],
)
async def test_malformed_record_is_set_aside(record: bytes) -> None:
    """With on_malformed, each record that cannot be read is handed over once, whatever it is, and the rest is given."""
    aside: list[MalformedResponseError] = []
    pages: dict[str, Any] = {
        "cursor=": ([1, msgspec.Raw(record), 2], "?cursor=b"),
        "cursor=b": ([msgspec.Raw(record)], None),
    }
    async with (
        Scripted(pages=pages) as server,
        campfire(server, on_malformed=aside.append) as provider,
    ):
        listing = provider.list_payments()
        assert ["1", "2"] == ids(await listing.collect())
        assert [f"{server.url}{LIST}?cursor=", f"{server.url}{LIST}?cursor=b"] == [
            error.url for error in aside
        ]
    assert [record, record] == [error.raw for error in aside]
    assert ["$.results[1]", "$.results[0]"] == [error.path[:12] for error in aside]
    assert (2, 2, True) == (
        listing.report.malformed,
        listing.report.payments,
        listing.report.complete,
    )


async def test_on_malformed_that_raises() -> None:
    """What on_malformed raises ends the listing, as its owner wants."""

    def refuse(error: MalformedResponseError) -> None:
        raise LookupError(error.path)

    pages: dict[str, Any] = {"cursor=": ([msgspec.Raw(b"{}")], None)}
    async with Scripted(pages=pages) as server, campfire(server, on_malformed=refuse) as provider:
        with pytest.raises(LookupError, match=r"\$\.results\[0\]"):
            await provider.list_payments().collect()


async def test_large_page_leaves_the_loop_free() -> None:
    """While a large page is read, other tasks have their turns."""
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


@FAMILIES
async def test_collect_with_a_limit(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """It gives the first so many, and asks for no page that it does not need."""
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
async def test_wrong_limit(limit: object) -> None:
    """Anything but a whole number is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="limit must be a whole number from 0, not"):
        await CampfireProvider("sandbox-key").list_payments().collect(limit=limit)  # type: ignore[arg-type]  # what is refused


@FAMILIES
async def test_first(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """It reads no further than it must, and gives None where there is nothing."""
    async with make(payments=5) as sandbox, open_at(sandbox) as provider:
        payment = await provider.list_payments(page_size=2, **arguments).first()
        assert payment is not None
        assert truth(sandbox)[0] == payment.id
        await asyncio.sleep(0.01)
        assert 1 == len(sandbox.requests)
    async with make(payments=0) as sandbox, open_at(sandbox) as provider:
        assert await provider.list_payments(**arguments).first() is None


async def test_no_page_is_asked_for_in_vain() -> None:
    """Also where a page is so large that there would be time to ask for another, it is not asked for when it cannot be needed."""
    async with CampfireSandbox(payments=6000) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=3000)
        assert 3000 == len(await listing.collect(limit=3000))
        assert await listing.first() is not None
        await asyncio.sleep(0.01)
        assert 2 == len(sandbox.requests)


async def test_first_after_empty_pages() -> None:
    """It goes on through empty pages, and no further than the first that is not."""
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


async def test_each_iteration_starts_afresh() -> None:
    """The same listing can be walked again, also while another walk of it is under way."""
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=2)
        assert isinstance(listing, Listing)
        one, other = aiter(listing), aiter(listing)
        mixed = [(await anext(one)).id, (await anext(other)).id, (await anext(one)).id]
        assert [truth(sandbox)[place] for place in (0, 0, 1)] == mixed
        assert truth(sandbox) == ids(await listing.collect())


async def test_nothing_is_sent_before_it_is_iterated() -> None:
    """Making a listing, or an iterator of it, asks for nothing."""
    async with CampfireSandbox() as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments()
        listing.pages()
        aiter(listing)
        await asyncio.sleep(0.01)
        assert 0 == len(sandbox.requests)
        assert "<listing of campfire payments>" == repr(listing)
        assert "<listing of campfire payments with voided=true>" == repr(
            provider.list_payments(voided=True)
        )


@FAMILIES
async def test_one_page_is_read_ahead(
    make: Callable[..., Any], arguments: dict[str, Any], until: Until
) -> None:
    """While a page is used, exactly the next one is asked for; after the last, none."""
    async with make(payments=6) as sandbox, open_at(sandbox) as provider:
        listing = provider.list_payments(page_size=2, **arguments)
        async for page in listing.pages():
            expected = listing.report.pages + (page.checkpoint is not None)
            await until(partial(arrived, sandbox, expected))
            await asyncio.sleep(0.01)
            assert expected == len(sandbox.requests) == listing.report.requests


@pytest.mark.parametrize(
    ("resume", "message"),
    [
        ("", "This is not a checkpoint"),
        ("paysdk1.", "This is not a checkpoint"),
        ("nonsense", "This is not a checkpoint"),
        (str(Checkpoint("campfire", "", "nonsense")), "This is not a checkpoint"),
        (Checkpoint("campfire", "", "{}"), "This is not a checkpoint"),
        (Checkpoint("campfire", "", ""), "This is not a checkpoint"),
        (Checkpoint("campfire", "", '[["cursor=a b"]]'), "This is not a checkpoint"),
        (
            Checkpoint("campfire", "", '[["cursor=a HTTP/1.1\\r\\nX: y"]]'),
            "This is not a checkpoint",
        ),
        (Checkpoint("campfire", "", '[["cursor=a\\n"]]'), "This is not a checkpoint"),
        (Checkpoint("campfire", "", '[["cursor=\u00e9"]]'), "This is not a checkpoint"),
        (
            Checkpoint("campfire", "", '[["cursor=",[],"2026-01-01T00:00:00"]]'),
            "This is not a checkpoint",
        ),
        (
            Checkpoint("campfire", "", '[["cursor=",[],null,"2026-01-01T00:00:00"]]'),
            "This is not a checkpoint",
        ),
        (
            Checkpoint("campfire", "", '[["cursor=",[],null,null,' + "[" * 100_000),
            "This is not a checkpoint",
        ),
        (7, "resume must be a Checkpoint"),
        (b"paysdk1.", "resume must be a Checkpoint"),
    ],
    ids=range(15),
)
def test_no_checkpoint(resume: object, message: str) -> None:
    """What is no checkpoint is refused at the call."""
    with pytest.raises(ConfigurationError, match=message):
        CampfireProvider("sandbox-key").list_payments(resume=resume)  # type: ignore[arg-type]  # what is refused


async def test_checkpoint_of_another_provider() -> None:
    """A checkpoint goes on where it was made."""
    async with (
        CampfireSandbox() as one,
        NotifySandbox() as other,
        campfire(one) as first,
        notify(other) as second,
    ):
        with pytest.raises(
            ConfigurationError, match="This checkpoint belongs to 'campfire', not to 'notify'"
        ):
            second.list_payments(resume=await checkpoint_of(first))
        with pytest.raises(
            ConfigurationError, match="This checkpoint belongs to 'notify', not to 'campfire'"
        ):
            first.list_payments(resume=str(await checkpoint_of(second)))


async def test_checkpoint_of_other_filters() -> None:
    """A checkpoint brings its filters along; the same may be given, others are refused."""
    async with CampfireSandbox(payments=200) as sandbox, campfire(sandbox) as provider:
        checkpoint = await checkpoint_of(provider, voided=False, modified_since=date(2025, 1, 1))
        for wrong in (
            {"voided": True},
            {"voided": False},
            {"invoice_id": 47864},
            {"modified_since": date(2025, 1, 2), "voided": False},
        ):
            with pytest.raises(
                ConfigurationError, match="This checkpoint belongs to a listing with other filters"
            ):
                provider.list_payments(resume=checkpoint, **cast("dict[str, Any]", wrong))
        with pytest.raises(
            ConfigurationError,
            match=r"other filters \(none, not voided=true\)\. Leave your filters out to resume with those of the checkpoint\.$",
        ):
            provider.list_payments(resume=await checkpoint_of(provider), voided=True)
        expected = [str(row["id"]) for row in sandbox.payments if row["voided_date"] is None][2:]
        assert expected == ids(await provider.list_payments(resume=checkpoint).collect())
        assert expected == ids(
            await provider.list_payments(
                resume=checkpoint, voided=False, modified_since=date(2025, 1, 1)
            ).collect()
        )


async def test_checkpoint_holds_no_key() -> None:
    """Neither a checkpoint nor its text has the key."""
    async with CampfireSandbox() as sandbox, campfire(sandbox) as provider:
        checkpoint = await checkpoint_of(provider)
        assert "sandbox-key" not in f"{checkpoint!r} {checkpoint} {checkpoint.position}"
        assert checkpoint == Checkpoint.parse(str(checkpoint))


async def test_deadline_does_not_count_the_consumers_time() -> None:
    """The deadline bounds what paysdk takes, not what its consumer does in between."""
    async with CampfireSandbox(payments=6) as sandbox, campfire(sandbox, deadline=0.1) as provider:
        count = 0
        async for page in provider.list_payments(page_size=2).pages():
            await asyncio.sleep(0.05)
            count += len(page.payments)
        assert 6 == count


@pytest.mark.parametrize("fault", [hang(), status(503, retry_after=30)], ids=["hang", "wait"])
async def test_deadline_ends_a_listing(fault: Fault) -> None:
    """It says so, and where, and how to go on, with another object if the API told this one to wait."""
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


async def test_timeout_of_an_attempt_is_told_apart() -> None:
    """A page that takes longer than one attempt may is a timeout of that attempt, after all of them."""
    async with CampfireSandbox(payments=6, faults=FaultPlan().always(hang())) as sandbox:
        async with campfire(sandbox, timeout=0.1, deadline=5) as provider:
            with pytest.raises(RequestTimeoutError, match=r"timeout of 0\.1 s for one attempt"):
                await provider.list_payments().first()
        assert 3 == len(sandbox.requests)


@FAMILIES
async def test_left_in_order(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """When an iteration that was left is closed, its request for the next page has ended."""
    async with make(payments=6, latency=0.001) as sandbox, open_at(sandbox) as provider:
        before = asyncio.all_tasks()
        async with contextlib.aclosing(
            cast("AsyncGenerator[Page]", provider.list_payments(page_size=2, **arguments).pages())
        ) as pages:
            await anext(pages)
        left = {task for task in asyncio.all_tasks() - before if "fetch" in repr(task)}
        assert set() == left
        assert set() == provider._client._tasks


async def test_thrown_away() -> None:
    """An iteration that is thrown away half-way ends its request for the next page."""
    async with CampfireSandbox(payments=6, latency=0.005) as sandbox, campfire(sandbox) as provider:
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        assert 1 == len(provider._client._tasks)
        del pages
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        assert set() == provider._client._tasks


async def test_cancelled_between_pages(until: Until) -> None:
    """Being cancelled while a page is awaited ends its request."""
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


async def test_closed_between_pages() -> None:
    """Closing the provider under a listing is said by the next page."""
    async with CampfireSandbox(payments=6, latency=0.005) as sandbox, campfire(sandbox) as provider:
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        await provider.aclose()
        with pytest.raises(ConfigurationError, match="This campfire provider is closed"):
            await anext(pages)


async def test_many_listings_on_one_object() -> None:
    """Twenty listings at a time do not disturb one another."""
    async with CampfireSandbox(payments=30) as sandbox, campfire(sandbox) as provider:
        found = await asyncio.gather(
            *(provider.list_payments(page_size=size).collect() for size in range(1, 21))
        )
        assert [truth(sandbox)] * 20 == [ids(payments) for payments in found]


async def test_everything_goes_wrong() -> None:
    """Through a fault at every third request, each payment comes once."""
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


async def test_side_by_side_after_a_failure() -> None:
    """Also where several pages are on their way, the error's checkpoint leads to exactly the rest."""
    for arguments, number in itertools.product(({}, {"pagination": "offset"}), range(1, 12)):
        faults = FaultPlan().on(number, status(500))
        async with (
            CampfireSandbox(payments=30, faults=faults) as sandbox,
            campfire(sandbox, retry=ONCE) as provider,
        ):
            chosen: dict[str, Any] = {"page_size": 4, "concurrency": 3, **arguments}
            given, error = await walked(provider.list_payments(**chosen))
            if error is not None:
                assert isinstance(error, APIError)
                assert (error.checkpoint is None) == (given == [])
                given += ids(
                    await provider.list_payments(resume=error.checkpoint, **chosen).collect()
                )
            assert truth(sandbox) == sorted(given, key=truth(sandbox).index)


def test_time_between_two_answers() -> None:
    """A checkpoint is good in another event loop, another process or another day: it is a text."""
    sandbox = CampfireSandbox(payments=5)

    async def first() -> str:
        async with sandbox, campfire(sandbox) as provider:
            return str(await checkpoint_of(provider))

    async def second(text: str) -> list[str]:
        async with sandbox, campfire(sandbox) as provider:
            return ids(await provider.list_payments(resume=text).collect())

    assert truth(sandbox)[2:] == asyncio.run(second(asyncio.run(first())))


async def test_nobody_listens_any_more() -> None:
    """A server that goes away in the middle is a ConnectionFailedError with a checkpoint."""
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


async def test_malformed_record_where_pages_overlap_is_set_aside_once() -> None:
    """A malformed record at the end of a page that the next page starts with is set aside once, and no payment is lost."""
    aside: list[MalformedResponseError] = []
    async with (
        NotifySandbox(payments=6, links="last-of-page") as sandbox,
        notify(sandbox, on_malformed=aside.append) as provider,
    ):
        spoilt = truth(sandbox)[2]
        sandbox.change_payment(spoilt, amount="much")
        found = ids(await provider.list_payments(page_size=2).collect())
        assert [payment_id for payment_id in truth(sandbox) if payment_id != spoilt] == found
    assert 1 == len(aside)


def test_checkpoint_without_a_position_is_none() -> None:
    """A checkpoint without a position is refused at the call."""
    with pytest.raises(
        ConfigurationError,
        match=r"it has no position\. Pass a Page\.checkpoint, an error\.checkpoint, or its str\(\) unchanged\.$",
    ):
        CampfireProvider("sandbox-key").list_payments(resume=Checkpoint("campfire", "", "[]"))


def test_checkpoint_brings_all_of_a_position_back() -> None:
    """What a position says of what was given, and of its window, is in its checkpoint."""
    start, end = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
    text = (
        f'[["{LIST}?voided=true&limit=5",["a",1],"{start}","{end}"],["{LIST}?cursor=&voided=True"]]'
    )
    source = cast(
        "PagedListing[Payment]", CampfireProvider("sandbox-key").list_payments()
    )._endpoint
    checkpoint = Checkpoint("campfire", "voided=true", text)
    positions, filters = read_checkpoint(
        str(checkpoint), "campfire", LIST, "voided=true", source.pagination
    )
    expected = [
        Position(
            "voided=true&limit=5",
            ("a", 1),
            datetime.fromisoformat(start),
            datetime.fromisoformat(end),
        ),
        Position("cursor=&voided=True"),
    ]
    assert (expected, "voided=true") == (positions, filters)
    made = attrs.evolve(source.checkpoint(expected), filters="voided=true")
    assert expected == read_checkpoint(made, "campfire", LIST, "", source.pagination)[0]


async def test_collect_that_fails_has_given_nothing() -> None:
    """The checkpoint of a failed ``collect`` is where it began, since what it had read is gone with it."""
    async with (
        CampfireSandbox(payments=7, faults=FaultPlan().on([3, 6], status(500))) as sandbox,
        campfire(sandbox, retry=ONCE) as provider,
    ):
        with pytest.raises(ServerError) as raised:
            await provider.list_payments(page_size=2).collect()
        assert raised.value.checkpoint is None
        spoil(sandbox, FaultPlan())
        resume = await checkpoint_of(provider)
        spoil(sandbox, FaultPlan().on(2, status(500)))
        with pytest.raises(ServerError) as raised:
            await provider.list_payments(page_size=2, resume=resume).collect()
        assert truth(sandbox)[2:] == ids(
            await provider.list_payments(resume=raised.value.checkpoint).collect()
        )


async def test_a_pages_payments_are_a_sequence() -> None:
    """The payments of a page can be counted, indexed, sliced, gone through again, compared and shown like a list of them."""
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        pages = [page async for page in provider.list_payments().pages()]
        payments = await provider.list_payments().collect()
        one_by_one = [payment.raw["id"] async for payment in provider.list_payments()]
    (page,) = pages
    assert (
        one_by_one
        == [page.payments[place].raw["id"] for place in range(5)]
        == [payment.raw["id"] for payment in page.payments[:]]
    )
    assert (payments, payments) == (page.payments, list(page.payments))
    assert (5, payments[0], payments[-1], payments[1:3]) == (
        len(page.payments),
        page.payments[0],
        page.payments[-1],
        page.payments[1:3],
    )
    assert repr(payments) == repr(page.payments)
    assert payments[:4] != page.payments
    assert page.payments != cast("object", "payments")
    assert page.payments != cast("object", 7)
    assert payments[2] in page.payments
    with pytest.raises(TypeError, match="unhashable"):
        hash(page.payments)


async def test_a_record_in_the_way_of_self_pointing_links_hides_nothing() -> None:
    """Where links point at their own page and its other records cannot be read, a larger page shows what comes after them."""
    aside: list[MalformedResponseError] = []
    async with (
        NotifySandbox(payments=9, links="first-of-page") as sandbox,
        notify(sandbox, on_malformed=aside.append) as provider,
    ):
        spoilt = truth(sandbox)[1:5]
        for payment_id in spoilt:
            sandbox.change_payment(payment_id, amount="1_000")
        assert [each for each in truth(sandbox) if each not in spoilt] == ids(
            await provider.list_payments(page_size=2).collect()
        )
    assert {"$.payments"} == {error.path.partition("[")[0] for error in aside}


async def test_an_api_that_repeats_the_key_does_not_bring_it_into_errors() -> None:
    """The API's own words come without the key."""
    faults = FaultPlan().always(status(400, body=b'{"detail": "bad header Token sandbox-key"}'))
    async with CampfireSandbox(payments=1, faults=faults) as sandbox, campfire(sandbox) as provider:
        with pytest.raises(APIError, match=r"bad header Token \*\*\*") as raised:
            await provider.list_payments().first()
    assert "sandbox-key" not in f"{raised.value} {raised.value.detail}"
