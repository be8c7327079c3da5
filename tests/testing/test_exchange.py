"""Tests of requests as a sandbox receives and logs them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from paysdk.testing import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.testing import Request, Sandbox

    SandboxClass = Callable[..., Sandbox]


async def test_log_tells_what_arrived(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A request is logged without its key."""
    async with greeting_sandbox() as sandbox:
        async with client.post(
            f"{sandbox.url}/a%20b?x=1&x=2&y=a%2Bb", data=b"body", headers={"X-Id": "7"}
        ):
            pass
        (logged,) = sandbox.requests
    assert ("POST", "/a b", {"x": "2", "y": "a+b"}, "/a%20b?x=1&x=2&y=a%2Bb") == (
        logged.method,
        logged.path,
        logged.query,
        logged.target,
    )
    assert (b"body", "7", True, 200, None) == (
        logged.body,
        logged.headers["x-id"],
        logged.authorised,
        logged.status,
        logged.fault,
    )
    assert "authorization" not in logged.headers
    assert "sandbox-key" not in repr(logged)


async def test_request_knows_its_absolute_url(
    greeting_sandbox: Callable[..., Any], client: aiohttp.ClientSession
) -> None:
    """The URL has the host and the query that the client sent."""
    async with greeting_sandbox() as sandbox:
        async with client.get(f"{sandbox.url}/a?b=%2B", headers={"Host": "api.example.org"}):
            pass
        request: Request = sandbox.greeted[0]
    assert "http://api.example.org/a?b=%2B" == request.url


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Basic {b64encode(b'client:se:cret').decode()}", ("client", "se:cret")),
        (f"basic {b64encode('klöe:ü'.encode()).decode()}", ("klöe", "ü")),
        (f"Basic {b64encode(b'nothing').decode()}", None),
        (f"Basic {b64encode(bytes([255, 58])).decode()}", None),
        ("Basic ???", None),
        ("Bearer sandbox-key", None),
        ("", None),
    ],
)
async def test_request_may_come_by_http_basic(
    greeting_sandbox: Callable[..., Any], header: str, expected: tuple[str, str] | None
) -> None:
    """A sandbox can have an endpoint that takes a user and a password."""
    arrived: list[Request] = []

    class Tokens(greeting_sandbox):  # type: ignore[misc,valid-type]  # it is a class
        def respond(self, request: Request) -> Response:
            arrived.append(request)
            return Response(200)

    async with (
        Tokens() as sandbox,
        aiohttp.ClientSession(headers={"Authorization": header}) as session,
        session.get(sandbox.url),
    ):
        pass
    assert expected == arrived[0].basic
    assert "Basic" not in repr(arrived[0])


async def test_key_is_judged_when_the_request_arrives(
    greeting_sandbox: Callable[..., Any], client: aiohttp.ClientSession
) -> None:
    """A response that ends the key does not make its own request unauthorised."""

    class Once(greeting_sandbox):  # type: ignore[misc,valid-type]  # it is a class
        ended = False

        def is_authorised(self, request: Request) -> bool:
            return not self.ended and super().is_authorised(request)

        def respond(self, request: Request) -> Response:
            response: Response = super().respond(request)
            type(self).ended = True
            return response

    async with Once() as sandbox:
        for _ in range(2):
            async with client.get(sandbox.url):
                pass
        assert [True, False] == [each.authorised for each in sandbox.requests]
        assert {} == sandbox.settings
