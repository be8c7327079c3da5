"""Kill syncs at random points until each has finished: `killing.py PLACE POINTS SEED`.

One process imports everything and forks the others, so a point costs milliseconds. Another process
serves two states of each provider. The first is synced to its end, and then the second, which has
changes, voids, additions and, at Notify, deletions. The database must then have what the second
state lists, and the feed must lead there with every change once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import attrs

from paysdk import Payment, open_provider
from paysdk.customers import FindsCustomers, add_customers
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

PAYMENTS, PAGE_SIZE = 400, 25


def states(name: str) -> tuple[Any, Any]:
    """The two states of a provider."""
    before, after = (open_sandbox(name, payments=PAYMENTS) for _ in range(2))
    later: Any = after
    ids = [row["id"] for row in later.payments]
    for number in range(0, PAYMENTS, 9):
        later.change_payment(
            ids[number],
            **({"external_id": f"x{number}"} if name == "campfire" else {"date": "03-02-2021"}),
        )
    for number in range(1, PAYMENTS, 29):
        if name == "campfire":
            later.void_payment(ids[number])
        else:
            later.delete_payment(ids[number])
    for _ in range(30):
        later.add_payment()
    return before, after


async def serve(out: int) -> None:
    """Serve the states, and write their addresses."""
    places: dict[str, list[str]] = {}
    for name in ("campfire", "notify"):
        for sandbox in states(name):
            await sandbox.start()
            places.setdefault(name, [sandbox.api_key]).append(sandbox.url)
    os.write(out, json.dumps(places).encode())
    os.close(out)
    await asyncio.Event().wait()


def opened(
    name: str,
    api_key: str,
    origin: str,
) -> Any:  # noqa: ANN401  # a provider with the capabilities made smaller
    """Make a provider with small pages."""
    provider: Any = open_provider(name, api_key=api_key, base_url=origin)
    provider.capabilities = attrs.evolve(provider.capabilities, max_page_size=PAGE_SIZE)
    return provider


async def sync(place: str, name: str, api_key: str, origin: str, account: str) -> None:
    """Run one sync to its end."""
    async with opened(name, api_key, origin) as provider, SQLPaymentStore(place) as store:
        await sync_payments(provider, store, account)


def forked(work: Coroutine[Any, Any, None]) -> int:
    """Fork a process that only runs this, and return its id."""
    pid = os.fork()
    if pid:
        work.close()
        return pid
    code = 1
    try:
        asyncio.run(work)
        code = 0
    finally:
        os._exit(code)


def ended(pid: int, seconds: float | None) -> bool:
    """Whether a process ended within so many seconds. If not, it is killed."""
    until = time.monotonic() + (3600 if seconds is None else seconds)
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if status:
                raise AssertionError(f"a sync failed: {status}")
            return True
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


async def check(place: str, name: str, api_key: str, origin: str, account: str) -> int:
    """Compare the database with the provider, and return the size of the state in bytes."""
    async with opened(name, api_key, origin) as provider, SQLPaymentStore(place) as store:
        listed: Sequence[Payment] = await provider.list_payments().collect()
        if isinstance(provider, FindsCustomers):
            async with provider.look_up_customers() as lookup:
                listed = await add_customers(listed, lookup)
        truth = {payment.id: payment for payment in listed}
        stored = {
            payment.id: payment async for payment in store.payments(provider=name, account=account)
        }
        assert truth == stored
        there: dict[str, Payment] = {}
        async for change in store.changes():
            if (change.provider, change.account) == (name, account):
                assert there.pop(change.payment_id, None) == change.before
                assert change.before != change.after
                if change.after is not None:
                    there[change.payment_id] = change.after
        assert truth == there
        async with store._database.transaction(writes=False) as connection:
            state = (await connection.exec_driver_sql("SELECT * FROM sync_state")).all()
    return max(len(str(row)) for row in state)


def main(place: str, points: int, seed: int) -> None:
    """Kill processes at so many points, and write the result."""
    dice = random.Random(seed)
    read, write = os.pipe()
    server = forked(serve(write))
    os.close(write)
    try:
        with os.fdopen(read) as told:
            places = json.loads(told.read())
        killed = rounds = state = 0
        seconds = 0.2
        while killed < points:
            name, account = ("campfire", "notify")[rounds % 2], f"round {rounds}"
            rounds += 1
            api_key, before, after = places[name]
            for origin in (before, after):
                started = time.monotonic()
                while not ended(
                    forked(sync(place, name, api_key, origin, account)),
                    dice.uniform(0, seconds) if rounds > 2 else None,
                ):
                    killed += 1
                if rounds <= 2:
                    seconds = time.monotonic() - started
            state = max(state, asyncio.run(check(place, name, api_key, after, account)))
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
    sys.stdout.write(json.dumps({"killed": killed, "rounds": rounds, "state": state}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
