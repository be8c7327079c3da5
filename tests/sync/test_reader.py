"""Read the payments of a store."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from paysdk import InvoiceRef
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]


BATCH_ROWS = 100

LEAVING = """
import asyncio, sys
from paysdk.sync import SQLPaymentStore, feed, reader, store as stores

reader.BATCH_ROWS = stores.BATCH_ROWS = 100
stores.FEED = feed.FEED.limit(100)

async def leave(how, method, options):
    # A busy machine is no fault.
    asyncio.get_running_loop().slow_callback_duration = 600
    async with SQLPaymentStore(sys.argv[1]) as store:
        async for _ in getattr(store, method)(**options):
            if how == "break":
                break
            raise ValueError("had enough")

for how in ("break", "raise"):
    for method in ("payments", "stored", "changes"):
        print(method)
        try:
            asyncio.run(leave(how, method, {} if method == "changes" else {"provider": "acme"}))
        except ValueError as error:
            print(error)
"""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred payments take several batches."""
    monkeypatch.setattr("paysdk.sync.reader.BATCH_ROWS", BATCH_ROWS)


async def test_payments_come_by_invoice_number_and_id(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The order is by code point, and payments without an invoice number come first."""
    numbers = ["b", "B", "a", None, "é", "B", "INV-10", "INV-9", "", "_", "💶", "\uffee"]
    shelf.page_size = 100
    shelf.payments = [
        make(number, 1, invoice=InvoiceRef("1", text)) for number, text in enumerate(numbers)
    ]
    await sync_payments(shelf, store)
    found = [
        (payment.invoice.number, payment.id) async for payment in store.payments(provider="acme")
    ]

    assert sorted(found, key=lambda pair: (pair[0] is not None, pair[0] or "", pair[1])) == found
    assert len(numbers) == len(found)


async def test_vanished_payments_can_be_read(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """They come in the same order as the others, with the time when they were missed."""
    shelf.payments = [make(number, 1) for number in range(3)]
    await sync_payments(shelf, store)
    del shelf.payments[1]
    await sync_payments(shelf, store, full=True)
    found = [stored async for stored in store.stored(provider="acme")]

    assert ["0", "1", "2"] == [stored.payment.id for stored in found]
    assert [None, True, None] == [
        stored.vanished_at and stored.vanished_at.tzinfo is not None for stored in found
    ]
    assert ["0", "2"] == [payment.id async for payment in store.payments(provider="acme")]


async def test_a_payment_that_stays_comes_once_while_a_sync_writes(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The sync does not wait for the reader, and other payments are neither lost nor repeated."""
    shelf.page_size = 400
    shelf.payments = [make(number, 1) for number in range(300)]
    await sync_payments(shelf, store)
    shelf.payments = [make(number, 2, amount=Decimal(7)) for number in range(0, 300, 2)] + [
        make(number, 2) for number in range(500, 550)
    ]
    seen: list[Payment] = []
    async with aclosing(store.payments(provider="acme")) as payments:
        async for payment in payments:
            seen.append(payment)
            if len(seen) == 50:
                await sync_payments(shelf, store, full=True, allow_vanish=True)

    ids = [payment.id for payment in seen]
    assert len(ids) == len(set(ids))
    assert {str(number) for number in range(0, 300, 2)} <= set(ids)
    assert {Decimal("100.50"), Decimal(7)} == {payment.amount for payment in seen}
    assert 200 == len([one async for one in store.payments(provider="acme")])


async def test_the_order_holds_while_a_sync_writes(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """A payment that moves to another invoice comes at most once."""
    shelf.page_size = 900
    shelf.payments = [
        make(number, 1, invoice=InvoiceRef("1", f"{number:04d}")) for number in range(900)
    ]
    await sync_payments(shelf, store)
    seen: list[Payment] = []
    async for payment in store.payments(provider="acme"):
        seen.append(payment)
        if len(seen) == 1:
            # The next batches vanish, and only one payment of the others does.
            moved = make(800, 2, invoice=InvoiceRef("1", "0001"))
            shelf.payments = [
                one for one in shelf.payments if one.id != "800" and not 100 <= int(one.id) < 700
            ]
            shelf.payments.append(moved)
            await sync_payments(shelf, store, full=True, allow_vanish=True)

    expected = [str(number) for number in range(900) if number != 800 and not 100 <= number < 700]
    assert expected == [payment.id for payment in seen]


async def test_reading_needs_no_right_to_write(schema: str, shelf: Shelf, make: Make) -> None:
    """A role or a session that may only read can read everything."""
    shelf.page_size = 200
    shelf.payments = [make(number, 1) for number in range(150)]
    async with SQLPaymentStore(schema) as store:
        await sync_payments(shelf, store)
    reading = f"{schema}%20-cdefault_transaction_read_only%3Don"
    async with SQLPaymentStore(reading, create=False) as store:
        assert 150 == len([payment async for payment in store.payments(provider="acme")])


@pytest.mark.parametrize("method", ["payments", "stored"])
async def test_every_payment_comes_once_and_in_order(
    shelf: Shelf, store: SQLPaymentStore, make: Make, method: str
) -> None:
    """A batch may end between payments of one invoice, or between payments without a number."""
    shelf.page_size = 600
    numbers = [None, "", "A", "B", "a", "\u00e9", "\U0001f600"]
    shelf.payments = [
        make(number, 1, invoice=InvoiceRef("1", numbers[number * 7 // 560]))
        for number in range(560)
    ]
    await sync_payments(shelf, store)
    seen = [getattr(one, "payment", one) async for one in getattr(store, method)(provider="acme")]

    expected = sorted(
        shelf.payments,
        key=lambda one: (one.invoice.number is not None, one.invoice.number or "", one.id),
    )
    assert expected == seen


async def test_nothing_is_held_while_a_reader_takes_its_time(
    schema: str, shelf: Shelf, make: Make
) -> None:
    """The server may end an idle transaction, and a pooler may give the connection to others."""
    shelf.page_size = 200
    shelf.payments = [make(number, 1) for number in range(150)]
    async with SQLPaymentStore(schema) as store:
        await sync_payments(shelf, store)
        count = ended = 0
        async for _ in store.payments(provider="acme"):
            count += 1
            if count == 50:
                with psycopg.connect(schema, autocommit=True) as other:
                    idle = other.execute(
                        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in "
                        "transaction%' AND datname = current_database()"
                    ).fetchone()
                    ended = len(
                        other.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                        ).fetchall()
                    )

    assert ((0,), 150) == (idle, count)
    assert ended


@pytest.mark.slow
async def test_leaving_a_reader_causes_no_warning(place: str, shelf: Shelf, make: Make) -> None:
    """This holds for each method, for a break and an error, and also at the end of the program."""
    shelf.page_size = 200
    shelf.payments = [make(number, 1) for number in range(150)]
    async with SQLPaymentStore(place) as store:
        await sync_payments(shelf, store)
    command = [sys.executable, "-X", "dev", "-c", LEAVING, place]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False
    )

    said = "payments stored changes payments had_enough stored had_enough changes had_enough"
    assert (0, "", [word.replace("_", " ") for word in said.split()]) == (
        done.returncode,
        done.stderr,
        done.stdout.splitlines(),
    )


async def test_leaving_a_reader_early_leaves_nothing_behind(
    shelf: Shelf, place: str, make: Make
) -> None:
    """The caller may break out of the loop, or close the store and keep the reader."""
    shelf.page_size = 300
    shelf.payments = [make(number, 1) for number in range(300)]
    async with SQLPaymentStore(place) as store:
        await sync_payments(shelf, store)
        for _ in range(20):
            async for _payment in store.payments(provider="acme"):
                break
        kept = store.payments(provider="acme")
        assert "0" == (await anext(kept)).id
    with pytest.raises(
        StoreError,
        match="was closed before all payments of account 'default' of acme were read",
    ):
        [payment async for payment in kept]


@pytest.mark.parametrize("method", ["payments", "stored"])
async def test_closing_the_store_does_not_look_like_the_end(
    shelf: Shelf, place: str, make: Make, method: str, reach: Reach
) -> None:
    """A task that is still reading gets an error instead of only a part."""
    shelf.page_size = 300
    shelf.payments = [make(number, 1) for number in range(300)]
    store = await SQLPaymentStore(place).__aenter__()
    await sync_payments(shelf, store)
    begun, go_on = asyncio.Event(), asyncio.Event()
    seen = 0

    async def read() -> None:
        nonlocal seen
        async for _ in getattr(store, method)(provider="acme"):
            seen += 1
            begun.set()
            await go_on.wait()

    reading = asyncio.create_task(read())
    await reach(begun, reading)
    await store.aclose()
    go_on.set()
    with pytest.raises(StoreError, match="Close the store after its last reader has finished"):
        await reading

    assert 100 == seen


async def test_closing_after_the_last_batch_is_no_error(
    shelf: Shelf, place: str, make: Make
) -> None:
    """A reader that has the last rows reaches its end."""
    shelf.payments = [make(number, 1) for number in range(3)]
    async with SQLPaymentStore(place) as store:
        await sync_payments(shelf, store)
        kept = store.payments(provider="acme")
        assert "0" == (await anext(kept)).id

    assert ["1", "2"] == [payment.id async for payment in kept]


async def test_full_batches_have_an_end(shelf: Shelf, store: SQLPaymentStore, make: Make) -> None:
    """The reading ends even if the last batch is full."""
    shelf.page_size = 100
    shelf.payments = [make(number, 1) for number in range(100)]
    await sync_payments(shelf, store)

    assert 100 == len([one async for one in store.payments(provider="acme")])


async def test_closing_waits_for_a_running_read(shelf: Shelf, place: str, make: Make) -> None:
    """Another task gets its rows, and then nothing is left open."""
    shelf.page_size = 300
    shelf.payments = [make(number, 1) for number in range(300)]
    store = await SQLPaymentStore(place).__aenter__()
    await sync_payments(shelf, store)

    async def count() -> int:
        return len([payment async for payment in store.payments(provider="acme")])

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    await store.aclose()

    assert 300 == await counting
