"""A database, and transactions on it."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from paysdk.sync.advice import describe
from paysdk.sync.backends import DURABLE, WRITES
from paysdk.sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from paysdk.sync.backends import Backend

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """A database, and transactions on it.

    Whatever the driver raises comes out as a ``StoreError`` that holds no password.
    """

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self.backend = backend
        self.engine: AsyncEngine = backend.engine()
        self._open = 0
        self._process: int | None = None
        # What a process had open that this one was forked from. Closing it here would close it
        # there.
        self._inherited: list[AsyncEngine] = []

    def enter(self) -> None:
        """Belong to this process from now on, also if it is a fork of the one that this belonged to."""
        if self.is_forked:
            self._inherited.append(self.engine)
            self.engine = self.backend.engine()
            self._open = 0
        self._process = os.getpid()

    @property
    def is_forked(self) -> bool:
        """Whether this process is a fork of the one that it belongs to."""
        return self._process not in {None, os.getpid()}

    @asynccontextmanager
    async def transaction(
        self, *, writes: bool, durable: bool = False
    ) -> AsyncGenerator[AsyncConnection]:
        """A transaction that is committed at the end, or rolled back if the end is an error; *durable* waits for the disk then."""
        if self.is_forked:
            raise StoreError(
                f"The store {self.name} was opened before this process was forked, and works only "
                "in the process that opened it. Nothing was read or written. Open a store in this "
                "process: `async with SQLPaymentStore(...) as store:`."
            )
        self._process = os.getpid()
        self._open += 1
        try:
            connection = await self._connect(writes=writes, durable=durable)
            async with self._translate_errors():
                try:
                    yield connection
                    await connection.commit()
                finally:
                    await connection.close()
        finally:
            self._open -= 1

    async def in_transaction(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        then: Callable[[T], object] = lambda _: None,
        durable: bool = False,
    ) -> T:
        """What *work* gives, done in a transaction of its own.

        Being cancelled waits for its end, so it is either done or undone; where it is done, *then*
        is called with what it gave.
        """

        async def run() -> T:
            async with self.transaction(writes=True, durable=durable) as connection:
                given = await work(connection)
            then(given)
            return given

        return await _run_to_end(run())

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What *work* reads, in a transaction of its own.

        Being cancelled waits for its end, for drivers do not bear it well.
        """

        async def run() -> T:
            async with self.transaction(writes=False) as connection:
                return await work(connection)

        return await _run_to_end(run())

    @asynccontextmanager
    async def _translate_errors(self) -> AsyncGenerator[None]:
        failure: StoreError | None = None
        try:
            yield
        except self._driver_errors() as error:
            failure = self._to_store_error(error)
        if failure is not None:
            raise failure

    def _to_store_error(self, error: BaseException) -> StoreError:
        """What the driver's *error* means to a user."""
        reason, advice = describe(error)
        return StoreError(f"The database {self.name} cannot be used: {reason}. {advice}")

    async def probe(self) -> None:
        """Find out whether it can be there at all."""
        async with self._translate_errors():
            await asyncio.to_thread(self.backend.probe, self.engine)

    async def prepare(self) -> None:
        """Set up what a database that is ours keeps for good."""
        if (statement := self.backend.persistent_pragma) is not None:
            # SQLite takes it outside of a transaction only, and not while another is using the
            # file: then the next one does it.
            with suppress(StoreError):
                async with self._translate_errors(), self.engine.connect() as connection:
                    await connection.exec_driver_sql(statement)

    async def aclose(self) -> None:
        """Close the connections, when what is under way has ended.

        Where a ``break`` left an iterator, the event loop sees to that.
        """
        if self.is_forked:
            return
        while self._open:  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.001)
        await self.engine.dispose()

    async def _connect(self, *, writes: bool, durable: bool) -> AsyncConnection:
        failure: StoreError | None = None
        async with AsyncExitStack() as opened:
            try:
                connection = await opened.enter_async_context(self.engine.connect())
                await connection.execution_options(**{WRITES: writes, DURABLE: durable})
                await self.backend.begin(connection, durable=durable)
            except self._driver_errors() as error:
                failure = self._to_store_error(error)
            else:
                opened.pop_all()
                return connection
        # Raised here, where the frames of the driver, in which the password is, are no part of it.
        raise failure

    def _driver_errors(self) -> tuple[type[BaseException], ...]:
        # A driver fails with UnicodeError if it cannot encode or decode a text.
        return (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OSError, UnicodeError)


async def _run_to_end(work: Coroutine[Any, Any, T]) -> T:
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
