"""Wait for PostgreSQL's notifications about the feed, on a connection of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paysdk.sync.backends import get_driver_connection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["CHANNEL", "NotificationListener", "open_listener"]

CHANNEL = "paysdk_changes"


class NotificationListener:
    """A session that listens to the channel."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:  # noqa: ANN401  # the driver's
        self._connection = connection
        self._driver = driver

    async def wait(self, seconds: float) -> None:
        """Wait for a notification, or for *seconds*."""
        async for _ in self._driver.notifies(timeout=seconds, stop_after=1):
            pass

    async def aclose(self) -> None:
        """Close the session. The pool must not give one that listens to another caller."""
        await self._connection.invalidate()
        await self._connection.close()


async def open_listener(engine: AsyncEngine) -> NotificationListener | None:
    """Return a listener, or ``None`` behind a pooler.

    A pooler in transaction mode gives the session to another client after each transaction, so
    listening would be lost, and would disturb that client.
    """
    connection = await engine.connect()
    try:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        driver = await get_driver_connection(connection)
        session = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
        # A pooler gives each client a process id of its own, because the client names it to cancel
        # a statement (https://www.postgresql.org/docs/current/protocol-flow.html,
        # "Canceling Requests in Progress").
        if driver.info.backend_pid != session:
            await connection.close()
            return None
        await connection.exec_driver_sql(f"LISTEN {CHANNEL}")
    except BaseException:
        await connection.invalidate()
        await connection.close()
        raise
    return NotificationListener(connection, driver)
