"""Reading a store: the payments, and the feed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest

from paysdk import InvoiceRef
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments
from paysdk.sync.rows import SQLITE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]


async def test_payments_come_by_invoice_number_and_id(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """By code point, as Python orders texts, whatever the database's own order is; without a number first."""
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


async def test_what_has_vanished_can_be_read_too(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Among the others, in the same order, with the time at which it was not found."""
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


async def test_what_stays_comes_once_while_a_sync_writes(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The sync does not wait for the reader, and what it does not touch is neither lost nor repeated."""
    shelf.page_size = 4000
    shelf.payments = [make(number, 1) for number in range(3000)]
    await sync_payments(shelf, store)
    shelf.payments = [make(number, 2, amount=Decimal(7)) for number in range(0, 3000, 2)] + [
        make(number, 2) for number in range(5000, 5500)
    ]
    seen: list[Payment] = []
    async with aclosing(store.payments(provider="acme")) as payments:
        async for payment in payments:
            seen.append(payment)
            if len(seen) == 500:
                await sync_payments(shelf, store, full=True, allow_vanish=True)

    ids = [payment.id for payment in seen]
    assert len(ids) == len(set(ids))
    assert {str(number) for number in range(0, 3000, 2)} <= set(ids)
    assert {Decimal("100.50"), Decimal(7)} == {payment.amount for payment in seen}
    assert 2000 == len([one async for one in store.payments(provider="acme")])


async def test_what_is_read_meanwhile_keeps_its_order(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Whole batches that have vanished are no end; what moves to another invoice never comes twice or out of its place."""
    shelf.page_size = 9000
    shelf.payments = [
        make(number, 1, invoice=InvoiceRef("1", f"{number:04d}")) for number in range(9000)
    ]
    await sync_payments(shelf, store)
    seen: list[Payment] = []
    async for payment in store.payments(provider="acme"):
        seen.append(payment)
        if len(seen) == 1:
            # The next batches are gone, and the rest but one stays.
            moved = make(8000, 2, invoice=InvoiceRef("1", "0001"))
            shelf.payments = [
                one for one in shelf.payments if one.id != "8000" and not 1000 <= int(one.id) < 7000
            ]
            shelf.payments.append(moved)
            await sync_payments(shelf, store, full=True, allow_vanish=True)

    expected = [
        str(number) for number in range(9000) if number != 8000 and not 1000 <= number < 7000
    ]
    assert expected == [payment.id for payment in seen]


async def test_reading_needs_no_right_to_write(schema: str, shelf: Shelf, make: Make) -> None:
    """A role that may only read, and a session that is read-only, read all."""
    shelf.page_size = 2000
    shelf.payments = [make(number, 1) for number in range(1500)]
    async with SQLPaymentStore(schema) as store:
        await sync_payments(shelf, store)
    reading = f"{schema}%20-cdefault_transaction_read_only%3Don"
    async with SQLPaymentStore(reading, create=False) as store:
        assert 1500 == len([payment async for payment in store.payments(provider="acme")])


@pytest.mark.parametrize("method", ["payments", "stored"])
async def test_every_payment_comes_once_and_in_order(
    shelf: Shelf, store: SQLPaymentStore, make: Make, method: str
) -> None:
    """Also where batches end among payments of one invoice, and among those that have no number."""
    shelf.page_size = 6000
    numbers = [None, "", "A", "B", "a", "\u00e9", "\U0001f600"]
    shelf.payments = [
        make(number, 1, invoice=InvoiceRef("1", numbers[number * 7 // 5600]))
        for number in range(5600)
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
    """PostgreSQL ends a session that idles in a transaction, and a pooler gives its connection to others: no matter."""
    shelf.page_size = 2000
    shelf.payments = [make(number, 1) for number in range(1500)]
    async with SQLPaymentStore(schema) as store:
        await sync_payments(shelf, store)
        count = ended = 0
        async for _ in store.payments(provider="acme"):
            count += 1
            if count == 500:
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

    assert ((0,), 1500) == (idle, count)
    assert ended


LEAVING = """
import asyncio, sys
from paysdk.sync import SQLPaymentStore

async def main():
    # A busy machine is no fault.
    asyncio.get_running_loop().slow_callback_duration = 600
    async with SQLPaymentStore(sys.argv[1]) as store:
        async for _ in getattr(store, sys.argv[2])(**({} if sys.argv[2] == "changes" else {"provider": "acme"})):
            if sys.argv[3] == "break":
                break
            raise ValueError("had enough")

try:
    asyncio.run(main())
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("how", ["break", "raise"])
@pytest.mark.parametrize("method", ["payments", "stored", "changes"])
async def test_leaving_a_reader_makes_no_noise(
    place: str, shelf: Shelf, make: Make, method: str, how: str
) -> None:
    """Not at the end of the run either, and with every warning on."""
    shelf.page_size = 2000
    shelf.payments = [make(number, 1) for number in range(1500)]
    async with SQLPaymentStore(place) as store:
        await sync_payments(shelf, store)
    command = [sys.executable, "-X", "dev", "-c", LEAVING, place, method, how]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False
    )

    assert (0, "", "had enough\n" if how == "raise" else "") == (
        done.returncode,
        done.stderr,
        done.stdout,
    )


async def test_leaving_a_reader_early_leaves_nothing_behind(
    shelf: Shelf, place: str, make: Make
) -> None:
    """By a break, or by closing the store while it is kept."""
    shelf.page_size = 3000
    shelf.payments = [make(number, 1) for number in range(3000)]
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
async def test_closing_the_store_is_no_end_of_the_payments(
    shelf: Shelf, place: str, make: Make, method: str, reach: Reach
) -> None:
    """Another task that is in the midst of them gets an error, and not only a part."""
    shelf.page_size = 3000
    shelf.payments = [make(number, 1) for number in range(3000)]
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

    assert 1000 == seen


async def test_closing_behind_the_last_row_cuts_nothing_off(
    shelf: Shelf, place: str, make: Make
) -> None:
    """A reader that holds the last rows already comes to its end."""
    shelf.payments = [make(number, 1) for number in range(3)]
    async with SQLPaymentStore(place) as store:
        await sync_payments(shelf, store)
        kept = store.payments(provider="acme")
        assert "0" == (await anext(kept)).id

    assert ["1", "2"] == [payment.id async for payment in kept]


async def test_a_whole_number_of_batches_has_an_end(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Though none of them is shorter."""
    shelf.page_size = 1000
    shelf.payments = [make(number, 1) for number in range(1000)]
    await sync_payments(shelf, store)

    assert 1000 == len([one async for one in store.payments(provider="acme")])


async def test_closing_waits_for_what_is_under_way(shelf: Shelf, place: str, make: Make) -> None:
    """Another task reads on to its end, and then nothing is left open."""
    shelf.page_size = 3000
    shelf.payments = [make(number, 1) for number in range(3000)]
    store = await SQLPaymentStore(place).__aenter__()
    await sync_payments(shelf, store)

    async def count() -> int:
        return len([payment async for payment in store.payments(provider="acme")])

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    await store.aclose()

    assert 3000 == await counting


async def test_a_store_can_be_entered_again(shelf: Shelf, place: str, make: Make) -> None:
    """Also in another event loop."""
    shelf.payments = [make(1, 1)]
    store = SQLPaymentStore(place)

    async def once() -> int:
        async with store:
            await sync_payments(shelf, store)
            return len([payment async for payment in store.payments(provider="acme")])

    assert [1, 1] == [await once(), await asyncio.to_thread(asyncio.run, once())]


async def test_the_feed_goes_on_where_a_reader_left_it(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Each entry comes once, in the order of its number, however many there are."""
    shelf.page_size = 700
    shelf.payments = [make(number, 1) for number in range(2500)]
    await sync_payments(shelf, store)
    first = [change async for change in store.changes()]
    shelf.payments = [make(7, 2, source="X")]
    await sync_payments(shelf, store)
    rest = [change async for change in store.changes(after=first[-1].sequence)]

    assert [str(number) for number in range(2500)] == [change.payment_id for change in first]
    assert [("changed", "7", ("source", "modified_at"))] == [
        (change.kind, change.payment_id, change.fields) for change in rest
    ]
    assert [] == [change async for change in store.changes(after=rest[-1].sequence)]


async def test_what_was_created_is_told_as_it_was_then(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Though it is not written twice: later changes tell what was before them."""
    versions = [make(1, minute, source=source) for minute, source in ((1, "A"), (2, "B"), (3, "C"))]
    for version in versions:
        shelf.payments = [version]
        await sync_payments(shelf, store)
    shelf.payments = []
    await sync_payments(shelf, store, full=True, allow_vanish=True)
    shelf.payments = [attrs.evolve(versions[2], source="D")]
    await sync_payments(shelf, store, full=True)
    told = [
        (change.kind, change.before and change.before.source, change.after and change.after.source)
        async for change in store.changes()
    ]

    expected = [
        ("created", None, "A"),
        ("changed", "A", "B"),
        ("changed", "B", "C"),
        ("vanished", "C", None),
        ("returned", "C", "D"),
    ]
    assert expected == told


async def test_no_smaller_number_appears_behind_a_reader(
    postgresql: str, schema: str, shelf: Shelf, make: Make
) -> None:
    """In PostgreSQL numbers are dealt out before they are committed: whoever comes second waits until the first has committed."""
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(schema) as store:
        async with await psycopg.AsyncConnection.connect(postgresql) as other:
            # As another writer does, between its numbers and its commit.
            await store._database.backend.lock_feed(Direct(other))  # type: ignore[arg-type]  # it only executes
            syncing = asyncio.create_task(sync_payments(shelf, store))
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"
            while not await (await other.execute(waiting)).fetchone():  # noqa: ASYNC110  # the server's
                await asyncio.sleep(0.01)
            assert [] == [change async for change in store.changes()]
        assert 1 == (await syncing).created
        assert 1 == len([change async for change in store.changes()])


@attrs.frozen
class Direct:
    """A connection that takes SQLAlchemy's statements as text."""

    connection: psycopg.AsyncConnection

    async def execute(self, statement: Any) -> None:  # noqa: ANN401  # SQLAlchemy's
        """Execute it."""
        compiled = str(statement.compile(compile_kwargs={"literal_binds": True}))
        await self.connection.execute(compiled.encode())


async def test_a_driver_that_breaks_while_reading_is_told(
    store: SQLPaymentStore, rows: Rows
) -> None:
    """As it is while writing."""
    await rows(store, "DROP TABLE payments", writes=True)
    with pytest.raises(StoreError, match="cannot be used"):
        [payment async for payment in store.payments(provider="acme")]


def test_a_moment_that_must_be_there_is_not_made_up() -> None:
    """A column that is never empty is not, or it is an error."""
    with pytest.raises(ValueError, match="time is missing"):
        SQLITE.read_required_moment(None)


def test_without_the_extra_it_is_named() -> None:
    """With the command that installs it."""
    source = "import sys; sys.modules['sqlalchemy'] = None; import paysdk; import paysdk.sync"
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )

    assert (
        "ModuleNotFoundError: paysdk.sync needs sqlalchemy, which is not installed: in the "
        'folder of paysdk, pip install ".[sync]"' in done.stderr
    )
