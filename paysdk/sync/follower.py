"""Follow the feed of changes: read what is there, wait for more, and read again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from paysdk.cancellation import run_to_end
from paysdk.sync.errors import StoreError
from paysdk.sync.feed import BATCH_ROWS, FEED, read_change
from paysdk.sync.tables import payment_changes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.sync.backends import Listener
    from paysdk.sync.changes import Change
    from paysdk.sync.database import Database

__all__ = ["FeedFollower"]

_LAST = sa.select(sa.func.max(payment_changes.c.sequence))


class FeedFollower:
    """Follows the changes of all accounts, or of those that *provider* and *account* name.

    It looks every *every* seconds, and at once when the database says that there is a change.
    """

    def __init__(
        self,
        database: Database,
        after: int,
        provider: str | None,
        account: str | None,
        every: float,
    ) -> None:
        self._database = database
        self._position = after
        wanted = [
            payment_changes.c[name] == value
            for name, value in (("provider", provider), ("account", account))
            if value is not None
        ]
        self._feed = FEED.where(*wanted, payment_changes.c.sequence <= sa.bindparam("last"))
        self._every = every
        self._listener: Listener | None = None
        self._can_listen = True
        self._closed = asyncio.Event()
        self._is_waiting = False

    async def changes(self) -> AsyncGenerator[Change]:
        """Yield each change after the position, as it comes."""
        try:
            # This comes before the first look, so that no change is between the two.
            await self._listen()
            while True:
                rows, last = await self._read()
                for row in rows:
                    yield read_change(self._database.backend.codec, row)
                    self._position = row.sequence
                if len(rows) < BATCH_ROWS:
                    # Changes of other accounts need not be looked at again.
                    self._position = max(self._position, last)
                    await self._wait()
        finally:
            await self._stop_listening()

    async def aclose(self) -> None:
        """Close the connection. If it needs to read or wait more, it raises ``StoreError``."""
        self._closed.set()
        while self._is_waiting:  # noqa: ASYNC110  # no event exists
            await asyncio.sleep(0.001)
        await self._stop_listening()

    async def _read(self) -> tuple[Sequence[Any], int]:
        """Return the next changes, and the number of the last one of all accounts."""
        self._check_open()

        async def work(connection: AsyncConnection) -> tuple[Sequence[Any], int]:
            # No smaller number becomes visible after this.
            last: int = (await connection.execute(_LAST)).scalar_one() or 0
            values = {"after_sequence": self._position, "last": last}
            return (await connection.execute(self._feed, values)).all(), last

        return await self._database.read(work)

    async def _wait(self) -> None:
        """Wait for a change, at most until the next look is due."""
        self._check_open()
        self._is_waiting = True
        closing = asyncio.ensure_future(self._closed.wait())
        waiting = asyncio.ensure_future(self._wait_for_change())
        try:
            await asyncio.wait([closing, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            waiting.cancel()
            await asyncio.gather(closing, waiting, return_exceptions=True)
            self._is_waiting = False

    async def _wait_for_change(self) -> None:
        if self._listener is not None:
            with suppress(*self._database.driver_errors()):
                await self._listener.wait(self._every)
                return
            await self._stop_listening()  # the connection is lost
        await asyncio.sleep(self._every)
        await self._listen()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoreError(
                f"The database {self._database.name} was closed while its changes were followed. "
                "Close the store after its last follower has ended."
            )

    async def _listen(self) -> None:
        """Begin to listen, if the database can tell of changes.

        Otherwise the follower looks every ``every`` seconds.
        """
        if self._can_listen:
            # In Python 3.11, asyncio.wait_for drops a cancellation that comes together with its
            # result (CPython's issue 86296), and psycopg calls it. So psycopg is not cancelled.
            await run_to_end(self._open_listener())

    async def _open_listener(self) -> None:
        with suppress(*self._database.driver_errors()):
            self._listener = await self._database.backend.listen()
            self._can_listen = self._listener is not None

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(*self._database.driver_errors()):
                await listener.aclose()
