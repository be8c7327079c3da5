"""Records that were set aside, which each sync reads again until they can be read or are gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import CampfireProvider, ConnectionFailedError, MalformedResponseError, NotifyProvider
from paysdk.sync import SQLPaymentStore, SyncReport, sync_payments
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from paysdk import Payment
    from paysdk.testing import Sandbox

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Kept = Callable[..., Awaitable[dict[str, Payment]]]

START = datetime(2025, 1, 1, tzinfo=UTC)
UNREADABLE = "12,50"


def campfire_rows() -> list[dict[str, Any]]:
    """Four payments, each modified an hour after the one before. The second is malformed."""
    return [
        {
            "id": number,
            "amount": UNREADABLE if number == 2 else Decimal("10.00"),
            "created_at": "2024-12-01T00:00:00Z",
            "last_modified_at": f"2025-01-01T{8 + number:02}:00:00Z",
        }
        for number in range(1, 5)
    ]


def campfire_of(sandbox: Sandbox) -> CampfireProvider:
    """Make a provider that sets malformed records aside."""
    return CampfireProvider(sandbox.api_key, base_url=sandbox.url, on_malformed=lambda _: None)


def waits(report: SyncReport) -> tuple[str, int, int, int]:
    """Return what a report says about waiting records."""
    return report.kind, report.malformed, report.waiting, report.created


async def test_a_corrected_record_is_stored(store: SQLPaymentStore, kept: Kept) -> None:
    """The sync lists from the record's own time, and stored payments make no entry in the feed."""
    sandbox: Any = open_sandbox("campfire", rows=campfire_rows())
    async with sandbox, campfire_of(sandbox) as campfire:
        first = await sync_payments(campfire, store)
        again = await sync_payments(campfire, store)
        sandbox.change_payment(2, amount=Decimal("12.50"), last_modified_at="2025-01-01T10:00:00Z")
        mended = await sync_payments(campfire, store)
        last = await sync_payments(campfire, store)

    assert [
        ("full", 1, 1, 3),
        ("incremental", 1, 1, 0),
        ("incremental", 0, 0, 1),
        ("incremental", 0, 0, 0),
    ] == [waits(report) for report in (first, again, mended, last)]
    assert Decimal("12.50") == (await kept(store, "campfire"))["2"].amount
    assert first.watermark is not None
    assert first.watermark <= datetime(2025, 1, 1, 10, tzinfo=UTC)
    assert datetime(2025, 1, 1, 12, tzinfo=UTC) == mended.watermark
    assert 4 == len([change async for change in store.changes()])
    # The record and the payments after it are listed, but none from before.
    assert (2, 3) == (again.unchanged, mended.unchanged + mended.created)
    assert 1 == last.unchanged


async def test_a_record_that_is_gone_no_longer_waits(store: SQLPaymentStore) -> None:
    """The watermark then moves on."""
    sandbox: Any = open_sandbox("campfire", rows=campfire_rows())
    async with sandbox, campfire_of(sandbox) as campfire:
        await sync_payments(campfire, store)
        sandbox.delete_payment(2)
        report = await sync_payments(campfire, store)

    assert ("incremental", 0, 0, 0) == waits(report)
    assert datetime(2025, 1, 1, 12, tzinfo=UTC) == report.watermark


async def test_a_record_waits_through_unfinished_passes(store: SQLPaymentStore, kept: Kept) -> None:
    """A pass that was restarted or dropped forgets none, and the oldest of several counts."""
    rows = campfire_rows()
    rows[2]["amount"] = UNREADABLE
    sandbox: Any = open_sandbox("campfire", rows=rows)
    async with sandbox, campfire_of(sandbox) as campfire:
        await sync_payments(campfire, store)
        sandbox.change_payment(4, amount="ten")
        async with CampfireProvider(sandbox.api_key, base_url=sandbox.url) as strict:
            with pytest.raises(MalformedResponseError):
                await sync_payments(strict, store)
        both = await sync_payments(campfire, store)
        for number in (2, 3):
            sandbox.change_payment(
                number,
                amount=Decimal(number),
                last_modified_at=f"2025-01-01T{8 + number:02}:00:00Z",
            )
        report = await sync_payments(campfire, store)

    assert (("incremental", 3, 3, 0), ("incremental", 1, 1, 2)) == (waits(both), waits(report))
    assert {"1", "2", "3", "4"} == set(await kept(store, "campfire"))


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ({"last_modified_at": "yesterday"}, "incremental"),
        ({"last_modified_at": "yesterday", "created_at": None}, "full"),
        ({"last_modified_at": "2999-01-01T00:00:00Z", "amount": UNREADABLE}, "full"),
    ],
)
async def test_a_record_without_a_readable_time_waits_too(
    store: SQLPaymentStore, broken: dict[str, Any], kind: str
) -> None:
    """The next sync lists from when it was created, or everything, and finds it."""
    rows = [row | {"amount": Decimal("10.00")} for row in campfire_rows()]
    good = rows[1]
    rows[1] = good | broken
    sandbox: Any = open_sandbox("campfire", rows=rows)
    async with sandbox, campfire_of(sandbox) as campfire:
        first = await sync_payments(campfire, store)
        sandbox.change_payment(
            2, **{name: good[name] for name in ("amount", "created_at", "last_modified_at")}
        )
        second = await sync_payments(campfire, store)

    assert (1, 0) == (first.waiting, second.waiting)
    assert (kind, 1) == (second.kind, second.created)


async def test_without_a_time_the_next_sync_lists_from_the_same_start(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """It goes back no further with each sync, whatever the overlap."""
    shelf.payments = [make(number, number * 60) for number in range(3)]
    await sync_payments(shelf, store)
    shelf.malformed = 1
    reports = [await sync_payments(shelf, store, overlap=overlap) for overlap in (600, 0, 60)]
    shelf.malformed = 0
    reports.append(await sync_payments(shelf, store, overlap=0))
    await sync_payments(shelf, store, overlap=0)

    since = START + timedelta(minutes=110)
    assert [1, 1, 1, 0] == [report.waiting for report in reports]
    assert [since, since, since] == [report.watermark for report in reports[:3]]
    assert [None, *[since] * 4, START + timedelta(hours=2)] == [asked for asked, _ in shelf.asked]


async def test_a_resumed_pass_remembers_what_it_set_aside(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """It remembers the records from before and after the interruption."""
    shelf.payments = [make(number, number * 60) for number in range(2)]
    await sync_payments(shelf, store)
    shelf.payments = [make(number, 120 + number * 60) for number in range(6)]
    shelf.malformed = 1

    async def cut(number: int) -> None:
        if number == 2:
            raise ConnectionFailedError("cut")

    shelf.waiting = cut
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.waiting = None
    resumed = await sync_payments(shelf, store)
    await sync_payments(shelf, store)

    assert (True, 2) == (resumed.resumed, resumed.waiting)
    assert START + timedelta(minutes=55) == shelf.asked[-1][0]


async def test_a_stored_record_that_becomes_unreadable_has_not_vanished(
    store: SQLPaymentStore, kept: Kept
) -> None:
    """Notify is listed in full each time, and its records come back when they can be read."""
    sandbox: Any = open_sandbox("notify", payments=5)
    async with (
        sandbox,
        NotifyProvider(
            sandbox.api_key, base_url=sandbox.url, on_malformed=lambda _: None
        ) as notify,
    ):
        await sync_payments(notify, store)
        ids = [row["id"] for row in sandbox.payments]
        good = sandbox.payments[1]["amount"]
        sandbox.change_payment(ids[1], amount=UNREADABLE)
        sandbox.delete_payment(ids[3])
        broken = await sync_payments(notify, store)
        stored = set(await kept(store, "notify"))
        sandbox.change_payment(ids[1], amount=good)
        mended = await sync_payments(notify, store)

    assert ((1, 0), (0, 1)) == (
        (broken.waiting, broken.vanished),
        (mended.waiting, mended.vanished),
    )
    assert set(ids) == stored
    assert 4 == mended.unchanged


async def test_a_record_waits_for_a_paysdk_that_can_read_it(tmp_path: Path, kept: Kept) -> None:
    """The next process, perhaps with a newer version, reads it without a full pass."""
    sandbox: Any = open_sandbox("campfire", rows=campfire_rows())
    async with sandbox, campfire_of(sandbox) as campfire:
        async with SQLPaymentStore(tmp_path / "payments.db") as store:
            await sync_payments(campfire, store)
        sandbox.change_payment(2, amount=Decimal("12.50"), last_modified_at="2025-01-01T10:00:00Z")
        async with SQLPaymentStore(tmp_path / "payments.db") as store:
            report = await sync_payments(campfire, store)
            assert "2" in await kept(store, "campfire")

    assert ("incremental", 1) == (report.kind, report.created)
