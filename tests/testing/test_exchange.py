"""Tests of requests as a sandbox receives and logs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

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
