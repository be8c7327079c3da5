"""Run a worker: `job_worker.py URL ACCOUNTS GRACE`.

ACCOUNTS is JSON with the origin and the key of each account. The worker writes a line when a signal
stops it in order. Before that, a signal would kill it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

import attrs
from procrastinate import App, PsycopgConnector

from paysdk import PaymentsProvider, open_provider
from paysdk.sync import SQLPaymentStore
from paysdk.sync.workers import sync_tasks


async def main(url: str, accounts: dict[str, tuple[str, str]], grace: float) -> None:
    """Work until a signal comes, with ten payments a page."""

    async def open_account(name: str, account: str) -> PaymentsProvider:
        origin, api_key = accounts[account]
        provider: Any = open_provider(name, api_key=api_key, base_url=origin)
        provider.capabilities = attrs.evolve(provider.capabilities, max_page_size=10)
        return provider  # type: ignore[no-any-return]  # it is one, with smaller capabilities

    app, store = App(connector=PsycopgConnector(conninfo=url)), SQLPaymentStore(url)
    sync_tasks(app, store, open_account=open_account)
    async with app.open_async(), store, asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(tell_when_ready())
        await app.run_worker_async(
            concurrency=4, shutdown_graceful_timeout=grace, fetch_job_polling_interval=0.05
        )
        telling.cancel()


async def tell_when_ready() -> None:
    """Write a line when procrastinate has installed its handler of SIGTERM."""
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # noqa: ASYNC110  # no event exists
        await asyncio.sleep(0.005)
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])))
