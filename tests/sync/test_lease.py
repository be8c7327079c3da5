"""Who may write an account."""

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
    """Give the lease to another holder, for a long time."""
    columns = "provider, account, fence, holder, leased_until, pass_number, malformed"
    values = f"'acme', 'default', 5, '{holder}', 9e9, 0, 0"
    statement = f"INSERT INTO sync_state ({columns}) VALUES ({values})"  # noqa: S608  # no user's
    await rows(store, statement, writes=True)


async def test_the_lease_of_a_dead_process_is_free_at_once(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, start: Start
) -> None:
    """A process that was killed on this machine leaves its lease behind."""
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
async def test_the_lease_of_a_process_that_may_live_is_respected(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, holder: str
) -> None:
    """The holder is this process, a process on another machine, or unknown."""
    await held(store, rows, holder)
    with pytest.raises(AccountBusyError, match="lease ends in"):
        await sync_payments(shelf, store)

    assert [(5, holder)] == list(await rows(store, "SELECT fence, holder FROM sync_state"))


async def test_a_process_of_another_user_lives(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that may not be sent a signal still runs."""

    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    await held(store, rows, make_holder())
    monkeypatch.setattr(os, "kill", forbidden)
    with pytest.raises(AccountBusyError):
        await sync_payments(shelf, store)


async def test_without_the_signal_every_process_seems_to_live(
    shelf: Shelf, store: SQLPaymentStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows signal 0 is Ctrl-C, so it is not sent."""
    await held(store, rows, make_holder())
    monkeypatch.setattr(module, "_SIGNAL_0_ASKS", False)
    with pytest.raises(AccountBusyError):
        await sync_payments(shelf, store)


def test_a_machine_without_proc_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process id is then less certain."""

    def missing(_path: Path, **_: object) -> str:
        raise FileNotFoundError

    long = make_holder()
    monkeypatch.setattr(Path, "read_text", missing)

    assert len(make_holder()) < len(long)


async def test_only_one_of_two_takes_an_ended_lease(store: SQLPaymentStore, rows: Rows) -> None:
    """The second finds a larger number than it has read, and changes nothing."""

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
    """A connection on which another sync takes the lease right after it was read."""

    connection: AsyncConnection

    async def execute(self, statement: Any) -> Any:  # noqa: ANN401  # SQLAlchemy's
        """Run the statement, and then the other sync's."""
        result = await self.connection.execute(statement)
        if statement.is_select:
            await self.connection.exec_driver_sql("UPDATE sync_state SET fence = fence + 1")
        return result
