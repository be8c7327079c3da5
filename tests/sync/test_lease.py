"""Who may write."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from paysdk.sync import AccountBusyError, SQLPaymentStore, sync_payments
from paysdk.sync import lease as module
from paysdk.sync.lease import make_holder, take

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from .conftest import Shelf

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


async def held(store: SQLPaymentStore, rows: Rows, holder: str) -> None:
    """Write that somebody has the lease, for a long time."""
    columns = "provider, account, fence, holder, leased_until, pass_number, malformed"
    values = f"'acme', 'default', 5, '{holder}', 9e9, 0, 0"
    await rows(store, f"INSERT INTO sync_state ({columns}) VALUES ({values})", writes=True)  # noqa: S608  # no user's


async def test_nobody_waits_for_a_process_that_died(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, start: Start
) -> None:
    """Whoever was killed on this machine has left its lease behind."""
    died = await start(sys.executable, "-c", "")
    await died.wait()
    await held(store, rows, make_holder().replace(f"/{os.getpid()}/", f"/{died.pid}/"))
    await sync_payments(shelf, store)

    assert [(6, None)] == list(await rows(store, "SELECT fence, holder FROM sync_state"))


@pytest.mark.parametrize(
    "holder",
    [make_holder(), "elsewhere/1/abcd", "", make_holder().replace(f"/{os.getpid()}/", "/1/")],
    ids=["this process", "another machine", "nobody", "the first process"],
)
async def test_a_lease_of_whoever_may_live_is_left_alone(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, holder: str
) -> None:
    """This process's own, another machine's, or one of whom nothing is known."""
    await held(store, rows, holder)
    with pytest.raises(AccountBusyError, match="lease ends in"):
        await sync_payments(shelf, store)

    assert [(5, holder)] == list(await rows(store, "SELECT fence, holder FROM sync_state"))


async def test_a_process_of_another_user_lives(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, though it may not be sent a signal."""

    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    await held(store, rows, make_holder())
    monkeypatch.setattr(os, "kill", forbidden)
    with pytest.raises(AccountBusyError):
        await sync_payments(shelf, store)


async def test_without_the_signal_nobody_is_said_to_have_died(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows signal 0 is Ctrl-C, so it is not sent."""
    await held(store, rows, make_holder())
    monkeypatch.setattr(module, "_SIGNAL_0_ASKS", False)
    with pytest.raises(AccountBusyError):
        await sync_payments(shelf, store)


def test_a_machine_without_proc_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process id there says a little less."""

    def missing(_path: Path, **_: object) -> str:
        raise FileNotFoundError

    long = make_holder()
    monkeypatch.setattr(Path, "read_text", missing)

    assert len(make_holder()) < len(long)


async def test_of_two_that_take_an_ended_lease_one_gets_it(
    store: SQLPaymentStore, rows: Rows
) -> None:
    """Whoever writes second finds a number that it has not seen, and changes nothing."""

    async def work(connection: AsyncConnection) -> None:
        await take(
            cast("AsyncConnection", Overtaken(connection)),
            store._database.backend,
            "acme",
            "default",
            60,
        )

    with pytest.raises(AccountBusyError):
        await store._database.in_transaction(work)
    assert [] == list(await rows(store, "SELECT * FROM sync_state"))


@attrs.frozen
class Overtaken:
    """A connection on which another takes the lease right after it was looked at."""

    connection: AsyncConnection

    async def execute(self, statement: Any) -> Any:  # noqa: ANN401  # SQLAlchemy's
        """Execute it, and then what the other does."""
        result = await self.connection.execute(statement)
        if statement.is_select:
            await self.connection.exec_driver_sql("UPDATE sync_state SET fence = fence + 1")
        return result
