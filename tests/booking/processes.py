"""Workers of one process that die or stall as processes of their own do.

A worker counts its points: each of its transactions before it begins, and each request. At the last
one it dies: nothing that it does afterwards reaches the database or the books, so not even its
cleaning up, as after SIGKILL. A worker that dies within a transaction would have written as much.
Or it stalls at a request, past its lease: another may take what it has, and then it continues.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from unittest import mock

import attrs

from paysdk.sync.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = [
    "KilledError",
    "Worker",
    "current_worker",
    "separate_processes",
    "without_threads",
]

current_worker: ContextVar[Worker | None] = ContextVar("current_worker", default=None)


class KilledError(BaseException):
    """A worker died here."""


@attrs.define(eq=False)
class Worker:
    """A worker, which dies at its point *last*, or stalls at its request *stalls*."""

    last: int | None = None
    stalls: int | None = None
    points: int = 0
    requests: int = 0
    is_dead: bool = False
    has_stalled: bool = False
    halted: asyncio.Event = attrs.field(factory=asyncio.Event)
    resumed: asyncio.Event = attrs.field(factory=asyncio.Event)
    name: str = attrs.field(factory=lambda: secrets.token_hex(4))

    def pass_point(self) -> None:
        """Count a point, and die if it is the last one."""
        self.points += 1
        if self.is_dead or self.points == self.last:
            self.is_dead = True
            raise KilledError

    async def pass_request(self) -> None:
        """Count a request as a point. Other workers run meanwhile."""
        self.pass_point()
        self.requests += 1
        if self.requests == self.stalls:
            self.has_stalled = True
            self.halted.set()
            await self.resumed.wait()
        else:
            await asyncio.sleep(0)
        self.pass_point()


@contextmanager
def separate_processes() -> Iterator[None]:
    """Take each worker for a process: it has died if it is dead, or if it has stalled."""
    workers: dict[str, Worker] = {}

    def make_holder() -> str:
        worker = current_worker.get()
        if worker is None:
            return f"main/{secrets.token_hex(4)}"
        workers[worker.name] = worker
        return f"{worker.name}/{secrets.token_hex(4)}"

    def has_died(holder: str | None) -> bool:
        worker = workers.get((holder or "").partition("/")[0])
        # A stalled worker lives, but its lease has run out, which is the same for the others.
        return worker is not None and (worker.is_dead or worker.has_stalled)

    connect = Database._connect

    async def pass_and_connect(database: Database, **options: bool) -> AsyncConnection:
        if (worker := current_worker.get()) is not None:
            worker.pass_point()
        return await connect(database, **options)

    with (
        mock.patch.object(Database, "_connect", pass_and_connect),
        mock.patch("paysdk.booking.journal.make_holder", make_holder),
        mock.patch("paysdk.booking.journal.has_died", has_died),
        mock.patch("paysdk.sync.exclusive.make_holder", make_holder),
        mock.patch("paysdk.sync.exclusive.has_died", has_died),
    ):
        yield


@contextmanager
def without_threads() -> Iterator[None]:
    """Run SQLite's statements in the event loop, which is many times as fast as in a thread.

    A transaction is then never interrupted, as SQLite has one writer anyway. Workers take turns
    between transactions and at requests, in the same order each time.
    """

    async def execute(_: object, work: Any, *args: Any, **named: Any) -> Any:
        return work(*args, **named)

    with mock.patch("aiosqlite.core.Connection._execute", execute):
        yield
