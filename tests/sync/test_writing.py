"""Write pages, and compare them with the stored payments."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    CampfireProvider,
    ConnectionFailedError,
    InvoiceRef,
    NotifyProvider,
)
from paysdk.sync import (
    SQLPaymentStore,
    sync_payments,
)

if TYPE_CHECKING:
    import asyncio
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


async def test_a_full_pass_finds_vanished_and_returned_payments(
    counts: Counts, kinds: Kinds, shelf: Shelf, store: SQLPaymentStore, *, make: Make, kept: Kept
) -> None:
    """A payment that is not listed is marked, and the mark goes when it is seen again."""
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


@pytest.mark.parametrize("full", [False, True])
async def test_a_record_that_is_no_payment_any_more_vanishes(
    shelf: Shelf, store: SQLPaymentStore, kinds: Kinds, make: Make, kept: Kept, *, full: bool
) -> None:
    """A pass that lists the record without a payment marks the stored payment, once."""
    shelf.payments = [make(1, 1), make(2, 1)]
    await sync_payments(shelf, store)
    shelf.payments, shelf.left_out = [make(2, 1)], ["1", "9"]
    first = await sync_payments(shelf, store, full=full)
    again = await sync_payments(shelf, store, full=full)
    assert (1, 0) == (first.vanished, again.vanished)
    assert {"2"} == set(await kept(store))
    assert ("vanished", "1", ()) == (await kinds(store))[-1]
    shelf.payments, shelf.left_out = [make(1, 3), make(2, 1)], []
    assert 1 == (await sync_payments(shelf, store)).returned


@pytest.mark.parametrize("full", [False, True])
async def test_a_payment_that_is_gone_from_its_invoice_vanishes(
    shelf: Shelf, store: SQLPaymentStore, kinds: Kinds, make: Make, kept: Kept, *, full: bool
) -> None:
    """If an invoice comes whole, its other stored payments vanish, except one that moved."""
    shelf.page_size = 9
    moved = make(5, 1, invoice=InvoiceRef("1", "INV-0001"))
    shelf.payments = [make(2, 1), make(3, 1), make(4, 1), moved]
    await sync_payments(shelf, store)
    shelf.payments = [make(2, 2), make(4, 2), attrs.evolve(moved, invoice=InvoiceRef("2"))]
    shelf.whole_invoices = ["1", "7"]
    first = await sync_payments(shelf, store, full=full)
    again = await sync_payments(shelf, store, full=full)
    assert (1, 0) == (first.vanished, again.vanished)
    assert {"2", "4", "5"} == set(await kept(store))
    assert ("vanished", "3", ()) == (await kinds(store))[-1]
    shelf.payments, shelf.whole_invoices = [make(4, 3), shelf.payments[2]], ["1", "2"]
    assert 1 == (await sync_payments(shelf, store, full=full)).vanished
    assert {"4", "5"} == set(await kept(store))


@pytest.mark.parametrize("full", [False, True])
async def test_a_payment_that_is_gone_from_its_record_vanishes(
    shelf: Shelf, store: SQLPaymentStore, kinds: Kinds, make: Make, kept: Kept, *, full: bool
) -> None:
    """If a record comes whole, its other stored payments vanish, but those of others stay."""
    others = ["10:1", "1.5", "1;2", "1é", "0:1"]
    shelf.page_size = 20
    shelf.payments = [make(1, 1, id=each) for each in ("1", "1:4", "1:5", "1:é", "2:4", *others)]
    await sync_payments(shelf, store)
    shelf.payments = [make(1, 2, id=each) for each in ("1:5", "2:4", *others)]
    shelf.whole_records = ["1", "7"]
    first = await sync_payments(shelf, store, full=full)
    again = await sync_payments(shelf, store, full=full)
    assert (3, 0) == (first.vanished, again.vanished)
    assert {"1:5", "2:4", *others} == set(await kept(store))
    assert {("vanished", each, ()) for each in ("1", "1:4", "1:é")} == set(
        (await kinds(store))[-3:]
    )
    shelf.payments, shelf.whole_records = [make(1, 3, id="1", voided=True)], ["1", "2"]
    assert 2 == (await sync_payments(shelf, store)).vanished
    assert {"1", *others} == set(await kept(store))


async def test_an_interrupted_full_pass_finds_vanished_payments(
    counts: Counts,
    kinds: Kinds,
    stop_at: StopAt,
    shelf: Shelf,
    *,
    store: SQLPaymentStore,
    make: Make,
) -> None:
    """It also finds them in the part that was listed before it was interrupted."""
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


async def test_an_older_version_never_overwrites_a_newer_one(
    counts: Counts, shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """The older version may come on another page or on the same one."""
    newer = make(1, 5, amount=Decimal(5))
    shelf.page_size = 3
    shelf.payments = [newer, make(1, 4), make(2, 1), make(1, 3), make(3, None)]
    report = await sync_payments(shelf, store)

    assert {"created": 3, "unchanged": 1} == counts(report)
    assert newer == (await kept(store))["1"]


async def test_an_older_version_of_a_vanished_payment_returns_it_unchanged(
    kinds: Kinds, shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """It proves that the payment exists, but its values are outdated."""
    shelf.payments = [make(1, 5)]
    await sync_payments(shelf, store)
    shelf.payments = [make(2, 5)]
    await sync_payments(shelf, store, full=True)
    shelf.payments = [make(2, 5), make(1, 4, amount=Decimal(1))]
    await sync_payments(shelf, store)

    assert ("returned", "1", ()) == (await kinds(store))[-1]
    assert Decimal("100.50") == (await kept(store))["1"].amount


async def test_a_full_pass_corrects_a_time_from_the_future(
    counts: Counts,
    kinds: Kinds,
    shelf: Shelf,
    store: SQLPaymentStore,
    *,
    make: Make,
    kept: Kept,
    replayed: Kept,
) -> None:
    """An incremental pass cannot distinguish it from a version that arrives late, and leaves it."""
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
    assert [("voided", "1", ("voided_date", "voided", "modified_at"))] == (await kinds(store))[2:]
    assert mended == (await kept(store))["1"] == (await replayed(store))["1"]


@pytest.mark.parametrize("first", ["created", "changed", "unchanged"])
async def test_an_older_version_overwrites_nothing_of_the_same_pass(
    counts: Counts,
    stop_at: StopAt,
    shelf: Shelf,
    store: SQLPaymentStore,
    *,
    make: Make,
    kept: Kept,
    first: str,
) -> None:
    """This also holds for what a full pass saw before it was interrupted."""
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


async def test_accounts_are_separate(
    counts: Counts, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The same id in two accounts is two payments, which vanish separately."""
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


async def test_a_changed_part_is_named(
    kinds: Kinds, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A change of only the invoice's balance is named as such."""
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    shelf.payments = [make(1, 1, invoice=InvoiceRef("0", "INV-0000", Decimal(9), Decimal(5)))]
    await sync_payments(shelf, store)

    assert ("changed", "1", ("invoice.total", "invoice.balance")) == (await kinds(store))[-1]
