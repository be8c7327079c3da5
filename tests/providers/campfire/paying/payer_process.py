"""A process that pays: `payer_process.py URL CALLS TIMEOUT [STORE]`.

It prints "ready", and begins when it reads a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import nullcontext
from datetime import date
from decimal import Decimal

from paysdk import CampfireProvider, DuplicatePaymentError, ManualPayment, PaysdkError, RetryPolicy

ORDER = ManualPayment(Decimal("12.50"), 2553, "1100", date(2026, 1, 31), "order-1")


async def pay(campfire: CampfireProvider) -> tuple[str, tuple[str, ...]]:
    """The result of one call: the name of its class, and the payments in it."""
    try:
        outcome = await campfire.mark_invoice_paid(58700, empty_transactions=[ORDER])
    except DuplicatePaymentError as error:
        return f"DuplicatePaymentError sent={error.sent}", error.payment_ids
    except PaysdkError as error:
        return type(error).__name__, ()
    return "paid", outcome.payment_ids


async def main(
    url: str,
    calls: int,
    timeout: float,  # noqa: ASYNC109  # the provider's
    place: str | None = None,
) -> None:
    """Pay this many times at the same time."""
    store, exclusive = None, None
    if place is not None:
        from paysdk.sync import SQLPaymentStore  # noqa: PLC0415  # it takes long to import

        store = SQLPaymentStore(place)
        exclusive = store.exclusive
    async with (
        store or nullcontext(),
        CampfireProvider(
            "sandbox-key",
            base_url=url,
            exclusive=exclusive,
            timeout=timeout,
            retry=RetryPolicy(wait_initial=0),
        ) as campfire,
    ):
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        say(json.dumps(await asyncio.gather(*(pay(campfire) for _ in range(calls)))))


def say(line: str) -> None:
    """Write a line and flush it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:]))
