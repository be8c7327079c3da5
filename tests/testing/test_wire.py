"""Faults on a real connection."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from paysdk.testing import (
    Fault,
    FaultPlan,
    dripping_body,
    dripping_headers,
    gzip_bomb,
    hang,
    huge_body,
    redirect,
    reset,
    status,
    truncated,
    wrong_body,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.testing import Sandbox

    SandboxClass = Callable[..., Sandbox]

GREETING = b'{"greeting": "' + b"hello " * 10 + b'"}'


def failing(fault: Fault) -> FaultPlan:
    """Make a plan in which every request fails."""
    return FaultPlan().always(fault)


async def raw(url: str) -> bytes:
    """Read the connection to its end."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(
            b"GET / HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer sandbox-key\r\n\r\n"
        )
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_status_with_its_headers(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """An error status comes with Retry-After and a JSON body."""
    async with (
        greeting_sandbox(faults=failing(status(429, retry_after=1))) as sandbox,
        client.get(sandbox.url) as response,
    ):
        assert (429, "1", {"detail": "Too Many Requests"}) == (
            response.status,
            response.headers["Retry-After"],
            await response.json(),
        )


async def test_redirect(greeting_sandbox: SandboxClass, client: aiohttp.ClientSession) -> None:
    """A redirect names its location."""
    faults = failing(redirect("http://api.example.org/", 307))
    async with (
        greeting_sandbox(faults=faults) as sandbox,
        client.get(sandbox.url, allow_redirects=False) as response,
    ):
        assert (307, "http://api.example.org/") == (response.status, response.headers["Location"])


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(wrong_body(), b"<!DOCTYPE html>"), (wrong_body(b""), b""), (wrong_body(b"{"), b"{")],
)
async def test_wrong_body(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession, fault: Fault, expected: bytes
) -> None:
    """A wrong body comes with status 200."""
    async with (
        greeting_sandbox(faults=failing(fault)) as sandbox,
        client.get(sandbox.url) as response,
    ):
        assert (200, expected) == (response.status, (await response.read()).split(b"\n")[0])


@pytest.mark.parametrize("fault", [reset(), reset("headers")])
async def test_reset_before_the_body(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession, fault: Fault
) -> None:
    """A reset before the headers are complete gives the client no response."""
    async with greeting_sandbox(faults=failing(fault)) as sandbox:
        with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
            await client.get(sandbox.url)


async def test_reset_in_the_body(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A reset in the body comes after a good status."""
    async with greeting_sandbox(faults=failing(reset("body"))) as sandbox:
        with pytest.raises(aiohttp.ClientError):
            await (await client.get(sandbox.url)).read()


@pytest.mark.parametrize("fault", [reset(), reset("headers"), reset("body")])
async def test_reset_is_a_reset(greeting_sandbox: SandboxClass, fault: Fault) -> None:
    """The connection ends by RST, not in good order."""
    async with greeting_sandbox(faults=failing(fault)) as sandbox:
        with pytest.raises(ConnectionResetError):
            await raw(sandbox.url)


async def test_truncated(greeting_sandbox: SandboxClass, client: aiohttp.ClientSession) -> None:
    """Half of the announced body is sent, and then the connection closes in good order."""
    async with greeting_sandbox(faults=failing(truncated())) as sandbox:
        head, _, body = (await raw(sandbox.url)).partition(b"\r\n\r\n")
        assert f"Content-Length: {len(GREETING)}".encode() in head
        assert GREETING[: len(GREETING) // 2] == body
        response = await client.get(sandbox.url)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_hanging_ends_when_the_client_leaves(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A hanging request gets no response, and leaves nothing when the client gives up."""
    async with greeting_sandbox(faults=failing(hang())) as sandbox:
        before = asyncio.all_tasks()
        with pytest.raises(TimeoutError):
            await client.get(sandbox.url, timeout=aiohttp.ClientTimeout(total=0.1))
        while before != asyncio.all_tasks():  # noqa: ASYNC110  # no event announces it
            await asyncio.sleep(0)
        assert 1 == len(sandbox.requests)


@pytest.mark.parametrize("make", [dripping_headers, dripping_body])
async def test_dripping_arrives_whole(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession, make: Callable[[float], Fault]
) -> None:
    """A response that drips is complete in the end."""
    async with (
        greeting_sandbox(faults=failing(make(0))) as sandbox,
        client.get(sandbox.url) as response,
    ):
        assert (200, GREETING) == (response.status, await response.read())


@pytest.mark.parametrize("make", [dripping_headers, dripping_body])
async def test_dripping_outlasts_the_client(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession, make: Callable[[float], Fault]
) -> None:
    """A client that waits too short gets nothing, although bytes keep coming."""
    async with greeting_sandbox(faults=failing(make(0.01))) as sandbox:
        with pytest.raises(TimeoutError):
            await (await client.get(sandbox.url, timeout=aiohttp.ClientTimeout(total=0.05))).read()


async def test_huge_body_has_its_size(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """The given number of bytes is sent without being announced."""
    async with (
        greeting_sandbox(faults=failing(huge_body(100_000))) as sandbox,
        client.get(sandbox.url) as response,
    ):
        assert "Content-Length" not in response.headers
        assert 100_000 == len(await response.read())


async def test_endless_body_ends_with_the_client(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A body without a size goes on until the client leaves."""
    async with (
        greeting_sandbox(faults=failing(huge_body())) as sandbox,
        client.get(sandbox.url) as response,
    ):
        assert 1_000_000 == len(await response.content.readexactly(1_000_000))
        response.close()


async def test_gzip_bomb(greeting_sandbox: SandboxClass, client: aiohttp.ClientSession) -> None:
    """A few bytes on the wire are many when decompressed, and well formed."""
    size = 4_000_000
    async with greeting_sandbox(faults=failing(gzip_bomb(size))) as sandbox:
        wire = (await raw_compressed(client, sandbox.url))[0]
        async with client.get(sandbox.url) as response:
            unpacked = await response.read()
    assert len(wire) * 100 < size <= len(unpacked)
    assert unpacked == zlib.decompress(wire, wbits=31)


async def raw_compressed(client: aiohttp.ClientSession, url: str) -> tuple[bytes, str]:
    """Return the body as it is on the wire, and its encoding."""
    async with (
        aiohttp.ClientSession(headers=client.headers, auto_decompress=False) as plain,
        plain.get(url) as response,
    ):
        return await response.read(), response.headers["Content-Encoding"]


@pytest.mark.parametrize("processed", [False, True])
async def test_work_is_done_only_when_told(
    greeting_sandbox: Callable[..., Any], client: aiohttp.ClientSession, *, processed: bool
) -> None:
    """Only a fault after processing changes the server's data."""
    async with greeting_sandbox(faults=failing(reset(processed=processed))) as sandbox:
        with pytest.raises(aiohttp.ClientOSError):
            await client.post(sandbox.url)
        assert int(processed) == len(sandbox.greeted)


@pytest.mark.parametrize(
    "fault",
    [
        reset(),
        reset("headers"),
        reset("body"),
        truncated(),
        dripping_headers(0),
        dripping_body(0),
        status(500),
        huge_body(10),
    ],
)
async def test_client_that_left_before_the_response(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession, fault: Fault
) -> None:
    """A client that has disconnected does not harm the sandbox."""
    async with greeting_sandbox(faults=FaultPlan().on(1, fault), latency=0.01) as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: "
            f"{client.headers['Authorization']}\r\n\r\n".encode()
        )
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.02)
        async with client.get(sandbox.url) as response:
            assert 200 == response.status
