"""Use a store and a provider after a fork: `forking.py PLACE`.

It writes the result of each attempt.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from paysdk import CampfireProvider, PaysdkError
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Far more than anything here takes, and less than pytest waits.
SECONDS = 40


async def tried(name: str, work: Callable[[], Awaitable[Any]]) -> None:
    """Write the result of an attempt."""
    try:
        async with asyncio.timeout(SECONDS):
            told = str(await work())
    except (PaysdkError, TimeoutError) as error:
        told = f"{type(error).__name__}: {error}"
    os.write(1, f"{name}: {told}\n".encode())


async def main(place: str) -> None:
    """Open both, fork, and use them in the child and then in the parent."""
    async with open_sandbox("campfire", payments=30) as sandbox:  # noqa: SIM117  # longer than a line
        async with (
            CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider,
            SQLPaymentStore(place) as store,
        ):

            async def read() -> int:
                return len([payment async for payment in store.payments(provider="campfire")])

            async def hold() -> str:
                async with store.exclusive("receipt-1"):
                    return "held"

            async def list_all() -> int:
                return len(await provider.list_payments().collect())

            async def leave() -> str:
                await store.aclose()
                await provider.aclose()
                return "left"

            async def open_others() -> int:
                async with SQLPaymentStore(place) as other:
                    return len([payment async for payment in other.payments(provider="campfire")])

            async def enter_again() -> int:
                async with store:
                    return await read()

            async def in_the_child() -> None:
                await tried("read", read)
                await tried("exclusive", hold)
                await tried("list", list_all)
                await tried("sync", lambda: sync_payments(provider, store))
                await tried("leave", leave)
                await tried("open others", open_others)
                await tried("enter again", enter_again)

            await sync_payments(provider, store)
            pid = os.fork()
            if not pid:
                try:
                    asyncio.run(in_the_child())
                finally:
                    os._exit(0)
            await asyncio.to_thread(os.waitpid, pid, 0)
            await tried("read in the parent", read)
            await tried("list in the parent", list_all)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
