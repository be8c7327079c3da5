"""Sync one account, and write how that ended: `worker.py PLACE ORIGIN KEY LEASE`.

When it receives SIGUSR1, it stops itself (SIGSTOP) as soon as it is not in a transaction. A signal
from outside could stop it in the middle of one, and then its locks would stay.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import attrs

from paysdk import PaysdkError, open_provider
from paysdk.sync import SQLPaymentStore, sync_payments


async def main(place: str, origin: str, api_key: str, lease: str) -> str:
    """Sync with ten payments a page."""
    provider: Any = open_provider("campfire", api_key=api_key, base_url=origin)
    provider.capabilities = attrs.evolve(provider.capabilities, max_page_size=10)
    async with provider, SQLPaymentStore(place) as store, asyncio.TaskGroup() as tasks:

        async def stop() -> None:
            while store._database._open:  # noqa: ASYNC110  # no event exists
                await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGSTOP)

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, lambda: tasks.create_task(stop()))
        try:
            return str(await sync_payments(provider, store, lease=float(lease)))
        except PaysdkError as error:
            return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(main(*sys.argv[1:])))
