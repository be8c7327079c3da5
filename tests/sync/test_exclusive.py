"""Names that one caller holds at a time, and their journals."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.orders import OpenOrder, OrderJournal
from paysdk.sync import LeaseLostError, SQLPaymentStore, StoreError
from paysdk.sync.exclusive import _take

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]
    Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

HOLDER = str(Path(__file__).parent / "name_holder.py")
HELD = "SELECT holder, leased_until FROM paysdk_held_names"


def order(number: int = 1, **fields: Any) -> OpenOrder:  # noqa: ANN401  # of any field
    """Make an order that was sent *number* seconds after the start of the year."""
    sent_at = datetime(2026, 1, 1, 0, 0, number, 123456, tzinfo=UTC)
    return OpenOrder(**{"id": f"order-{number}", "sent_at": sent_at, "details": "{}", **fields})


async def test_one_task_holds_a_name_at_a_time(store: SQLPaymentStore, rows: Rows) -> None:
    """The other tasks wait, and no row of the name remains after the last one."""
    inside = most = 0

    async def enter() -> None:
        nonlocal inside, most
        async with store.exclusive("receipt-1"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(10)))

    assert 1 == most
    assert [] == list(await rows(store, HELD))


async def test_more_names_can_be_held_than_there_are_connections(
    store: SQLPaymentStore, rows: Rows
) -> None:
    """No connection is in use while a name is held, so a hundred tasks can hold two names each."""
    all_in = asyncio.Barrier(100)

    async def enter(number: int) -> None:
        async with store.exclusive(f"first-{number}"), store.exclusive(f"second-{number}"):
            await all_in.wait()

    await asyncio.gather(*(enter(number) for number in range(100)))

    assert [] == list(await rows(store, HELD))


@pytest.mark.slow
async def test_ten_tasks_in_two_processes_never_hold_a_name_together(
    place: str, tmp_path: Path, start: Start
) -> None:
    """Each task adds one to a number in a file, in two steps, and no addition is lost."""
    async with SQLPaymentStore(place):
        pass
    (file := tmp_path / "counter").write_text("0")
    command = [sys.executable, HOLDER, place, "count", str(file), "5", "4"]
    processes = [await start(*command) for _ in range(2)]

    assert [0, 0] == [await process.wait() for process in processes]
    assert "40" == file.read_text()


async def test_the_name_of_a_killed_holder_is_free_at_once(
    store: SQLPaymentStore, place: str, start: Start
) -> None:
    """The next holder sees the order that the dead process recorded."""
    process = await start(
        sys.executable, HOLDER, place, "hold", "receipt-1", "sent", stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    assert b"held\n" == await process.stdout.readline()
    process.kill()
    await process.communicate()
    async with asyncio.timeout(45), store.exclusive("receipt-1") as journal:
        assert ["sent"] == [found.id for found in await journal.read_open()]


async def test_a_holder_that_stalls_past_its_lease_cannot_record_an_order(
    store: SQLPaymentStore, place: str, rows: Rows, start: Start
) -> None:
    """Another caller has the name by then, and sees what was sent before."""
    process = await start(
        sys.executable, HOLDER, place, "hold", "receipt-1", "sent", stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert b"held\n" == await process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    await rows(store, "UPDATE paysdk_held_names SET leased_until = 1", writes=True)
    async with store.exclusive("receipt-1") as journal:
        process.send_signal(signal.SIGCONT)
        process.stdin.write(b"\n")
        told, _ = await process.communicate()
        assert told.startswith(
            b"LeaseLostError: Another process holds 'receipt-1' now, because this one stalled for "
            b"longer than its lease"
        )
        assert ["sent"] == [found.id for found in await journal.read_open()]
        assert 1 == len(await rows(store, HELD))


async def test_the_lease_of_a_holder_on_another_machine_runs_out(
    store: SQLPaymentStore, rows: Rows
) -> None:
    """The name is free if that holder does not renew it."""
    backend = store._database.backend

    async def take(connection: AsyncConnection) -> str | None:
        return await _take(connection, backend, "receipt-1", 0.5)

    assert await store._database.in_transaction(take)
    await rows(store, "UPDATE paysdk_held_names SET holder = 'elsewhere/1/abcd'", writes=True)
    assert await store._database.in_transaction(take) is None
    async with store.exclusive("receipt-1"):
        assert "elsewhere/1/abcd" != (await rows(store, HELD))[0][0]


async def test_a_name_is_renewed_while_it_is_held(place: str, rows: Rows) -> None:
    """A holder keeps its name for any length of time."""
    async with SQLPaymentStore(place, lease=0.3) as store, store.exclusive("receipt-1") as journal:
        first = await rows(store, HELD)
        while (now := await rows(store, HELD)) == first:  # noqa: ASYNC110  # no event exists
            await asyncio.sleep(0.01)
        await journal.record_sent(order())

        assert first[0][0] == now[0][0]
        assert first[0][1] < now[0][1]


async def test_a_holder_whose_name_was_taken_stops_renewing(place: str, rows: Rows) -> None:
    """It leaves the name to the new holder, and can still settle an order."""
    async with SQLPaymentStore(place, lease=0.1) as store:
        async with store.exclusive("receipt-1") as journal:
            await journal.record_sent(order())
            await rows(
                store, "UPDATE paysdk_held_names SET holder = 'elsewhere/1/abcd'", writes=True
            )
            with pytest.raises(LeaseLostError, match="Send nothing under this name"):
                await journal.record_sent(order(2))
            await asyncio.wait([journal._renewing])  # type: ignore[attr-defined]  # the store's own
            await journal.record_settled("order-1")
            assert [] == list(await journal.read_open())
        assert ["elsewhere/1/abcd"] == [holder for holder, _ in await rows(store, HELD)]


async def test_a_name_is_released_after_an_error_and_after_cancelling(
    store: SQLPaymentStore, rows: Rows, reach: Reach
) -> None:
    """This holds inside the context, and while the name is being taken."""
    with pytest.raises(ZeroDivisionError):
        async with store.exclusive("receipt-1"):
            raise ZeroDivisionError
    inside = asyncio.Event()

    async def stay() -> None:
        async with store.exclusive("receipt-1"):
            inside.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(stay())
    await reach(inside, holding)
    waiting = asyncio.create_task(stay())
    await asyncio.sleep(0)
    for task in (waiting, holding):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    for steps in range(12):
        taking = asyncio.create_task(stay())
        for _ in range(steps):
            await asyncio.sleep(0)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking

    assert [] == list(await rows(store, HELD))


async def test_a_lost_database_hides_no_error(place: str, rows: Rows) -> None:
    """The caller's own error is raised, and the lease runs out."""
    async with SQLPaymentStore(place, lease=0.05) as store:
        with pytest.raises(ZeroDivisionError):
            async with store.exclusive("receipt-1") as journal:
                await rows(store, "DROP TABLE paysdk_held_names", writes=True)
                with pytest.raises(StoreError):
                    await journal.record_sent(order())
                await asyncio.sleep(0.1)  # so a renewal fails
                raise ZeroDivisionError


async def test_a_journal_keeps_its_orders(store: SQLPaymentStore, place: str) -> None:
    """It returns them unchanged, oldest first, also after the store was closed."""
    strange = order(2, id="ü\0'" * 200, details='{"customer": "Mü\0ller 💶 \\ud800"}')
    async with store.exclusive("receipt-1") as journal, store.exclusive("receipt-2") as other:
        assert isinstance(journal, OrderJournal)
        for sent in (order(3), strange, order(1)):
            await journal.record_sent(sent)
        await journal.record_sent(order(3, drafted=True))
        assert [] == list(await other.read_open())
    async with SQLPaymentStore(place) as later, later.exclusive("receipt-1") as journal:
        assert [order(1), strange, order(3, drafted=True)] == list(await journal.read_open())
        await journal.record_settled(strange.id)
        assert ["order-1", "order-3"] == [found.id for found in await journal.read_open()]


async def test_names_of_any_length_and_any_characters_are_distinct(
    store: SQLPaymentStore, rows: Rows
) -> None:
    """Two names are distinct even if only their last character differs."""
    names = ["x" * 5000, "x" * 4999 + "y", "\0", "\ud800", "Müller", "Mu\u0308ller", " ", "'; --"]
    async with asyncio.timeout(240), AsyncExitStack() as held:
        for name in names:
            await held.enter_async_context(store.exclusive(name))
        assert len(names) == len(await rows(store, HELD))


@pytest.mark.parametrize("name", ["", None, 7, b"receipt-1"])
async def test_an_invalid_name_is_refused(
    store: SQLPaymentStore,
    name: Any,  # noqa: ANN401  # whatever is given
) -> None:
    """The error comes before anything is written."""
    with pytest.raises(ConfigurationError, match="The name for exclusive must be"):
        await store.exclusive(name).__aenter__()


@pytest.mark.parametrize("lease", [0, -1, True, "60", float("inf"), None])
def test_an_invalid_lease_is_refused(lease: Any) -> None:  # noqa: ANN401  # whatever is given
    """The error comes when the store is made."""
    with pytest.raises(
        ConfigurationError, match="lease must be a finite number of seconds above 0"
    ):
        SQLPaymentStore("payments.db", lease=lease)


async def test_a_store_that_is_not_open_holds_no_name(place: str) -> None:
    """The error comes before the store was entered, and after it was left."""
    store = SQLPaymentStore(place)
    for _ in range(2):
        with pytest.raises(
            StoreError,
            match=r"is not open, so it cannot hold a name.* inside `async with SQLPaymentStore",
        ):
            store.exclusive("receipt-1")
        async with store:
            pass


async def test_a_recorded_order_is_on_disk(store: SQLPaymentStore) -> None:
    """A page of payments need not wait for the disk, because it can be listed again."""
    asked, off, on = {
        "sqlite": ("PRAGMA synchronous", 1, 2),
        "postgresql": ("SHOW synchronous_commit", "on", "on"),
    }[store._database.engine.dialect.name]
    found = []
    for durable in (False, True, True, False):
        async with store._database.transaction(writes=True, durable=durable) as connection:
            found.append((await connection.exec_driver_sql(asked)).scalar_one())

    assert [off, on, on, off] == found


async def test_an_order_waits_for_the_disk_if_the_server_does_not(schema: str) -> None:
    """The setting holds for one transaction only."""
    async with SQLPaymentStore(
        schema.replace("-csearch_path", "-csynchronous_commit%3Doff%20-csearch_path")
    ) as store:
        found = []
        for durable in (True, False):
            async with store._database.transaction(writes=True, durable=durable) as connection:
                found.append(
                    (await connection.exec_driver_sql("SHOW synchronous_commit")).scalar_one()
                )

    assert ["on", "off"] == found
