"""Opens and closes the aiohttp sessions that a provider object sends its requests over."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import aiohttp

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from ssl import SSLContext

__all__ = ["Sessions"]


class Sessions:
    """The user's session, or one session of paysdk's own for each event loop.

    Several event loops can run at the same time, in threads. A session of the user's is never
    closed. While ``closed`` is true, no session is returned. Otherwise an operation that outlives
    ``aclose`` would open a session that stays open.
    """

    def __init__(
        self,
        provider: str,
        given: aiohttp.ClientSession | None,
        *,
        proxy: str | None = None,
        ssl_context: SSLContext | None = None,
    ) -> None:
        session: object = given
        if session is not None and not isinstance(session, aiohttp.ClientSession):
            raise ConfigurationError(f"session must be an aiohttp.ClientSession, not {session!r}.")
        self.closed: bool = False
        self._provider = provider
        self._given = given
        self._proxy = proxy
        self._ssl_context = ssl_context
        self._own: dict[
            asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[None]]
        ] = {}
        # The process that opened the session. A fork of that process shares its sockets, and must
        # neither use them nor close them.
        self._process: int | None = None if given is None else os.getpid()
        self._of_parent_process: list[object] = []

    def reopen(self) -> None:
        """Accept requests again after ``aclose``, even in a fork of the process."""
        self.closed = False
        if self._given is None:
            if self.is_forked:
                # Keep the sessions of the parent process: the garbage collector would close them.
                self._of_parent_process.append(self._own)
                self._own = {}
            self._process = os.getpid()

    @property
    def is_forked(self) -> bool:
        """Whether the session was opened in another process, and this one was forked from it."""
        return self._process not in {None, os.getpid()}

    def check_open(self) -> None:
        """Raise ``ConfigurationError`` if no request may be sent."""
        self.check_process()
        if self.closed:
            raise self.closed_error()

    def check_process(self) -> None:
        """Raise ``ConfigurationError`` in a fork of the process that opened the session."""
        if self.is_forked:
            raise ConfigurationError(
                f"This {self._provider} provider was opened before this process was forked, and "
                "works only in the process that opened it. Nothing was sent. Make and enter "
                "another provider in this process."
            )

    def closed_error(self) -> ConfigurationError:
        """Return the error for a request after ``aclose``."""
        return ConfigurationError(
            f"This {self._provider} provider is closed. Enter it again with 'async with', or make "
            "another one."
        )

    async def get(self) -> aiohttp.ClientSession:
        """Return the session for this event loop, and open it if needed."""
        self.check_open()
        if self._given is not None:
            if self._given.closed:
                raise ConfigurationError(
                    "The session that you passed is closed. Pass an open session, or none."
                )
            return self._given
        loop = asyncio.get_running_loop()
        if loop not in self._own or self._own[loop][0].closed:
            await self._close_own(loop)
            self._process = os.getpid()
            session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(ssl=self._ssl_context or True),
                proxy=self._proxy,
            )
            # Before `asyncio.run` closes its event loop, it closes the async generators that were
            # started in the loop (loop.shutdown_asyncgens). So if the provider is never closed, its
            # session is closed with the loop.
            closer = _close_at_exit(session)
            self._own[loop] = session, closer
            await anext(closer)
        return self._own[loop][0]

    async def aclose(self) -> None:
        """Allow no more requests, and close paysdk's own session for this event loop."""
        self.closed = True
        await self._close_own(asyncio.get_running_loop())

    async def _close_own(self, here: asyncio.AbstractEventLoop) -> None:
        """Close the session of this loop, and the sessions that closed loops have left open."""
        for loop in list(self._own):
            if loop is here or loop.is_closed():
                _, closer = self._own.pop(loop)
                await closer.aclose()


async def _close_at_exit(session: aiohttp.ClientSession) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await session.close()
