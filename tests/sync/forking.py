"""Use a store and a provider after a fork: `forking.py PLACE`.

It writes the result of each attempt.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from paysdk import CampfireProvider, ManualPayment, PaysdkError
from paysdk.events import RequestSent
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import FaultPlan, hang, open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.events import Event

    Attempts = dict[str, Callable[[], Awaitable[Any]]]

PAYMENT = ManualPayment(Decimal("12.50"), 2553, "Cash", date(2026, 1, 31), "receipt-1")
# Far more than anything here takes, and less than pytest waits.
SECONDS = 40


async def tried(name: str, work: Callable[[], Awaitable[Any]]) -> None:
    """Write the result of an attempt."""
    try:
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # asyncio has noticed the fork
            told = str(await work())
        else:
            async with asyncio.timeout(SECONDS):
                told = str(await work())
    except (PaysdkError, TimeoutError) as error:
        told = f"{type(error).__name__}: {error}"
    os.write(1, f"{name}: {told}\n".encode())


async def try_all(attempts: Attempts) -> None:
    """Make these attempts, one after another."""
    for name, work in attempts.items():
        await tried(name, work)


async def main(place: str) -> None:  # noqa: C901  # each attempt is a function
    """Open both, fork, and use them in the child and then in the parent."""
    sent = asyncio.Event()

    def note(event: Event) -> None:
        if isinstance(event, RequestSent) and event.method == "POST":
            sent.set()

    # The first attempt to pay hangs until the child has ended.
    hangs = FaultPlan().on(1, hang(), path="*/pay/")
    started = open_sandbox("campfire", payments=30, faults=hangs)
    async with started as sandbox:  # noqa: SIM117  # the provider takes its URL
        async with (
            CampfireProvider(
                sandbox.api_key, base_url=sandbox.url, on_event=note, timeout=SECONDS / 2
            ) as provider,
            SQLPaymentStore(place) as store,
        ):

            async def read() -> int:
                return len([payment async for payment in store.payments(provider="campfire")])

            async def hold() -> str:
                async with store.exclusive("receipt-1"):
                    return "held"

            async def list_all() -> int:
                return len(await provider.list_payments().collect())

            async def pay() -> str:
                outcome = await provider.mark_invoice_paid(58700, empty_transactions=[PAYMENT])
                return ", ".join(outcome.payment_ids)

            async def pay_again() -> str:
                async with store, provider:
                    return await pay()

            async def hold_another() -> str:
                async with store, store.exclusive("receipt-2"):
                    return "held"

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

            at_once: Attempts = {
                "read at once": read,
                "hold at once": hold,
                "list at once": list_all,
                "next page at once": lambda: anext(other_pages),
                "next window at once": lambda: anext(windows),
                "pay at once": pay,
            }
            in_the_child: Attempts = {
                "read": read,
                "exclusive": hold,
                "list": list_all,
                "next page": lambda: anext(pages),
                "pay": pay,
                "sync": lambda: sync_payments(provider, store),
                "leave": leave,
                "open others": open_others,
                "enter again": enter_again,
                "exclusive again": hold_another,
                "pay again": pay_again,
            }

            await sync_payments(provider, store)
            pages = provider.list_payments(page_size=10).pages()
            other_pages = provider.list_payments(page_size=10).pages()
            windows = provider.list_payments(page_size=10, concurrency=2).pages()
            for begun in (pages, other_pages, windows):
                await anext(begun)
            async with store.exclusive("receipt-1"):
                paying = asyncio.create_task(pay())
                await sent.wait()
                pid = os.fork()
                if not pid:
                    try:
                        # The child goes on in this coroutine, as a careless program does.
                        await try_all(at_once)
                        asyncio.events._set_running_loop(None)
                        asyncio.run(try_all(in_the_child))
                    finally:
                        os._exit(0)
                await asyncio.to_thread(os.waitpid, pid, 0)
            paying.cancel()
            await try_all({"read in the parent": read, "list in the parent": list_all})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
