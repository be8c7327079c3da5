"""Bringing a store up to date."""

from __future__ import annotations

import asyncio
import gc
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
    InvoiceRef,
    ListingReport,
    NotFoundError,
    NotifyProvider,
    PaginationError,
)
from paysdk.sync import (
    AccountBusyError,
    LeaseLostError,
    SQLPaymentStore,
    SyncReport,
    TooManyVanishedError,
    sync_payments,
)
from paysdk.sync.lease import take
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Kept = Callable[..., Awaitable[dict[str, Payment]]]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]

START = datetime(2025, 1, 1, tzinfo=UTC)
PROVIDERS: dict[str, type[CampfireProvider | NotifyProvider]] = {
    "campfire": CampfireProvider,
    "notify": NotifyProvider,
}


def counts(report: SyncReport) -> dict[str, int]:
    """What has happened, without what has not."""
    names = ("created", "changed", "voided", "vanished", "returned", "unchanged", "malformed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


async def kinds(store: SQLPaymentStore) -> list[tuple[str, str, tuple[str, ...]]]:
    """The feed: what happened, to which payment, and in which fields."""
    return [(change.kind, change.payment_id, change.fields) async for change in store.changes()]


def stop_at(page: int, error: BaseException | None = None) -> Callable[[int], Awaitable[None]]:
    """What ends a listing before this page."""

    async def stop(number: int) -> None:
        if number == page:
            raise error or ConnectionFailedError("cut")

    return stop


@pytest.mark.parametrize("name", ["campfire", "notify"])
async def test_a_provider_is_kept_in_step(
    store: SQLPaymentStore, kept: Kept, replayed: Kept, name: str
) -> None:
    """What was added, changed and deleted at the provider is so in the database, too, and the feed leads to the same."""
    sandbox: Any = open_sandbox(name, payments=60)
    async with sandbox, PROVIDERS[name](sandbox.api_key, base_url=sandbox.url) as provider:
        first = await sync_payments(provider, store)
        ids = [row["id"] for row in sandbox.payments]
        sandbox.change_payment(
            ids[3],
            **(
                {"source": "STRIPE", "external_id": "x"}
                if name == "campfire"
                else {"date": "03-02-2021"}
            ),
        )
        sandbox.delete_payment(ids[5])
        sandbox.add_payment()
        second = await sync_payments(provider, store, full=True)
        truth = {payment.id: payment async for payment in provider.list_payments()}

    assert ({"created": 60}, {"created": 1, "changed": 1, "vanished": 1, "unchanged": 58}) == (
        counts(first),
        counts(second),
    )
    stored = await kept(store, name)
    assert truth == stored == await replayed(store, name)
    assert {id_: payment.raw for id_, payment in truth.items()} == {
        id_: payment.raw for id_, payment in stored.items()
    }


async def test_later_syncs_ask_for_what_was_modified(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """From the largest time of modification that was seen, less the overlap, and never by our own clock."""
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


async def test_what_shares_the_watermark_comes_again_and_is_nothing_new(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The boundary is inclusive: what was committed late with the same time is found, and what was there is not written again."""
    shelf.payments = [make(number, 7) for number in range(50)]
    await sync_payments(shelf, store)
    shelf.payments.append(make(50, 7))
    report = await sync_payments(shelf, store, overlap=0)

    assert {"created": 1, "unchanged": 50} == counts(report)
    assert [("created", str(number), ()) for number in range(51)] == await kinds(store)


async def test_thousands_on_one_timestamp_grow_nothing(store: SQLPaymentStore, rows: Rows) -> None:
    """Ten thousand payments that were modified at once neither stall the passes nor make the state larger."""
    moment = "2025-01-01T08:00:00+0000"
    sandbox = open_sandbox(
        "campfire", rows=[{"id": number, "last_modified_at": moment} for number in range(1, 10_051)]
    )
    async with sandbox, CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider:
        reports = [await sync_payments(provider, store) for _ in range(3)]
    state = (await rows(store, "SELECT * FROM sync_state"))[0]

    assert [{"created": 10_050}, {"unchanged": 10_050}, {"unchanged": 10_050}] == list(
        map(counts, reports)
    )
    assert len(str(state)) < 1000


async def test_the_watermark_stays_until_a_pass_is_complete(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A pass that was interrupted goes on from its checkpoint, with the filter that it began with."""
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


async def test_no_record_of_the_future_hides_what_comes_before_it(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A time that our own clock has not reached when the pass begins is no watermark: what changes until then would be passed over."""
    before = datetime.now(UTC)
    shelf.payments = [make(1, 1), make(2, 60 * 24 * 365 * 100)]
    report = await sync_payments(shelf, store)

    assert report.watermark is not None
    assert before <= report.watermark <= datetime.now(UTC)


async def test_a_slow_clock_of_ours_does_no_harm(
    shelf: Shelf, store: SQLPaymentStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is years behind, more is listed than needed, and nothing is lost or told twice."""

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


async def test_a_full_pass_tells_what_has_vanished_and_what_returned(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """Nothing is deleted: a payment that is not listed any more is marked, and the mark goes when it is seen again."""
    shelf.incremental = False
    shelf.payments = [make(number) for number in range(4)]
    await sync_payments(shelf, store)
    taken = shelf.payments[1:3]
    del shelf.payments[1:3]
    gone = await sync_payments(shelf, store)
    left = set(await kept(store))
    again = await sync_payments(shelf, store)
    shelf.payments += [taken[0], attrs.evolve(taken[1], amount=Decimal(1))]
    back = await sync_payments(shelf, store)

    assert ({"vanished": 2, "unchanged": 2}, {"unchanged": 2}, {"returned": 2, "unchanged": 2}) == (
        counts(gone),
        counts(again),
        counts(back),
    )
    assert ({"0", "3"}, {"0", "1", "2", "3"}) == (left, set(await kept(store)))
    expected = [
        ("vanished", "1", ()),
        ("vanished", "2", ()),
        ("returned", "1", ()),
        ("returned", "2", ("amount",)),
    ]
    assert expected == (await kinds(store))[4:]


async def test_an_interrupted_full_pass_still_tells_what_has_vanished(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Also in the part that was listed before it was interrupted, and nothing else than what is gone."""
    shelf.incremental = False
    shelf.payments = [make(number) for number in range(8)]
    await sync_payments(shelf, store)
    del shelf.payments[0], shelf.payments[5]
    shelf.waiting = stop_at(2)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting = None
    report = await sync_payments(shelf, store)

    assert (True, {"vanished": 2, "unchanged": 2}) == (report.resumed, counts(report))
    assert [("vanished", "0", ()), ("vanished", "6", ())] == (await kinds(store))[8:]


async def test_a_full_pass_can_be_asked_for(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """It drops a pass that was interrupted, and begins afresh."""
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
async def test_a_checkpoint_that_is_refused_begins_the_pass_afresh(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, refusal: BaseException
) -> None:
    """Whether it is an error or nothing at all that it leads to: what was behind it must not count as vanished."""
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


async def test_an_incremental_pass_that_is_refused_begins_at_its_watermark(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """It stays what it was."""
    shelf.payments = [make(number, number) for number in range(6)]
    await sync_payments(shelf, store)
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store, overlap=120)
    shelf.waiting, shelf.refused = None, NotFoundError("Invalid cursor", status=404)
    report = await sync_payments(shelf, store, overlap=120)

    assert ("incremental", {"unchanged": 3}) == (report.kind, counts(report))
    assert START + timedelta(minutes=3) == shelf.asked[-1][0]


async def test_any_other_error_is_the_callers(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A key that is refused says nothing about the checkpoint, which stays."""
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


async def test_a_foreign_checkpoint_is_told_and_kept(
    shelf: Shelf, store: SQLPaymentStore, make: Make, rows: Rows
) -> None:
    """Nothing is guessed from it and nothing overwritten; a full pass is the way out."""
    shelf.payments = [make(number, number) for number in range(4)]
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting = None
    await rows(
        store,
        f"UPDATE sync_state SET checkpoint = '{Checkpoint('beta', '', '1')}'",  # noqa: S608  # no user's
        writes=True,
    )
    with pytest.raises(
        ConfigurationError,
        match=r"has a checkpoint for acme .*'default'.* belongs to 'beta'.*full=True \(--full\)",
    ):
        await sync_payments(shelf, store)

    assert {"created": 2, "unchanged": 2} == counts(await sync_payments(shelf, store, full=True))


async def test_an_older_version_never_overwrites_a_newer_one(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """Neither one from another page, nor one from the same: both come about where records change during a walk."""
    newer = make(1, 5, amount=Decimal(5))
    shelf.page_size = 3
    shelf.payments = [newer, make(1, 4), make(2, 1), make(1, 3), make(3, None)]
    report = await sync_payments(shelf, store)

    assert {"created": 3, "unchanged": 1} == counts(report)
    assert newer == (await kept(store))["1"]


async def test_a_stale_record_of_one_that_vanished_brings_it_back_as_it_was(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """That it is there is news; what it says is not."""
    shelf.payments = [make(1, 5)]
    await sync_payments(shelf, store)
    shelf.payments = [make(2, 5)]
    await sync_payments(shelf, store, full=True)
    shelf.payments = [make(2, 5), make(1, 4, amount=Decimal(1))]
    await sync_payments(shelf, store)

    assert ("returned", "1", ()) == (await kinds(store))[-1]
    assert Decimal("100.50") == (await kept(store))["1"].amount


async def test_a_full_pass_takes_what_a_clock_that_was_ahead_had_frozen(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, replayed: Kept
) -> None:
    """An incremental one leaves it, since it cannot tell it from a version that comes late."""
    shelf.payments = [make(1, 60), make(2, 55)]
    await sync_payments(shelf, store)
    mended = make(1, 57, voided_date=START.date())
    shelf.payments[0] = mended
    incremental = await sync_payments(shelf, store)
    full = await sync_payments(shelf, store, full=True)
    again = await sync_payments(shelf, store, full=True)

    assert ({"unchanged": 2}, {"voided": 1, "unchanged": 1}, {"unchanged": 2}) == (
        counts(incremental),
        counts(full),
        counts(again),
    )
    assert [("voided", "1", ("voided_date", "modified_at"))] == (await kinds(store))[2:]
    assert mended == (await kept(store))["1"] == (await replayed(store))["1"]


@pytest.mark.parametrize("first", ["created", "changed", "unchanged"])
async def test_an_older_version_overwrites_nothing_of_a_pass_that_goes_on(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, first: str
) -> None:
    """What a full pass saw before it was interrupted is as new as what it sees afterwards, however it had found it."""
    newer = make(1, 50, amount=Decimal(5))
    if first != "created":
        shelf.payments = [newer if first == "unchanged" else make(1, 90)]
        await sync_payments(shelf, store)
    shelf.payments = [newer, make(2, 1), make(1, 40, amount=Decimal(4)), make(3, 2)]
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store, full=True)
    shelf.waiting = None
    report = await sync_payments(shelf, store)

    assert (True, {"created": 1, "unchanged": 1}) == (report.resumed, counts(report))
    assert newer == (await kept(store))["1"]


async def test_records_that_cannot_be_read_have_not_vanished(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """Where some were set aside, also before the pass was interrupted, nothing is said to be gone."""
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
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Also where an incremental pass was under way."""
    shelf.payments = [make(number, 1) for number in range(6)]
    await sync_payments(shelf, store)
    shelf.waiting = stop_at(1)
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting, shelf.incremental = None, False

    assert "full" == (await sync_payments(shelf, store)).kind


async def test_accounts_are_apart(shelf: Shelf, store: SQLPaymentStore, make: Make) -> None:
    """The same ids under two accounts are two payments, and what vanishes from one does not from the other."""
    shelf.payments = [make(1, 1), make(2, 2)]
    await sync_payments(shelf, store, "north")
    await sync_payments(shelf, store, "south")
    del shelf.payments[0]
    report = await sync_payments(shelf, store, "south", full=True)

    assert {"vanished": 1, "unchanged": 1} == counts(report)
    assert [2, 1] == [
        len([one async for one in store.payments(provider="acme", account=account)])
        for account in ("north", "south")
    ]


async def test_nothing_to_list_is_a_complete_pass(
    shelf: Shelf, store: SQLPaymentStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is a listing without any page. It must be allowed to make everything vanish."""
    assert {} == counts(await sync_payments(shelf, store))
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    monkeypatch.setattr(type(shelf), "list_payments", lambda *_, **__: Empty())

    with pytest.raises(TooManyVanishedError):
        await sync_payments(shelf, store, full=True)
    report = await sync_payments(shelf, store, full=True, allow_vanish=True)

    assert {"vanished": 1} == counts(report)


class Empty:
    """A listing of nothing, in no pages, from an iterator that need not be closed."""

    report = ListingReport()

    def pages(self) -> Empty:
        """Itself."""
        return self

    def __aiter__(self) -> Empty:
        return self

    async def __anext__(self) -> None:
        raise StopAsyncIteration


async def test_two_at_once_end_with_one_doing_it(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The other says so and does nothing, and other accounts are free."""
    shelf.payments = [make(number, number) for number in range(4)]
    refused: list[AccountBusyError] = []

    async def meanwhile(number: int) -> None:
        shelf.waiting = None
        with pytest.raises(
            AccountBusyError,
            match="Another sync of acme payments of account 'default' is running",
        ) as caught:
            await sync_payments(shelf, store)
        refused.append(caught.value)
        assert {"created": 4} == counts(await sync_payments(shelf, store, "other"))
        assert 0 == number

    shelf.waiting = meanwhile
    report = await sync_payments(shelf, store)

    assert {"created": 4} == counts(report)
    assert 0 < refused[0].seconds <= 60


async def test_a_lease_is_renewed_while_a_page_takes_its_time(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Nobody can take it as long as the one who has it is alive."""
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
    # Half as long again as the lease; a renewal may be late by two thirds of it on a busy machine.
    assert {"created": 1} == counts(await sync_payments(shelf, store, lease=1.0))
    assert 6 == refused


@pytest.mark.parametrize("page", [0, 1])
async def test_whoever_was_overtaken_writes_nothing_more(
    shelf: Shelf, store: SQLPaymentStore, make: Make, rows: Rows, page: int
) -> None:
    """Neither the page that it had waited for, nor the state, nor the lease of the other."""
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
    # The page before it may have been written by the time that it was asked for.
    assert list(await rows(store, "SELECT count(*) FROM payments")) in [[(0,)], [(2 * page,)]]


async def test_being_cancelled_leaves_whole_pages_and_no_lease(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, reach: Reach
) -> None:
    """The next sync goes on at once."""
    shelf.payments = [make(number, number) for number in range(6)]
    reached = asyncio.Event()

    async def hang(number: int) -> None:
        if number == 2:
            reached.set()
            await asyncio.Event().wait()

    shelf.waiting = hang
    task = asyncio.create_task(sync_payments(shelf, store))
    await reach(reached, task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    shelf.waiting = None

    assert len(await kept(store)) in {0, 2, 4}
    await sync_payments(shelf, store)
    assert 6 == len(await kept(store))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"account": ""}, "account must be a text"),
        ({"account": "  "}, "account must be a text"),
        ({"account": None}, "account must be a text"),
        ({"overlap": -1}, "overlap must be a finite number of seconds from 0"),
        ({"overlap": True}, "overlap"),
        ({"overlap": float("nan")}, "overlap"),
        ({"lease": 0}, "lease must be a finite number of seconds above 0"),
        ({"lease": float("inf")}, "lease"),
        ({"lease": "60"}, "lease"),
    ],
)
async def test_arguments_that_cannot_be_right_are_refused(
    shelf: Shelf, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    """Before anything is read or written."""
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        with pytest.raises(ConfigurationError, match=message):
            await sync_payments(shelf, store, **arguments)
    assert [] == shelf.asked


async def test_a_store_is_asked_for(shelf: Shelf) -> None:
    """A path is none yet."""
    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        await sync_payments(shelf, "payments.db")  # type: ignore[arg-type]  # what is refused


async def test_an_overlap_beyond_the_calendar_is_from_its_beginning(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """However large it is."""
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    await sync_payments(shelf, store, overlap=1e13)

    assert datetime(1, 1, 3, tzinfo=UTC) == shelf.asked[-1][0]


async def test_what_changes_in_part_is_named(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The invoice's balance, for one, which other payments change."""
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    shelf.payments = [make(1, 1, invoice=InvoiceRef("0", "INV-0000", Decimal(9), Decimal(5)))]
    await sync_payments(shelf, store)

    assert ("changed", "1", ("invoice.total", "invoice.balance")) == (await kinds(store))[-1]


@pytest.mark.parametrize("turns", range(0, 60, 5))
async def test_being_cancelled_at_any_turn_leaves_the_account_free(
    shelf: Shelf, store: SQLPaymentStore, make: Make, capfd: pytest.CaptureFixture[str], turns: int
) -> None:
    """Also while the lease is being taken or given back, and without a word on stderr."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    shelf.payments = [make(number, number) for number in range(6)]
    task = asyncio.create_task(sync_payments(shelf, store))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await sync_payments(shelf, store)

    del task
    gc.collect()
    assert ([], "") == (told, capfd.readouterr().err)


async def test_being_cancelled_while_the_lease_is_taken_gives_it_back(
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    rows: Rows,
    *,
    monkeypatch: pytest.MonkeyPatch,
    reach: Reach,
) -> None:
    """However often it is cancelled."""
    taking = asyncio.Event()

    async def slow(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # whatever it is
        right = await take(*arguments, **options)
        taking.set()
        await asyncio.sleep(0.02)
        return right

    monkeypatch.setattr("paysdk.sync.syncing.take", slow)
    shelf.payments = [make(1, 1)]
    task = asyncio.create_task(sync_payments(shelf, store))
    await reach(taking, task)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [(1, None, 0.0)] == list(
        await rows(store, "SELECT fence, holder, leased_until FROM sync_state")
    )
    assert [] == shelf.asked


async def test_being_cancelled_while_another_is_at_it_says_no_more_than_that(
    shelf: Shelf, store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch, reach: Reach
) -> None:
    """That the account is busy is not reported as an error that nobody asked for."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    taking = asyncio.Event()

    async def busy(*_: object, **__: object) -> None:
        taking.set()
        await asyncio.sleep(0.01)
        raise AccountBusyError

    monkeypatch.setattr("paysdk.sync.syncing.take", busy)
    task = asyncio.create_task(sync_payments(shelf, store))
    await reach(taking, task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    del task
    gc.collect()
    assert [] == told
