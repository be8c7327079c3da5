"""A small sandbox of an invented provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import aiohttp
import attrs
import pytest

from paysdk.testing import Request, Response, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@attrs.define(kw_only=True, eq=False)
class GreetingSandbox(Sandbox):
    """It greets requests with the right key, and records them."""

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    greeted: list[Request] = attrs.field(factory=list[Request])

    def respond(self, request: Request) -> Response:
        """Greet."""
        if not self.is_authorised(request):
            return Response(401)
        self.greeted.append(request)
        return Response(
            200, b'{"greeting": "' + b"hello " * 10 + b'"}', {"Content-Type": "application/json"}
        )


@pytest.fixture
def greeting_sandbox() -> type[Sandbox]:
    """The class of a sandbox whose ``greeted`` are the requests that it processed."""
    return GreetingSandbox


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client with the key, and a new connection for each request."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(
        headers={"Authorization": "Bearer sandbox-key"}, connector=connector
    ) as session:
        yield session
