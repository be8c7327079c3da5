"""Run a sync to the end of its pass."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    AuthenticationError,
    CampfireProvider,
    Checkpoint,
    ConfigurationError,
    ConnectionFailedError,
    ListingReport,
    NotFoundError,
    NotifyProvider,
    PaginationError,
)
from paysdk.sync import (
    AccountBusyError,
    LeaseLostError,
    SQLPaymentStore,
    TooManyVanishedError,
    sync_payments,
)
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Kept = Callable[..., Awaitable[dict[str, Payment]]]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]
    Counts = Callable[..., dict[str, int]]
    Kinds = Callable[..., Awaitable[list[tuple[str, str, tuple[str, ...]]]]]
    StopAt = Callable[..., Callable[[int], Awaitable[None]]]


START = datetime(2025, 1, 1, tzinfo=UTC)


PROVIDERS: dict[str, type[CampfireProvider | NotifyProvider]] = {
    "campfire": CampfireProvider,
    "notify": NotifyProvider,
}


class Empty:
    """A listing without pages, from an iterator that cannot be closed."""

    report = ListingReport()

    def pages(self) -> Empty:
        """Return the listing itself."""
        return self

    def __aiter__(self) -> Empty:
        return self

    async def __anext__(self) -> None:
        raise StopAsyncIteration


async def test_later_syncs_list_what_was_modified(
    counts: Counts, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """They list from the latest time of modification, minus the overlap."""
    shelf.payments = [make(number, number) for number in range(5)]
    first = await sync_payments(shelf, store)
    shelf.payments[0] = make(0, 9, voided_date=START.date())
    second = await sync_payments(shelf, store, overlap=60)

    assert [None, START + timedelta(minutes=3)] == [since for since, _ in shelf.asked]
    assert ("full", "incremental") == (first.kind, second.kind)
    assert ({"created": 5}, {"voided": 1, "unchanged": 2}) == (counts(first), counts(second))
    assert (START + timedelta(minutes=4), START + timedelta(minutes=9)) == (
        first.watermark,
        second.watermark,
    )


async def test_payments_at_the_watermark_are_listed_again(
    counts: Counts, kinds: Kinds, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A payment that was committed late is found, and others are not written again."""
    shelf.payments = [make(number, 7) for number in range(50)]
    await sync_payments(shelf, store)
    shelf.payments.append(make(50, 7))
    report = await sync_payments(shelf, store, overlap=0)

    assert {"created": 1, "unchanged": 50} == counts(report)
    assert [("created", str(number), ()) for number in range(51)] == await kinds(store)


async def test_thousands_of_payments_may_share_a_timestamp(
    counts: Counts, store: SQLPaymentStore, rows: Rows
) -> None:
    """They neither stall the passes nor make the state larger."""
    moment = "2025-01-01T08:00:00+0000"
    sandbox = open_sandbox(
        "campfire", rows=[{"id": number, "last_modified_at": moment} for number in range(1, 2051)]
    )
    async with sandbox, CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider:
        provider.capabilities = attrs.evolve(provider.capabilities, max_page_size=200)
        reports = [await sync_payments(provider, store) for _ in range(3)]
    state = (await rows(store, "SELECT * FROM sync_state"))[0]

    assert [{"created": 2050}, {"unchanged": 2050}, {"unchanged": 2050}] == list(
        map(counts, reports)
    )
    assert len(str(state)) < 1000


async def test_the_watermark_stays_until_a_pass_is_complete(
    counts: Counts, stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """An interrupted pass continues from its checkpoint, with the filter that it began with."""
    shelf.payments = [make(number, number) for number in range(4)]
    await sync_payments(shelf, store)
    shelf.payments = [make(number, number + 10) for number in range(4)]
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting = None
    resumed = await sync_payments(shelf, store)

    assert [(None, False), (START - timedelta(minutes=2), False), (None, True)] == [
        (since, resume is not None) for since, resume in shelf.asked
    ]
    assert (True, "incremental", {"changed": 2}) == (resumed.resumed, resumed.kind, counts(resumed))
    assert START + timedelta(minutes=13) == resumed.watermark


async def test_a_record_from_the_future_hides_no_later_change(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The watermark is never later than the start of the pass by our own clock."""
    before = datetime.now(UTC)
    shelf.payments = [make(1, 1), make(2, 60 * 24 * 365 * 100)]
    report = await sync_payments(shelf, store)

    assert report.watermark is not None
    assert before <= report.watermark <= datetime.now(UTC)


async def test_a_slow_clock_loses_nothing(
    counts: Counts,
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More is listed than needed, and the feed has no change twice."""

    class Slow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:  # noqa: ANN401  # as datetime has it
            return datetime(2001, 1, 1, tzinfo=tz)

    monkeypatch.setattr("paysdk.sync.run.datetime", Slow)
    shelf.payments = [make(1, 1), make(2, 2)]
    await sync_payments(shelf, store)
    shelf.payments[0] = make(1, 3, amount=Decimal(7))
    report = await sync_payments(shelf, store)

    assert {"changed": 1, "unchanged": 1} == counts(report)


async def test_a_full_pass_can_be_asked_for(
    counts: Counts, stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """It drops an interrupted pass, and starts again."""
    shelf.payments = [make(number, number) for number in range(6)]
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting = None
    del shelf.payments[0]
    report = await sync_payments(shelf, store, full=True)

    assert (False, "full", {"created": 4, "vanished": 1, "unchanged": 1}) == (
        report.resumed,
        report.kind,
        counts(report),
    )


@pytest.mark.parametrize(
    "refusal",
    [
        NotFoundError("Invalid cursor", status=404),
        PaginationError("circle"),
        LookupError("an empty page"),
        StopAsyncIteration(),
    ],
)
async def test_a_refused_checkpoint_restarts_the_pass(
    counts: Counts,
    stop_at: StopAt,
    shelf: Shelf,
    store: SQLPaymentStore,
    *,
    make: Make,
    kept: Kept,
    refusal: BaseException,
) -> None:
    """The payments after the checkpoint must not count as vanished."""
    shelf.payments = [make(number, number) for number in range(6)]
    shelf.waiting = stop_at(2)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting, shelf.refused = None, refusal
    report = await sync_payments(shelf, store)

    assert (False, "full", {"created": 2, "unchanged": 4}) == (
        report.resumed,
        report.kind,
        counts(report),
    )
    assert 6 == len(await kept(store))


async def test_a_refused_incremental_pass_restarts_at_its_watermark(
    counts: Counts, stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The watermark stays the same."""
    shelf.payments = [make(number, number) for number in range(6)]
    await sync_payments(shelf, store)
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store, overlap=120)
    shelf.waiting, shelf.refused = None, NotFoundError("Invalid cursor", status=404)
    report = await sync_payments(shelf, store, overlap=120)

    assert ("incremental", {"unchanged": 3}) == (report.kind, counts(report))
    assert START + timedelta(minutes=3) == shelf.asked[-1][0]


async def test_any_other_error_is_raised(
    counts: Counts, stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A refused key says nothing about the checkpoint, which stays."""
    shelf.payments = [make(number, number) for number in range(6)]
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting, shelf.refused = None, AuthenticationError("401", status=401)
    with pytest.raises(AuthenticationError):
        await sync_payments(shelf, store)

    assert (True, {"created": 4}) == (
        (report := await sync_payments(shelf, store)).resumed,
        counts(report),
    )


async def test_a_foreign_checkpoint_is_refused_and_kept(
    counts: Counts, stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, *, make: Make, rows: Rows
) -> None:
    """Nothing is overwritten until the caller asks for a full pass."""
    shelf.payments = [make(number, number) for number in range(4)]
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting = None
    other = Checkpoint("beta", "", "1")
    update = f"UPDATE sync_state SET checkpoint = '{other}'"  # noqa: S608  # no user's
    await rows(store, update, writes=True)
    with pytest.raises(
        ConfigurationError,
        match=r"has a checkpoint for acme .*'default'.* belongs to 'beta'.*full=True \(--full\)",
    ):
        await sync_payments(shelf, store)

    assert {"created": 2, "unchanged": 2} == counts(await sync_payments(shelf, store, full=True))


async def test_a_listing_that_a_provider_refuses_raises_its_error(
    shelf: Shelf, store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a checkpoint, a full pass would not help."""

    def refuse(*_: object, **__: object) -> None:
        raise ConfigurationError("The page size is wrong.")

    monkeypatch.setattr(type(shelf), "list_payments", refuse)
    with pytest.raises(ConfigurationError, match=r"^The page size is wrong\.$"):
        await sync_payments(shelf, store)


async def test_records_that_cannot_be_read_have_not_vanished(
    counts: Counts, stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, *, make: Make, kept: Kept
) -> None:
    """While records wait, a full pass marks no payment as vanished."""
    shelf.incremental = False
    shelf.payments = [make(number) for number in range(6)]
    await sync_payments(shelf, store)
    del shelf.payments[0]
    shelf.malformed, shelf.waiting = 1, stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.malformed, shelf.waiting = 0, None
    report = await sync_payments(shelf, store)

    assert {"unchanged": 3, "malformed": 1} == counts(report)
    assert 6 == len(await kept(store))


async def test_a_provider_that_no_longer_lists_incrementally_is_listed_in_full(
    stop_at: StopAt, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """This also ends an incremental pass that was interrupted."""
    shelf.payments = [make(number, 1) for number in range(6)]
    await sync_payments(shelf, store)
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting, shelf.incremental = None, False

    assert "full" == (await sync_payments(shelf, store)).kind


async def test_an_empty_listing_is_a_complete_pass(
    counts: Counts,
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A listing without any page is one too, if everything is allowed to vanish."""
    assert {} == counts(await sync_payments(shelf, store))
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    monkeypatch.setattr(type(shelf), "list_payments", lambda *_, **__: Empty())

    with pytest.raises(TooManyVanishedError):
        await sync_payments(shelf, store, full=True)
    report = await sync_payments(shelf, store, full=True, allow_vanish=True)

    assert {"vanished": 1} == counts(report)


async def test_the_lease_is_renewed_while_a_page_is_awaited(
    counts: Counts, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """No other sync can take it from a sync that still runs."""
    shelf.payments = [make(1, 1)]
    refused = 0

    async def slow(_number: int) -> None:
        nonlocal refused
        for _ in range(6):
            await asyncio.sleep(0.25)
            with pytest.raises(AccountBusyError):
                await sync_payments(shelf, store)
            refused += 1

    shelf.waiting = slow
    # Half as long again as the lease. A renewal may be late by two thirds of it on a busy machine.
    assert {"created": 1} == counts(await sync_payments(shelf, store, lease=1.0))
    assert 6 == refused


@pytest.mark.parametrize("page", [0, 1])
async def test_a_sync_that_lost_its_lease_writes_nothing_more(
    shelf: Shelf, store: SQLPaymentStore, make: Make, rows: Rows, page: int
) -> None:
    """It writes neither the page, nor the state, nor the lease of the other sync."""
    shelf.payments = [make(number, number) for number in range(4)]

    async def overtaken(number: int) -> None:
        if number == page:
            await rows(
                store,
                "UPDATE sync_state SET fence = fence + 1, holder = 'other', leased_until = 9e9",
                writes=True,
            )

    shelf.waiting = overtaken
    with pytest.raises(LeaseLostError, match=r"stalled for longer than its lease of 60 seconds"):
        await sync_payments(shelf, store)

    assert [("other", 9e9)] == list(
        await rows(store, "SELECT holder, leased_until FROM sync_state")
    )
    # The page before may be written by the time of the request.
    assert list(await rows(store, "SELECT count(*) FROM payments")) in [[(0,)], [(2 * page,)]]


async def test_an_overlap_may_exceed_the_calendar(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The sync then lists from the first time of the calendar."""
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    await sync_payments(shelf, store, overlap=1e13)

    assert datetime(1, 1, 3, tzinfo=UTC) == shelf.asked[-1][0]
