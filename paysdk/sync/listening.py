"""Wait for PostgreSQL's notifications about the feed, on a connection of its own."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from paysdk.sync.backends import get_driver_connection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["CHANNEL", "NotificationListener", "open_listener"]

CHANNEL = "paysdk_changes"


class NotificationListener:
    """A session that listens to the channel."""

    def __init__(
        self,
        engine: AsyncEngine,
        connection: AsyncConnection,
        driver: Any,  # noqa: ANN401  # the driver's
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._driver = driver

    async def wait(self, seconds: float) -> None:
        """Wait for a notification, or for *seconds*."""
        async for _ in self._driver.notifies(timeout=seconds, stop_after=1):
            pass

    async def aclose(self) -> None:
        """Close the session."""
        try:
            # It may be lost, so it is closed without being reset first.
            await self._connection.invalidate()
            await self._connection.close()
        finally:
            await self._engine.dispose()


async def open_listener(engine: AsyncEngine) -> NotificationListener | None:
    """Return a listener, or ``None`` behind a pooler. The *engine* is for this listener only.

    A pooler in transaction mode gives the session to another client after each transaction, so
    listening would be lost, and would disturb that client.
    """
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        connection = await stack.enter_async_context(engine.connect())
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        driver = await get_driver_connection(connection)
        session = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
        # A pooler gives each client a process id of its own, because the client names it to cancel
        # a statement (https://www.postgresql.org/docs/current/protocol-flow.html,
        # "Canceling Requests in Progress").
        if driver.info.backend_pid != session:
            return None
        await connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        stack.pop_all()
    return NotificationListener(engine, connection, driver)
