"""A database, and transactions on it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from paysdk.sync.backends import DURABLE, PATIENCE, WRITES
from paysdk.sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from paysdk.sync.backends import Backend

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """A database, and transactions on it. Whatever the driver raises comes out as a ``StoreError`` that holds no password."""

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self.backend = backend
        self.engine: AsyncEngine = backend.engine()
        self._open = 0

    @asynccontextmanager
    async def transaction(self, *, writes: bool, durable: bool = False) -> AsyncGenerator[AsyncConnection]:
        """A transaction that is committed at the end, or rolled back if the end is an error; *durable* waits for the disk then."""
        self._open += 1
        try:
            connection = await self._connected(writes=writes, durable=durable)
            async with self._translated():
                try:
                    yield connection
                    await connection.commit()
                finally:
                    await connection.close()
        finally:
            self._open -= 1

    async def written(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, then: Callable[[T], object] = lambda _: None, durable: bool = False
    ) -> T:
        """What *work* gives, done in a transaction of its own.

        Being cancelled waits for its end, so it is either done or undone; where it is done, *then* is called with what it gave.
        """

        async def run() -> T:
            async with self.transaction(writes=True, durable=durable) as connection:
                given = await work(connection)
            then(given)
            return given

        return await _to_its_end(run())

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What *work* reads, in a transaction of its own. Being cancelled waits for its end, for drivers do not bear it well."""

        async def run() -> T:
            async with self.transaction(writes=False) as connection:
                return await work(connection)

        return await _to_its_end(run())

    @asynccontextmanager
    async def _translated(self) -> AsyncGenerator[None]:
        failure: StoreError | None = None
        try:
            yield
        except self._faults() as error:
            failure = self.failure(error)
        if failure is not None:
            raise failure

    def failure(self, error: BaseException) -> StoreError:
        """What the driver's *error* means to a user."""
        told = str(getattr(error, "orig", None) or error).strip()
        reason = told.splitlines()[0] if told else type(error).__name__
        advice = next((advice for sign, advice in _ADVICE if sign in told), "Nothing was written.")
        return StoreError(f"The database {self.name} cannot be used: {reason.rstrip('.')}. {advice}")

    async def probe(self) -> None:
        """Find out whether it can be there at all."""
        async with self._translated():
            await asyncio.to_thread(self.backend.probe, self.engine)

    async def prepare(self) -> None:
        """Set up what a database that is ours keeps for good."""
        if (statement := self.backend.lasting) is not None:
            # SQLite takes it outside of a transaction only, and not while another is using the file: then the next one does it.
            with suppress(StoreError):
                async with self._translated(), self.engine.connect() as connection:
                    await connection.exec_driver_sql(statement)

    async def aclose(self) -> None:
        """Close the connections, when what is under way has ended. Where a ``break`` left an iterator, the event loop sees to that."""
        while self._open:  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.001)
        await self.engine.dispose()

    async def _connected(self, *, writes: bool, durable: bool) -> AsyncConnection:
        failure: StoreError | None = None
        async with AsyncExitStack() as opened:
            try:
                connection = await opened.enter_async_context(self.engine.connect())
                await connection.execution_options(**{WRITES: writes, DURABLE: durable})
                await self.backend.begin(connection, durable=durable)
            except self._faults() as error:
                failure = self.failure(error)
            else:
                opened.pop_all()
                return connection
        # Raised here, where the frames of the driver, in which the password is, are no part of it.
        raise failure

    def _faults(self) -> tuple[type[BaseException], ...]:
        return (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OSError)


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """What *work* gives. Being cancelled, however often, waits for its end."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        # Looked at, so that asyncio does not report an error that nobody asks for any more.
        await asyncio.gather(task, return_exceptions=True)
        raise asyncio.CancelledError
    return task.result()


# Immutable is for the user to say: a disk that is read-only here may be written to from elsewhere, and what is read would be wrong then.
_FOLDER = (
    "Look whether its folder is there, and may be written to, as SQLite does also while it reads. On a read-only disk, for a database "
    "that nobody writes to, there is sqlite:///file:/folder/payments.db?immutable=1&uri=true."
)
_ADVICE = (
    ("readonly", "It is read-only: make it writable, or name another."),
    ("read-only", "It is read-only: make it writable, or name another."),
    ("is full", "Make room, and sync again: it goes on where it was."),
    ("No space left", "Make room, and sync again: it goes on where it was."),
    # Such is also the answer to a limit on the size of a file, which is not told apart.
    ("disk I/O error", "Its disk may be full: make room, and sync again: it goes on where it was."),
    ("locked", f"Another program has been writing to it for {PATIENCE} seconds: end that one, or wait, and sync again."),
    ("lock timeout", f"Another program has held its rows for {PATIENCE} seconds: end that one, or wait, and sync again."),
    ("not a database", "It is a file of another kind: name another."),
    ("unable to open", _FOLDER),
    ("connection", "Look whether it runs there, and whether the user and the password are right."),
)
