"""Run transactions on a database, and translate the driver's errors."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from paysdk.cancellation import run_to_end
from paysdk.sync.advice import describe, is_temporary
from paysdk.sync.backends import DURABLE, WRITES
from paysdk.sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from paysdk.sync.backends import Backend

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """A database, and transactions on it.

    Every error of the driver is raised as a ``StoreError`` that contains no password.
    """

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self.backend = backend
        self.engine: AsyncEngine = backend.engine()
        self._open = 0
        self._process: int | None = None
        # Engines of the process that this one was forked from. Closing them here would also close
        # the connections of that process.
        self._inherited: list[AsyncEngine] = []

    def enter(self) -> None:
        """Belong to this process from now on, even if it is a fork of the previous owner."""
        if self.is_forked:
            self._inherited.append(self.engine)
            self.engine = self.backend.engine()
            self._open = 0
        self._process = os.getpid()

    @property
    def is_forked(self) -> bool:
        """Whether this process is a fork of the one that opened the database."""
        return self._process not in {None, os.getpid()}

    def check_process(self) -> None:
        """Raise ``StoreError`` in a fork of the process that opened the database.

        Callers check it before they wait. In the fork, a wait could last forever, and asyncio
        refuses to start a task in the event loop of the parent process.
        """
        if self.is_forked:
            raise StoreError(
                f"The store {self.name} was opened before this process was forked. It works only "
                "in the process that opened it. Nothing was read or written. Open a store in this "
                "process: `async with SQLPaymentStore(...) as store:`."
            )

    @asynccontextmanager
    async def transaction(
        self, *, writes: bool, durable: bool = False
    ) -> AsyncGenerator[AsyncConnection]:
        """Begin a transaction, and commit it at the end, or roll it back after an error.

        With *durable*, the commit waits for the disk.
        """
        self.check_process()
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
        """Run *work* in its own transaction, and return its result.

        Cancelling this waits for the end of the transaction, so *work* is done as a whole or not at
        all. If it is done, *then* is called with its result.
        """

        async def run() -> T:
            async with self.transaction(writes=True, durable=durable) as connection:
                result = await work(connection)
            then(result)
            return result

        self.check_process()
        return await run_to_end(run())

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run *work* in its own transaction that only reads, and return its result.

        Cancelling this waits for the end of the transaction, because some drivers break if they are
        cancelled.
        """

        async def run() -> T:
            async with self.transaction(writes=False) as connection:
                return await work(connection)

        self.check_process()
        return await run_to_end(run())

    @asynccontextmanager
    async def _translate_errors(self) -> AsyncGenerator[None]:
        failure: StoreError | None = None
        try:
            yield
        except self.driver_errors() as error:
            failure = self._to_store_error(error)
        if failure is not None:
            raise failure

    def _to_store_error(self, error: BaseException) -> StoreError:
        """Translate an error of the driver, and add what to do next."""
        reason, advice = describe(error)
        return StoreError(
            f"The database {self.name} cannot be used: {reason}. {advice}",
            is_temporary=is_temporary(advice),
        )

    async def probe(self) -> None:
        """Raise ``StoreError`` if the database certainly cannot be opened."""
        async with self._translate_errors():
            await asyncio.to_thread(self.backend.probe, self.engine)

    async def prepare(self) -> None:
        """Make the settings that the database then keeps."""
        if (statement := self.backend.persistent_pragma) is not None:
            # SQLite takes it only outside a transaction, and refuses it while another program uses
            # the file. In that case the next caller does it.
            with suppress(StoreError):
                async with self._translate_errors(), self.engine.connect() as connection:
                    await connection.exec_driver_sql(statement)

    async def aclose(self) -> None:
        """Close the connections when running transactions have ended.

        If a caller left an iterator by ``break``, the event loop ends its transaction.
        """
        if self.is_forked:
            return
        while self._open:  # noqa: ASYNC110  # no event exists
            await asyncio.sleep(0.001)
        await self.engine.dispose()

    async def _connect(self, *, writes: bool, durable: bool) -> AsyncConnection:
        failure: StoreError | None = None
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self.engine.connect())
                await connection.execution_options(**{WRITES: writes, DURABLE: durable})
                await self.backend.begin(connection, durable=durable)
            except self.driver_errors() as error:
                failure = self._to_store_error(error)
            else:
                stack.pop_all()
                return connection
        # The error is raised outside the except clause, because the driver's frames contain the
        # password.
        raise failure

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return every error that a database raises when it cannot be used."""
        # A driver fails with UnicodeError if it cannot encode or decode a text.
        return (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OSError, UnicodeError)
