"""Tests of following a provider without a database."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    AuthenticationError,
    CampfireProvider,
    Capabilities,
    Checkpoint,
    ConfigurationError,
    Follower,
    InvoiceRef,
    ListingReport,
    MalformedResponseError,
    NotFoundError,
    NotifyProvider,
    Page,
    Payment,
    PaymentChange,
    PaysdkError,
    RetryPolicy,
    ServerError,
    UnsupportedFilterError,
    follow_payments,
)
from paysdk.events import Event, PollFailed
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import FaultPlan, Sandbox, open_sandbox, reset, status, wrong_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    Until = Callable[[Callable[[], object]], Awaitable[None]]

# Before the first payment of the sandbox.
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
SOON = 0.001
NO_RETRY = RetryPolicy(attempts=1)


def campfire_of(sandbox: Sandbox, **settings: Any) -> CampfireProvider:
    """A provider for a sandbox. It leaves retries to the follower."""
    return CampfireProvider(sandbox.api_key, base_url=sandbox.url, retry=NO_RETRY, **settings)


def notify_of(sandbox: Sandbox, **settings: Any) -> NotifyProvider:
    """A provider for a sandbox. It leaves retries to the follower."""
    return NotifyProvider(sandbox.api_key, base_url=sandbox.url, retry=NO_RETRY, **settings)


async def take(follower: Follower, count: int) -> list[tuple[str, str]]:
    """Return the kind and the id of the next changes."""
    found: list[tuple[str, str]] = []
    while len(found) < count:
        change = await anext(follower)
        found.append((change.kind, change.payment.id))
    return found


async def assert_quiet(follower: Follower, sandbox: Sandbox, until: Until) -> None:
    """Check that a few more passes find nothing. The follower ends here."""
    before = len(sandbox.requests)
    following = asyncio.ensure_future(anext(follower))
    await until(lambda: len(sandbox.requests) >= before + 5 or following.done())
    assert not following.done()
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_changes_come_once_each(until: Until) -> None:
    """What is created, changed or voided comes once, as it is then."""
    async with (
        CampfireSandbox(payments=10) as sandbox,
        campfire_of(sandbox) as campfire,
    ):
        follower = follow_payments(campfire, every=SOON, since=BEGINNING)
        assert {("created", str(row["id"])) for row in sandbox.payments} == set(
            await take(follower, 10)
        )
        added = sandbox.add_payment(amount=Decimal("7.50"))
        assert [("created", str(added))] == await take(follower, 1)
        sandbox.change_payment(22225, external_id="new")
        assert [("changed", "22225")] == await take(follower, 1)
        sandbox.void_payment(added)
        change = await anext(follower)
        assert ("voided", True) == (change.kind, change.payment.is_voided)
        assert Decimal("7.50") == change.payment.amount
        await assert_quiet(follower, sandbox, until)


async def test_one_request_for_each_pass_without_changes(until: Until) -> None:
    """When nothing changes, a pass is one request, however many payments there are."""
    async with (
        CampfireSandbox(payments=3000) as sandbox,
        campfire_of(sandbox) as campfire,
    ):
        events: list[Event] = []
        follower = follow_payments(campfire, every=SOON, since=BEGINNING)
        await take(follower, 3000)
        before = len(sandbox.requests)
        following = asyncio.ensure_future(anext(follower))
        await until(lambda: len(sandbox.requests) >= before + 10)
        following.cancel()
    polls = sandbox.requests[before : before + 10]

    assert [] == events
    assert 1 == len({poll.query["last_modified_at__gte"] for poll in polls})
    assert {""} == {poll.query["cursor"] for poll in polls}


async def test_pass_begins_after_the_interval() -> None:
    """The time between two passes is `every`, less the time that the first one took."""
    async with CampfireSandbox(payments=1) as sandbox, campfire_of(sandbox) as campfire:
        follower = follow_payments(campfire, every=3600.0, since=BEGINNING)
        await take(follower, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(follower)

    assert 1 == len(sandbox.requests)


async def test_only_what_happens_from_now_on(until: Until) -> None:
    """Without `since`, the first pass only learns what is there."""
    now = datetime.now(UTC)
    rows = [{"last_modified_at": f"{now:%Y-%m-%dT%H:%M:%S}+0000"} for _ in range(3)]
    async with CampfireSandbox(rows=rows) as sandbox, campfire_of(sandbox) as campfire:
        follower = follow_payments(campfire, every=SOON)
        following = asyncio.ensure_future(anext(follower))
        await until(lambda: len(sandbox.requests) > 1)
        added = sandbox.add_payment()
        change = await following
        await assert_quiet(follower, sandbox, until)

    assert ("created", str(added)) == (change.kind, change.payment.id)


async def test_old_payment_that_changes_is_not_created() -> None:
    """A payment that was created before the follower began is changed or voided."""
    async with CampfireSandbox(payments=5) as sandbox, campfire_of(sandbox) as campfire:
        later = sandbox.payments[-1]["last_modified_at"]
        since = datetime.fromisoformat(str(later)) + timedelta(seconds=1)
        sandbox.change_payment(22224, external_id="x", voided_date=None)
        sandbox.void_payment(22225)
        follower = follow_payments(campfire, every=SOON, since=since)

        assert [("changed", "22224"), ("voided", "22225")] == await take(follower, 2)


async def test_day_as_since() -> None:
    """A day begins at midnight in UTC."""
    async with CampfireSandbox(payments=5) as sandbox, campfire_of(sandbox) as campfire:
        follower = follow_payments(campfire, every=SOON, since=date(2025, 1, 1))
        await take(follower, 5)

    assert "2025-01-01T00:00:00" in sandbox.requests[0].query["last_modified_at__gte"]


async def test_follows_by_comparison(until: Until) -> None:
    """A provider that cannot list incrementally is listed as a whole, and compared."""
    async with NotifySandbox(payments=600) as sandbox, notify_of(sandbox) as notify:
        follower = follow_payments(notify, every=SOON)
        following = asyncio.ensure_future(anext(follower))
        await until(lambda: len(sandbox.requests) > 3)
        added = sandbox.add_payment()
        change = await following
        assert ("created", added) == (change.kind, change.payment.id)
        oldest = str(sandbox.payments[-1]["id"])
        sandbox.change_payment(oldest, amount=Decimal("1.00"))
        assert [("changed", oldest)] == await take(follower, 1)
        sandbox.delete_payment(oldest)
        await assert_quiet(follower, sandbox, until)


@pytest.mark.parametrize("name", ["campfire", "notify"])
async def test_resumes_after_each_change(name: str, until: Until) -> None:
    """A follower that resumes from a checkpoint finds what happened since, and nothing twice."""
    make: Callable[..., Any] = campfire_of if name == "campfire" else notify_of
    since = BEGINNING if name == "campfire" else None
    expected: list[tuple[str, str]] = []
    found: list[tuple[str, str]] = []
    checkpoint: str | None = None
    async with open_sandbox(name, payments=0) as opened:
        sandbox: Any = opened
        for round_ in range(6):
            async with make(sandbox) as provider:
                follower = follow_payments(
                    provider,
                    every=SOON,
                    since=None if checkpoint else since,
                    resume=checkpoint,
                )
                if not checkpoint and not since:
                    learning = asyncio.ensure_future(anext(follower))
                    await until(lambda: len(sandbox.requests) > 1)
                    expected += [("created", str(sandbox.add_payment()))]
                    change = await learning
                    found.append((change.kind, change.payment.id))
                expected += [("created", str(sandbox.add_payment())) for _ in range(3)]
                found += await take(follower, 2 if round_ % 2 else 3)
                checkpoint = follower.checkpoint
                await follower.aclose()
        async with make(sandbox) as provider:
            follower = follow_payments(provider, every=SOON, resume=checkpoint)
            found += await take(follower, len(expected) - len(found))
            await assert_quiet(follower, sandbox, until)

    assert sorted(expected) == sorted(found)


async def test_checkpoint_within_a_long_first_pass() -> None:
    """Resuming within a page repeats nothing, loses nothing, and does not begin again."""
    async with CampfireSandbox(payments=300) as sandbox:
        found: list[str] = []
        checkpoint: str | None = None
        while len(found) < 300:
            async with campfire_of(sandbox) as campfire:
                small = _SmallPages(campfire)
                follower = follow_payments(
                    small,
                    every=SOON,
                    since=None if checkpoint else BEGINNING,
                    resume=checkpoint,
                )
                found += [each for _, each in await take(follower, min(70, 300 - len(found)))]
                checkpoint = follower.checkpoint
                await follower.aclose()

    assert {str(row["id"]) for row in sandbox.payments} == set(found)
    assert 300 == len(found)


class _SmallPages:
    """A provider whose pages have at most fifty payments."""

    def __init__(self, inner: CampfireProvider) -> None:
        self._inner = inner
        self.name = inner.name
        self.capabilities = attrs.evolve(inner.capabilities, max_page_size=50)

    def list_payments(self, **arguments: Any) -> Any:
        return self._inner.list_payments(**arguments)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def test_memory_is_bounded_in_a_long_pass() -> None:
    """Only the payments of the overlap are remembered."""
    async with (
        CampfireSandbox(payments=3000) as sandbox,
        campfire_of(sandbox) as campfire,
    ):
        follower = follow_payments(_SmallPages(campfire), every=SOON, since=BEGINNING, max_known=80)
        await take(follower, 3000)

        assert len(follower.checkpoint) < 4000


async def test_too_many_to_compare(until: Until) -> None:
    """Beyond the bound, an error says what to do, and the follower can be resumed with more."""
    async with NotifySandbox(payments=300) as sandbox, notify_of(sandbox) as notify:
        follower = follow_payments(notify, every=SOON, max_known=299)
        with pytest.raises(PaysdkError, match=r"more than 299 payments.*Raise max_known") as raised:
            await anext(follower)
        again = follow_payments(notify, every=SOON, max_known=301, resume=raised.value.checkpoint)
        following = asyncio.ensure_future(anext(again))
        await until(lambda: len(sandbox.requests) > 6)
        added = sandbox.add_payment()

        assert added == (await following).payment.id


async def test_backs_off_on_errors(caplog: pytest.LogCaptureFixture, until: Until) -> None:
    """It waits longer after each error in a row, says so by events and in the log, and goes on."""
    plan = FaultPlan().on(2, status(503)).on(3, reset()).on(4, wrong_body())
    told: list[Event] = []
    async with (
        CampfireSandbox(payments=1, faults=plan) as sandbox,
        campfire_of(sandbox) as campfire,
    ):
        follower = follow_payments(campfire, every=0.01, since=BEGINNING, on_event=told.append)
        await take(follower, 1)
        following = asyncio.ensure_future(anext(follower))
        await until(lambda: len(sandbox.requests) >= 5)
        added = sandbox.add_payment()
        assert str(added) == (await following).payment.id
        await follower.aclose()

    assert [
        ("campfire", "ServerError", 1, 0.01),
        ("campfire", "ConnectionFailedError", 2, 0.02),
        ("campfire", "MalformedResponseError", 3, 0.04),
    ] == [
        (event.provider, event.error, event.failures, event.wait)
        for event in told
        if isinstance(event, PollFailed)
    ]
    assert list(map(str, told)) == [
        record.getMessage() for record in caplog.records if record.levelname == "WARNING"
    ]


async def test_wait_has_a_bound_and_obeys_the_provider() -> None:
    """The wait is at most a quarter of an hour, or as long as the provider asks for."""
    async with CampfireSandbox() as sandbox, campfire_of(sandbox) as campfire:
        follower = follow_payments(campfire, every=60.0)

    assert [60.0, 120.0, 900.0, 900.0] == [
        follower._wait_after(ServerError(), failures) for failures in (1, 2, 6, 5000)
    ]
    assert 4000.0 == follower._wait_after(ServerError(retry_after=4000.0), 1)
    assert 7200.0 == follow_payments(campfire, every=7200.0)._wait_after(ServerError(), 3)


async def test_callback_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the callback is logged and ignored."""

    def broken(_event: Event) -> None:
        raise LookupError("no dashboard")

    plan = FaultPlan().first(1, status(503))
    async with (
        CampfireSandbox(payments=1, faults=plan) as sandbox,
        campfire_of(sandbox) as campfire,
    ):
        await take(follow_payments(campfire, every=SOON, since=BEGINNING, on_event=broken), 1)

    assert "no dashboard" in caplog.text


async def test_wrong_key_ends_it() -> None:
    """An error that stays is raised, with the checkpoint from which to resume."""
    async with CampfireSandbox(payments=1) as sandbox, campfire_of(sandbox) as campfire:
        follower = follow_payments(campfire, every=SOON, since=BEGINNING)
        await take(follower, 1)
        wrong = CampfireProvider("another-key", base_url=sandbox.url)
        async with wrong:
            refused = follow_payments(wrong, every=SOON, resume=follower.checkpoint)
            with pytest.raises(AuthenticationError) as raised:
                await anext(refused)
            with pytest.raises(StopAsyncIteration):
                await anext(refused)
        added = sandbox.add_payment()
        again = follow_payments(campfire, every=SOON, resume=raised.value.checkpoint)

        assert [("created", str(added))] == await take(again, 1)


async def test_unreadable_record_ends_it() -> None:
    """Without `on_malformed`, a record that cannot be read is an error that stays."""
    rows = [{"amount": "many"}]
    async with CampfireSandbox(rows=rows) as sandbox, campfire_of(sandbox) as campfire:
        with pytest.raises(MalformedResponseError):
            await anext(follow_payments(campfire, every=SOON, since=BEGINNING))


async def test_record_that_was_set_aside_comes_when_it_is_corrected() -> None:
    """With `on_malformed`, the others come, and so does the record when it was corrected."""
    rows: list[dict[str, object]] = [{"amount": "many"}, {"amount": Decimal(1)}]
    async with (
        CampfireSandbox(rows=rows) as opened,
        campfire_of(opened, on_malformed=lambda _: None) as campfire,
    ):
        sandbox: Any = opened
        follower = follow_payments(campfire, every=SOON, since=BEGINNING)
        good, bad = (
            next(row["id"] for row in sandbox.payments if row["amount"] == amount)
            for amount in (Decimal(1), "many")
        )
        assert [("created", str(good))] == await take(follower, 1)
        sandbox.change_payment(bad, amount=Decimal(2))

        assert [str(bad)] == [each for _, each in await take(follower, 1)]


class Shelf:
    """A provider over lists of payments, whose pages and errors a test decides."""

    name = "acme"

    def __init__(self, *, incremental: bool = True, by: Any = "modified") -> None:
        self.capabilities = Capabilities(
            filters=frozenset({"modified_since"} if incremental else ()),
            max_page_size=100,
            reports_voids=True,
            lists_incrementally=incremental,
            incremental_by=by,
        )
        self.passes: list[list[Page | Exception]] = []
        self.asked: list[dict[str, Any]] = []
        self.report = ListingReport()
        self.closed = 0

    def list_payments(self, **arguments: Any) -> Any:
        self.asked.append(arguments)
        return self

    async def pages(self) -> AsyncIterator[Page]:
        try:
            for each in self.passes.pop(0) if self.passes else []:
                if isinstance(each, Exception):
                    raise each
                yield each
        finally:
            self.closed += 1

    async def aclose(self) -> None:
        """It holds nothing."""


NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def paid(
    payment_id: int,
    amount: object = 1,
    *,
    minute: float | None = 0,
    created: float | None = 0,
    voided: bool = False,
) -> Payment:
    """A payment that was modified, and created, that many minutes after `NOW`."""
    return Payment(
        provider="acme",
        id=str(payment_id),
        amount=Decimal(str(amount)),
        invoice=InvoiceRef("1"),
        voided=voided,
        created_at=None if created is None else NOW + timedelta(minutes=created),
        modified_at=None if minute is None else NOW + timedelta(minutes=minute),
    )


def page(payments: Sequence[Payment], following: str | None = None) -> Page:
    """A page, and the position of the next one."""
    return Page(payments, None, None if following is None else Checkpoint("acme", "", following))


async def test_watermark_is_the_latest_time_less_the_overlap() -> None:
    """A pass lists from the latest time that was seen, less the overlap, and not before `since`."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1, minute=2, created=2)])],
        [page([paid(2, minute=30, created=30), paid(3, minute=20, created=20)])],
        [page([paid(2, minute=30, created=30), paid(4, minute=29, created=28)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", str(each)) for each in (1, 2, 3, 4)] == await take(follower, 4)
    assert [NOW, NOW, NOW + timedelta(minutes=25)] == [
        each["modified_since"] for each in shelf.asked
    ]


async def test_provider_that_lists_more_than_was_asked() -> None:
    """A payment from before the time of the filter is no change."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1, minute=-1, created=-1), paid(2, minute=30, created=30)])],
        [page([paid(2, minute=30, created=30), paid(3, minute=31, created=31)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW, overlap=0)

    assert [("created", "2"), ("created", "3")] == await take(follower, 2)


async def test_several_payments_at_the_watermark() -> None:
    """Payments that share the time of the watermark come once each, also if they come late."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1), paid(2)])],
        [page([paid(1), paid(2), paid(3)])],
        [page([paid(1), paid(2), paid(3), paid(4)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW, overlap=0)

    assert [("created", str(each)) for each in (1, 2, 3, 4)] == await take(follower, 4)
    assert {NOW} == {each["modified_since"] for each in shelf.asked}


async def test_resumes_with_a_larger_overlap() -> None:
    """What is not remembered any more does not come again."""
    shelf = Shelf()
    payments = [paid(number, minute=number, created=number) for number in range(11)]
    shelf.passes = [[page(payments[:10])], [page(payments[:10])], [page(payments)]]
    follower = follow_payments(shelf, every=SOON, since=NOW, overlap=60)
    found = await take(follower, 9)
    # The last payment makes the follower note the end of the page.
    following = asyncio.ensure_future(anext(follower))
    while len(shelf.asked) < 2:
        await asyncio.sleep(0)
        if following.done():
            found.append(("created", (await following).payment.id))
            following = asyncio.ensure_future(anext(follower))
    checkpoint = follower.checkpoint
    following.cancel()
    shelf.passes = [[page(payments)]]
    again = follow_payments(shelf, every=SOON, resume=checkpoint, overlap=3600)
    found += await take(again, 1)

    assert [("created", str(number)) for number in range(11)] == found


async def test_older_version_is_no_change() -> None:
    """A version that is older than the one that came before arrives late, and is ignored."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1, 5, minute=2)])],
        [page([paid(1, 4, minute=1), paid(2)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2")] == await take(follower, 2)


async def test_other_form_is_no_change() -> None:
    """The same content in another form is not a change."""
    shelf = Shelf()
    first, second = (
        attrs.evolve(paid(1, amount), raw=raw)
        for amount, raw in (("1.5", b'{"a": 1.0, "b": []}'), ("1.50", b'{"b":[],"a":1}'))
    )
    shelf.passes = [[page([each])] for each in (first, second, first)]
    shelf.passes.append([page([first, paid(2)])])
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2")] == await take(follower, 2)


async def test_payments_without_times() -> None:
    """A payment without a time is remembered for good, and counts as created."""
    shelf = Shelf()
    shelf.passes = [[page([paid(1, minute=None, created=None)])] for _ in range(2)]
    shelf.passes.append(
        [page([paid(1, minute=None, created=None), paid(2, minute=None, created=None)])]
    )
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2")] == await take(follower, 2)


async def test_lists_by_creation() -> None:
    """For a provider that lists by creation, the time is when a payment was created."""
    shelf = Shelf(by="created")
    shelf.passes = [[page([paid(1, minute=60, created=10)])], [page([paid(2, created=11)])]]
    await take(follow_payments(shelf, every=SOON, since=NOW), 2)

    assert NOW + timedelta(minutes=5) == shelf.asked[1]["modified_since"]


async def test_interrupted_pass_continues() -> None:
    """After an error, a pass continues with the page that failed."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1)], "2"), ServerError(status=503)],
        [ServerError(status=503)],
        [page([paid(2)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2")] == await take(follower, 2)
    assert [None, "paysdk1", "paysdk1"] == [
        each.get("resume") and each["resume"][:7] for each in shelf.asked
    ]


@pytest.mark.parametrize(
    "refusal",
    [[NotFoundError(status=404)], [], [page([])]],
    ids=["status", "nothing", "empty"],
)
async def test_refused_checkpoint_begins_the_pass_again(refusal: list[Page | Exception]) -> None:
    """If the place of the interruption is gone, the pass begins again, and nothing comes twice."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1)], "2"), ServerError(status=503)],
        refusal,
        [page([paid(1)], "2"), page([paid(2)])],
        [page([paid(3)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2"), ("created", "3")] == await take(follower, 3)


async def test_resumed_listing_without_a_last_page() -> None:
    """A listing may end after a page that has a checkpoint."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1)], "2"), ServerError(status=503)],
        [page([paid(2)], "3")],
        [page([paid(3)])],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2"), ("created", "3")] == await take(follower, 3)


async def test_refused_checkpoint_of_a_long_pass() -> None:
    """If the pass cannot be compared with what came before, an error says so."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1)], "2"), page([paid(2, minute=90)], "3"), ServerError(status=503)],
        [NotFoundError(status=404)],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)
    await take(follower, 2)

    with pytest.raises(PaysdkError, match="acme no longer accepts the place"):
        await anext(follower)


async def test_error_that_stays_after_a_resumption() -> None:
    """Only the statuses that refuse a checkpoint begin the pass again."""
    shelf = Shelf()
    shelf.passes = [
        [page([paid(1)], "2"), ServerError(status=503)],
        [AuthenticationError(status=401)],
    ]
    follower = follow_payments(shelf, every=SOON, since=NOW)
    await take(follower, 1)

    with pytest.raises(AuthenticationError):
        await anext(follower)


async def test_nothing_stays_behind() -> None:
    """Leaving in the middle of a page closes the listing."""
    shelf = Shelf()
    shelf.passes = [[page([paid(1), paid(2)], "2"), page([paid(3)])]]
    async with aclosing(follow_payments(shelf, every=SOON, since=NOW)) as follower:
        async for change in follower:
            assert isinstance(change, PaymentChange)
            break
    assert 1 == shelf.closed

    before = asyncio.all_tasks()
    async with CampfireSandbox(payments=300) as sandbox, campfire_of(sandbox) as campfire:
        async for _ in follow_payments(_SmallPages(campfire), every=SOON, since=BEGINNING):
            break
        gc.collect()
    await asyncio.sleep(0)
    assert before == asyncio.all_tasks()


async def test_last_page_is_given_when_nothing_is_under_way() -> None:
    """While the caller has the changes of the last page, the listing is closed."""
    shelf = Shelf()
    shelf.passes = [[page([paid(1), paid(2)])]]
    await anext(follow_payments(shelf, every=SOON, since=NOW))

    assert 1 == shelf.closed


async def test_pages_of_any_kind() -> None:
    """The pages of a listing may be another iterator than a generator."""

    class Pages:
        """One page at a time, without anything to close."""

        def __init__(self, pages: list[Page]) -> None:
            self._pages = pages

        def __aiter__(self) -> Pages:
            return self

        async def __anext__(self) -> Page:
            if not self._pages:
                raise StopAsyncIteration
            return self._pages.pop(0)

    class Other(Shelf):
        """A provider whose listing has such pages."""

        def pages(self) -> Any:
            return Pages([page([paid(1)], "2"), page([paid(2)])])

    follower = follow_payments(Other(), every=SOON, since=NOW)

    assert [("created", "1"), ("created", "2")] == await take(follower, 2)


async def test_cancelled_while_it_waits(until: Until) -> None:
    """A task that is cancelled between two passes ends at once."""
    shelf = Shelf()
    follower = follow_payments(shelf, every=3600.0, since=NOW)
    task = asyncio.ensure_future(anext(follower))
    await until(lambda: shelf.closed)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_long_page_lets_others_run() -> None:
    """Other tasks get their turn within a page in which nothing changed."""
    shelf = Shelf(incremental=False)
    payments = [paid(number) for number in range(500)]
    shelf.passes = [[page(payments)]]
    turns = 0
    follower = follow_payments(shelf, every=3600.0)
    task = asyncio.ensure_future(anext(follower))
    while not shelf.closed or turns < 4:
        turns += bool(shelf.closed)
        await asyncio.sleep(0)
        assert not task.done()
    task.cancel()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"every": 0}, "every must be a finite number of seconds above 0, not 0"),
    ({"every": "60"}, "every must be a finite number"),
    ({"overlap": -1}, "overlap must be a finite number"),
    ({"on_event": "print"}, "on_event must be callable, not 'print'"),
    ({"max_known": 0}, "max_known must be a whole number from 1"),
    ({"since": datetime(2026, 1, 1)}, "since must be an aware datetime"),  # noqa: DTZ001  # refused
    ({"since": "2026-01-01"}, "since must be an aware datetime or a date"),
    ({"since": NOW, "resume": "paysdk1.x"}, "leave since= out"),
    ({"resume": "x"}, "This is not a checkpoint of follow_payments: it does not begin like"),
    ({"resume": 7}, "resume must be the checkpoint of a follower"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    """A wrong argument is refused at the call."""
    with pytest.raises(ConfigurationError, match=message):
        follow_payments(Shelf(), **arguments)


def test_needs_a_provider() -> None:
    """What is not a provider is refused."""
    wrong: Any = "campfire"
    with pytest.raises(ConfigurationError, match="must be a PaymentsProvider, not 'campfire'"):
        follow_payments(wrong)


def test_since_needs_times() -> None:
    """A provider without times of modification cannot be followed since a time."""
    with pytest.raises(UnsupportedFilterError, match="acme cannot list by time of modification"):
        follow_payments(Shelf(incremental=False), since=NOW)


def test_repr() -> None:
    """It says whose payments it follows."""
    assert "<follower of acme payments>" == repr(follow_payments(Shelf()))
