"""Bring a store up to date."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import (
    CampfireProvider,
    ConfigurationError,
    NotifyProvider,
)
from paysdk.sync import (
    AccountBusyError,
    SQLPaymentStore,
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
    Counts = Callable[..., dict[str, int]]

START = datetime(2025, 1, 1, tzinfo=UTC)
PROVIDERS: dict[str, type[CampfireProvider | NotifyProvider]] = {
    "campfire": CampfireProvider,
    "notify": NotifyProvider,
}


@pytest.mark.parametrize("name", ["campfire", "notify"])
async def test_the_store_follows_the_provider(
    counts: Counts, store: SQLPaymentStore, kept: Kept, replayed: Kept, name: str
) -> None:
    """Additions, changes and deletions reach the store, and the feed leads to its state."""
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
    assert stored == await replayed(store, name)
    # Campfire's list of payments has no customers, and a sync adds them.
    listed: dict[str, Any] = {"customer": None} if name == "campfire" else {}
    assert truth == {id_: attrs.evolve(payment, **listed) for id_, payment in stored.items()}
    assert {id_: payment.raw for id_, payment in truth.items()} == {
        id_: payment.raw for id_, payment in stored.items()
    }


async def test_one_of_two_syncs_runs(
    counts: Counts, shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The other raises an error and does nothing, and other accounts are free."""
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


async def test_cancelling_leaves_whole_pages_and_no_lease(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, reach: Reach
) -> None:
    """The next sync continues at once."""
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
        ({"account": ""}, "account must be a non-empty string"),
        ({"account": "  "}, "account must be a non-empty string"),
        ({"account": None}, "account must be a non-empty string"),
        ({"overlap": -1}, "overlap must be a finite number of seconds from 0"),
        ({"overlap": True}, "overlap"),
        ({"overlap": float("nan")}, "overlap"),
        ({"lease": 0}, "lease must be a finite number of seconds above 0"),
        ({"lease": float("inf")}, "lease"),
        ({"lease": "60"}, "lease"),
    ],
)
async def test_invalid_arguments_are_refused(
    shelf: Shelf, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    """The error comes before anything is read or written."""
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        with pytest.raises(ConfigurationError, match=message):
            await sync_payments(shelf, store, **arguments)
    assert [] == shelf.asked


async def test_the_store_must_be_a_store(shelf: Shelf) -> None:
    """A path is refused."""
    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        await sync_payments(shelf, "payments.db")  # type: ignore[arg-type]  # what is refused


@pytest.mark.parametrize("turns", range(0, 60, 5))
async def test_cancelling_at_any_step_leaves_the_account_free(
    shelf: Shelf, store: SQLPaymentStore, make: Make, capfd: pytest.CaptureFixture[str], turns: int
) -> None:
    """This includes taking and releasing the lease, and nothing is printed on stderr."""
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


async def test_cancelling_while_the_lease_is_taken_releases_it(
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    rows: Rows,
    *,
    monkeypatch: pytest.MonkeyPatch,
    reach: Reach,
) -> None:
    """This holds however often the sync is cancelled."""
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


async def test_cancelling_a_busy_sync_reports_no_other_error(
    shelf: Shelf, store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch, reach: Reach
) -> None:
    """The busy account is not reported as an error that was never retrieved."""
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
