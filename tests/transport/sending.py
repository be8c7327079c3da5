"""What the tests of the transport send, and how."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paysdk.errors import PaysdkError
from paysdk.transport.credentials import Secret
from paysdk.transport.http import HTTPTransport
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats
from paysdk.transport.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.events import Event

LIST = Request("GET", "/coa/api/v1/invoice-payments", "cursor=&limit=2")
PAY = Request(
    "POST", "/coa/api/v1/invoice/58700/pay/", body=b'{"transactions": [{"amount": 1.50}]}'
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: r1\r\n\r\n{}"


class Sender:
    """A transport to one origin, with its sessions and its events."""

    def __init__(
        self, origin: str, *, session: aiohttp.ClientSession | None = None, timeout: float = 5.0
    ) -> None:
        self.events: list[Event] = []
        self.sessions = Sessions("campfire", session)
        self.http = HTTPTransport(
            "campfire", origin, self.sessions, timeout, EventEmitter(self.events.append)
        )

    async def send(self, request: Request, sent: Attempt) -> RawResponse:
        """Send the request once."""
        return await self.http.send(request, sent)

    async def aclose(self) -> None:
        """Close the session of this event loop."""
        await self.sessions.aclose()

    @property
    def own_session(self) -> aiohttp.ClientSession:
        """The session that was opened for this event loop."""
        session, _ = self.sessions._own[asyncio.get_running_loop()]
        return session

    @property
    def connector(self) -> aiohttp.TCPConnector:
        """The connections of that session."""
        connector = self.own_session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        return connector


def make_attempt(stats: RequestStats | None = None) -> Attempt:
    """Make an attempt with the sandbox's key."""
    return Attempt(1, Secret("Token sandbox-key"), stats or RequestStats())


async def fail_to_send(
    origin: str,
    request: Request = LIST,
    *,
    timeout: float = 5.0,  # noqa: ASYNC109  # the setting under test
    session: aiohttp.ClientSession | None = None,
) -> tuple[PaysdkError, Attempt, list[Event]]:
    """Return the error of sending, the attempt, and the events."""
    sender = Sender(origin, session=session, timeout=timeout)
    sent = make_attempt()
    try:
        with pytest.raises(PaysdkError) as raised:
            await sender.send(request, sent)
    finally:
        await sender.aclose()
    return raised.value, sent, sender.events


def respond_with(*responses: bytes) -> Callable[[int, asyncio.StreamWriter], Awaitable[None]]:
    """Respond with these bytes, and repeat the last response forever."""

    async def respond(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(responses[min(number, len(responses)) - 1])
        await writer.drain()

    return respond
