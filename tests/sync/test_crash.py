"""Processes that are killed or that stall."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import CampfireProvider
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import Sandbox, open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiohttp import web

    from paysdk import Payment

    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]
    Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
# The session `crash` kills at more points.
POINTS = os.environ.get("PAYSDK_KILLS", "12")


def test_a_kill_at_any_point_loses_and_repeats_nothing(place: str) -> None:
    """The store ends as the provider lists, and the feed has each change once."""
    command = [sys.executable, str(HERE / "killing.py"), place, POINTS, "1"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert told["killed"] >= int(POINTS)
    assert told["state"] < 64 * 1024


async def test_a_sync_that_stalls_past_its_lease_writes_nothing_more(
    store: SQLPaymentStore,
    place: str,
    rows: Callable[..., Awaitable[Sequence[tuple[Any, ...]]]],
    kept: Callable[..., Awaitable[dict[str, Payment]]],
    *,
    monkeypatch: pytest.MonkeyPatch,
    start: Start,
    reach: Reach,
) -> None:
    """It raises an error when it continues, because another sync has taken over."""
    reached, released = asyncio.Event(), asyncio.Event()
    handle = Sandbox._handle

    async def held(sandbox: Sandbox, incoming: web.BaseRequest) -> web.StreamResponse:
        response = await handle(sandbox, incoming)
        if len(sandbox.requests) >= 5:  # also a retry, after a timeout
            reached.set()
            await released.wait()
        return response

    monkeypatch.setattr(Sandbox, "_handle", held)
    sandbox = open_sandbox("campfire", payments=200)
    async with (
        asyncio.timeout(240),
        sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider,
    ):
        command = [sys.executable, str(HERE / "worker.py"), place, sandbox.url, sandbox.api_key]
        process = await start(*command, "0.2", stdout=asyncio.subprocess.PIPE)
        ending = asyncio.create_task(process.wait())
        # The sync waits for its fifth page, so it cannot end before it is stopped.
        await reach(reached, ending)
        begun = "SELECT 1 FROM sync_state WHERE checkpoint IS NOT NULL"
        while not await rows(store, begun):  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.001)
        process.send_signal(signal.SIGUSR1)
        flags = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        pid = process.pid
        # No event exists, and WNOHANG does not block.
        while os.waitid(os.P_PID, pid, flags) is None:  # noqa: ASYNC110, ASYNC222  # see above
            await asyncio.sleep(0.001)
        released.set()
        before = await rows(store, "SELECT count(*) FROM payments")
        run_out = _RUN_OUT[store._database.engine.dialect.name]
        while not await rows(store, run_out):  # noqa: ASYNC110  # the lease ends by itself
            await asyncio.sleep(0.01)
        report = await sync_payments(provider, store)
        after = (
            await rows(store, "SELECT * FROM sync_state"),
            await rows(store, "SELECT max(sequence) FROM payment_changes"),
        )
        process.send_signal(signal.SIGCONT)
        told, _ = await process.communicate()

        assert 0 < before[0][0] < 200
        assert (True, 200 - before[0][0]) == (report.resumed, report.created)
        assert told.startswith(
            b"LeaseLostError: Another sync of campfire payments of account 'default' has taken over"
        )
        assert after == (
            await rows(store, "SELECT * FROM sync_state"),
            await rows(store, "SELECT max(sequence) FROM payment_changes"),
        )
        assert 200 == len(await kept(store, "campfire"))


_RUN_OUT = {
    "sqlite": (
        "SELECT 1 FROM sync_state WHERE leased_until < (julianday('now') - 2440587.5) * 86400"
    ),
    "postgresql": (
        "SELECT 1 FROM sync_state WHERE leased_until < extract(epoch from clock_timestamp())"
    ),
}
