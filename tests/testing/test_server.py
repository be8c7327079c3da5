"""The local server of a sandbox."""

from __future__ import annotations

import asyncio
import socket
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import pytest

from paysdk import CampfireProvider, TransactionPayment
from paysdk.testing import FaultPlan, hang, open_sandbox, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.testing import Sandbox
    from tests.conftest import Until

    SandboxClass = Callable[..., Sandbox]


async def test_listens_on_loopback_at_a_free_port(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """The server responds at its URL."""
    async with greeting_sandbox() as sandbox, client.get(f"{sandbox.url}/hello") as response:
        assert 200 == response.status
        assert sandbox.url.startswith("http://127.0.0.1:")


async def test_listens_on_the_loopback_of_ipv6() -> None:
    """A provider reaches it there, and follows its links to the end of the list."""
    async with open_sandbox("campfire", payments=25, host="::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        async with CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire:
            payments = await campfire.list_payments(page_size=10).collect()
            await campfire.mark_invoice_paid(
                58700, transactions=[TransactionPayment(14728800, Decimal("883.33"))]
            )

    assert 25 == len(payments)
    assert {"[::1]"} == {each.headers["Host"].rpartition(":")[0] for each in sandbox.requests}


async def test_two_run_side_by_side(greeting_sandbox: SandboxClass) -> None:
    """Two sandboxes have different ports."""
    async with greeting_sandbox() as one, greeting_sandbox() as other:
        assert one.url != other.url


async def test_not_running_has_no_url(greeting_sandbox: SandboxClass) -> None:
    """Before start and after close, the error of the URL says what to do."""
    sandbox = greeting_sandbox()
    with pytest.raises(RuntimeError, match="await start"):
        _ = sandbox.url
    await sandbox.start()
    await sandbox.close()
    with pytest.raises(RuntimeError, match="GreetingSandbox is not running"):
        _ = sandbox.url


async def test_starting_and_closing_twice_is_fine(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """Starting or closing twice changes nothing, and the log survives a restart."""
    sandbox = greeting_sandbox()
    await sandbox.start()
    url = sandbox.url
    await sandbox.start()
    assert url == sandbox.url
    async with client.get(url):
        pass
    await sandbox.close()
    await sandbox.close()
    async with sandbox, client.get(sandbox.url):
        assert 2 == len(sandbox.requests)


async def test_taken_port_raises_and_leaves_nothing(greeting_sandbox: SandboxClass) -> None:
    """A taken port raises OSError, and the sandbox can be started later."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox = greeting_sandbox(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"):
            await sandbox.start()
    async with sandbox:
        assert sandbox.url.endswith(str(sandbox.port))


def test_outlives_an_event_loop(greeting_sandbox: SandboxClass) -> None:
    """The same object runs in one event loop after another."""
    sandbox = greeting_sandbox()

    async def run() -> str:
        async with sandbox:
            return sandbox.url

    assert asyncio.run(run()).startswith("http://")
    assert asyncio.run(run()).startswith("http://")


@pytest.mark.parametrize("faults", [None, FaultPlan().always(hang())])
async def test_close_leaves_no_task_behind(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession, faults: FaultPlan | None
) -> None:
    """Closing cuts a request that waits for a response, and ends its task."""
    before = asyncio.all_tasks()
    sandbox = greeting_sandbox(faults=faults, latency=0 if faults else 60)
    await sandbox.start()
    # A POST, because aiohttp sends a GET again by itself.
    waiting = asyncio.create_task(client.post(sandbox.url).__aenter__())
    while not sandbox.requests:  # noqa: ASYNC110  # no event announces it
        await asyncio.sleep(0)
    await sandbox.close()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await waiting
    assert before == asyncio.all_tasks()


@pytest.mark.parametrize("turns", range(5))
async def test_close_cuts_a_connection_that_has_just_come(
    greeting_sandbox: SandboxClass, until: Until, turns: int
) -> None:
    """A connection is cut at any stage of being accepted."""
    sandbox = greeting_sandbox()
    await sandbox.start()
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as connection:
        for _ in range(turns):
            await asyncio.sleep(0)
        await sandbox.close()
        connection.setblocking(False)  # noqa: FBT003  # socket's
        await until(lambda: is_cut(connection))


def is_cut(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection."""
    try:
        return b"" == connection.recv(1)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


async def test_latency_is_waited(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A client that waits less than the latency gets no response."""
    async with greeting_sandbox(latency=0.02) as sandbox:
        with pytest.raises(TimeoutError):
            await client.get(sandbox.url, timeout=aiohttp.ClientTimeout(total=0.01))
        async with client.get(sandbox.url) as response:
            assert 200 == response.status


async def test_log_tells_the_fault(
    greeting_sandbox: SandboxClass, client: aiohttp.ClientSession
) -> None:
    """A request that met a fault is logged with the fault and no status."""
    fault = status(503)
    async with greeting_sandbox(faults=FaultPlan().on(1, fault)) as sandbox:
        for expected in (503, 200):
            async with client.get(sandbox.url) as response:
                assert expected == response.status
    assert [(None, fault), (200, None)] == [
        (logged.status, logged.fault) for logged in sandbox.requests
    ]


@pytest.mark.parametrize(
    ("authorization", "authorised"),
    [
        ("Bearer sandbox-key", True),
        ("bearer  sandbox-key ", True),
        ("Bearer other-key", False),
        ("Bearer é", False),
        ("Bearer ", False),
        ("Token sandbox-key", False),
        ("sandbox-key", False),
        ("", False),
    ],
)
async def test_authorisation(
    greeting_sandbox: SandboxClass, authorization: str, *, authorised: bool
) -> None:
    """A request is authorised only with the right key and the right scheme."""
    async with (
        greeting_sandbox() as sandbox,
        aiohttp.ClientSession(headers={"Authorization": authorization}) as client,
    ):
        async with client.get(sandbox.url) as response:
            assert (200 if authorised else 401) == response.status
        assert [authorised] == [logged.authorised for logged in sandbox.requests]


async def test_request_without_authorization(greeting_sandbox: SandboxClass) -> None:
    """A request without a key is not authorised."""
    async with (
        greeting_sandbox() as sandbox,
        aiohttp.ClientSession() as client,
        client.get(sandbox.url) as response,
    ):
        assert 401 == response.status


def test_settings_are_fixed(greeting_sandbox: Callable[..., Any]) -> None:
    """The settings of a sandbox cannot be changed."""
    with pytest.raises(attrs.exceptions.FrozenAttributeError):
        greeting_sandbox().latency = 1.0


def test_key_is_not_shown(greeting_sandbox: SandboxClass) -> None:
    """The repr does not show the key."""
    assert "sandbox-key" not in repr(greeting_sandbox())
