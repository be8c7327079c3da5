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


def test_serves_who_is_not_async(greeting_sandbox: SandboxClass) -> None:
    """It answers while the test blocks, and when the block ends it and its thread are gone."""
    before = threading.active_count()
    with in_thread(greeting_sandbox()) as sandbox:
        with urlopen(Request(sandbox.url, headers=KEY)) as answer:  # noqa: S310  # loopback
            assert 200 == answer.status
        assert 1 == len(sandbox.requests)
    assert before == threading.active_count()
    with pytest.raises(RuntimeError, match="is not running"):
        _ = sandbox.url


async def test_serves_who_is(greeting_sandbox: SandboxClass, client: aiohttp.ClientSession) -> None:
    """In a test with an event loop it runs in another one."""
    with in_thread(greeting_sandbox()) as sandbox:
        async with client.get(sandbox.url) as answer:
            assert 200 == answer.status


async def test_ends_while_somebody_waits(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A request that is never answered does not keep it."""
    with (
        in_thread(greeting_sandbox(faults=FaultPlan().always(hang()))) as sandbox,
        pytest.raises(TimeoutError),
    ):
        await client.get(sandbox.url, timeout=aiohttp.ClientTimeout(total=0.01))
    assert 1 == len(sandbox.requests)


def test_taken_port(greeting_sandbox: SandboxClass) -> None:
    """It says so where the block would begin, and leaves no thread."""
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox = greeting_sandbox(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"), in_thread(sandbox):
            pass
    assert before == threading.active_count()
