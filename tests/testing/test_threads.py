"""Sandboxes in a thread."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import aiohttp
import pytest

from paysdk.testing import FaultPlan, hang, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.testing import Sandbox

    SandboxClass = Callable[..., Sandbox]

KEY = {"Authorization": "Bearer sandbox-key"}


def test_serves_blocking_code(greeting_sandbox: SandboxClass) -> None:
    """It responds while the test blocks, and its thread ends with the block."""
    before = threading.active_count()
    with in_thread(greeting_sandbox()) as sandbox:
        with urlopen(Request(sandbox.url, headers=KEY)) as response:  # noqa: S310  # loopback
            assert 200 == response.status
        assert 1 == len(sandbox.requests)
    assert before == threading.active_count()
    with pytest.raises(RuntimeError, match="is not running"):
        _ = sandbox.url


async def test_serves_async_code(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """It runs beside the event loop of an async test."""
    with in_thread(greeting_sandbox()) as sandbox:
        async with client.get(sandbox.url) as response:
            assert 200 == response.status


async def test_closes_while_a_request_waits(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A request without a response does not keep it from closing."""
    with (
        in_thread(greeting_sandbox(faults=FaultPlan().always(hang()))) as sandbox,
        pytest.raises(TimeoutError),
    ):
        await client.get(sandbox.url, timeout=aiohttp.ClientTimeout(total=0.01))
    assert 1 == len(sandbox.requests)


def test_taken_port(greeting_sandbox: SandboxClass) -> None:
    """A taken port raises on entering the block, and leaves no thread."""
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox = greeting_sandbox(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"), in_thread(sandbox):
            pass
    assert before == threading.active_count()
