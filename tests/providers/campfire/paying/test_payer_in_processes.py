"""One external id in two processes, with and without ``exclusive``."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aiohttp import web

from paysdk.providers.campfire.sandbox import CampfireSandbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from paysdk.testing.exchange import Request
    from tests.conftest import Until

pytestmark = pytest.mark.slow

# For each call the name of the result's class, and the payments in it.
Told: TypeAlias = list[list[Any]]

SCRIPT = Path(__file__).with_name("payer_process.py")
SENT = "DuplicatePaymentError sent=True"


class Gated(CampfireSandbox):
    """A sandbox that holds orders back until enough have arrived, or until a test releases them."""

    def __init__(self, orders: int | None) -> None:
        super().__init__(payments=0)
        self.orders = orders
        self.arrived = 0
        self.may_pass = asyncio.Event()
        self.passing: list[asyncio.Task[web.StreamResponse]] = []

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        if incoming.method != "POST":
            return await super()._handle(incoming)
        self.arrived += 1
        if self.arrived == self.orders:
            self.may_pass.set()
        self.passing.append(asyncio.create_task(self._pass_on(await self._read(incoming))))
        return await asyncio.shield(self.passing[-1])

    async def _pass_on(self, request: Request) -> web.StreamResponse:
        await self.may_pass.wait()
        response = self.respond(request)
        return web.Response(status=response.status, body=response.body, headers=response.headers)


@asynccontextmanager
async def payer(
    sandbox: CampfireSandbox,
    calls: int,
    timeout: float,  # noqa: ASYNC109  # the payer's
    *place: str,
) -> AsyncGenerator[Process]:
    """A process that is ready to pay."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        sandbox.url,
        str(calls),
        str(timeout),
        *place,
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdout is not None
    try:
        assert b"ready\n" == await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # or the collector does


def begin(process: Process) -> None:
    """Let the process pay."""
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def told_by(process: Process) -> Told:
    """The results of its calls."""
    assert process.stdout is not None
    told: Told = json.loads(await process.stdout.readline())
    return told


async def all_told(
    sandbox: CampfireSandbox,
    calls: int,
    timeout: float,  # noqa: ASYNC109  # the payers'
    *place: str,
) -> Told:
    """The results of the calls of two processes at the same time."""
    async with AsyncExitStack() as running:
        two = await asyncio.gather(
            *(running.enter_async_context(payer(sandbox, calls, timeout, *place)) for _ in range(2))
        )
        for process in two:
            begin(process)
        return [each for process in two for each in await told_by(process)]


def ids(sandbox: CampfireSandbox) -> list[str]:
    """The ids of the payments that are booked."""
    return [str(row["id"]) for row in sandbox.payments]


async def test_two_processes_without_exclusive() -> None:
    """If both send the order before one is booked, each call raises an error with both ids."""
    async with Gated(2) as sandbox:
        told = await all_told(sandbox, 5, 60)
        assert 2 == len(ids(sandbox))
        assert [SENT] * 10 == [what for what, _ in told]
        assert all(ids(sandbox) == sorted(payments) for _, payments in told)


async def test_two_processes_whose_orders_come_late() -> None:
    """A call that times out is unknown, and the error of one that finds two payments says so."""
    async with Gated(None) as sandbox:
        told = await all_told(sandbox, 5, 0.3)
        assert {"OutcomeUnknownError"} == {what for what, _ in told}
        assert 2 == sandbox.arrived
        sandbox.may_pass.set()
        await asyncio.gather(*sandbox.passing)
        assert {SENT} == {what for what, _ in await all_told(sandbox, 1, 60)}
        assert 2 == sandbox.arrived == len(ids(sandbox))


@pytest.mark.parametrize("calls", [1, 5])
async def test_two_processes_that_share_a_store(calls: int, tmp_path: Path) -> None:
    """The order is booked once, and all calls return the same payment."""
    async with CampfireSandbox(payments=0) as sandbox:
        told = await all_told(sandbox, calls, 60, f"sqlite:///{tmp_path / 'payments.db'}")
        assert 1 == len(ids(sandbox))
        assert [["paid", ids(sandbox)]] * 2 * calls == told


async def test_two_processes_that_share_a_store_and_a_late_order(tmp_path: Path) -> None:
    """Neither process sends an order again that may still be booked, and both find it later."""
    place = f"sqlite:///{tmp_path / 'payments.db'}"
    async with Gated(None) as sandbox:
        assert {"OutcomeUnknownError"} == {
            what for what, _ in await all_told(sandbox, 2, 0.3, place)
        }
        assert 1 == sandbox.arrived
        sandbox.may_pass.set()
        await asyncio.gather(*sandbox.passing)
        assert [["paid", ids(sandbox)]] * 4 == await all_told(sandbox, 2, 60, place)
        assert 1 == sandbox.arrived


async def test_a_process_that_is_killed_while_its_order_is_out(
    until: Until, tmp_path: Path
) -> None:
    """The store keeps the open order, so the next process sends nothing until it finds it."""
    place = f"sqlite:///{tmp_path / 'payments.db'}"
    async with Gated(None) as sandbox:
        async with payer(sandbox, 1, 60, place) as killed:
            begin(killed)
            await until(lambda: sandbox.arrived)
            killed.kill()
        async with payer(sandbox, 1, 60, place) as next_one:
            begin(next_one)
            assert [["OutcomeUnknownError", []]] == await told_by(next_one)
        sandbox.may_pass.set()
        await asyncio.gather(*sandbox.passing)
        async with payer(sandbox, 1, 60, place) as last:
            begin(last)
            assert [["paid", ids(sandbox)]] == await told_by(last)
        assert 1 == sandbox.arrived == len(ids(sandbox))
