"""5. The event loop: the longest stall of a heartbeat while pages of 10,000 are walked, against the same heartbeat in an idle loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median

from rounds import Line, report
from server import Plan, serving

from paysdk import CampfireProvider

RUNS = 15
RECORDS = 100_000
BEAT = 0.001


async def longest_stall(work: Callable[[], Awaitable[None]]) -> float:
    """The seconds by which the latest beat came late while *work* was done."""
    stalls = [0.0]

    async def beat() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(BEAT)
            stalls.append(time.perf_counter() - started - BEAT)

    heart = asyncio.create_task(beat())
    await work()
    heart.cancel()
    return max(stalls)


async def payments(origin: str) -> None:
    """Walk payment by payment."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for _ in campfire.list_payments(page_size=10_000):
            pass


async def pages(origin: str) -> None:
    """Walk page by page."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for _ in campfire.list_payments(page_size=10_000).pages():
            pass


async def idle() -> None:
    """Nothing, for about as long as a walk."""
    await asyncio.sleep(0.3)


def compare() -> None:
    """Measure and report."""
    stalls: dict[str, list[float]] = {"payment by payment": [], "page by page": [], "idle": []}
    with serving(Plan(rows=RECORDS)) as origin:
        work = {"payment by payment": partial(payments, origin), "page by page": partial(pages, origin), "idle": idle}
        asyncio.run(payments(origin))
        for _ in range(RUNS):
            for name, each in work.items():
                stalls[name].append(asyncio.run(longest_stall(each)) * 1000)
    for name in ("payment by payment", "page by page"):
        line = Line(
            part=5,
            what=f"Longest stall, {name}, 10,000 a page, median and maximum of {RUNS} runs",
            ours=f"{median(stalls[name]):.1f} ms, {max(stalls[name]):.1f} ms",
            against=f"idle loop: {median(stalls['idle']):.1f} ms, {max(stalls['idle']):.1f} ms",
            ratio=f"{median(stalls[name]) - median(stalls['idle']):+.1f} ms",
            target="at most 10 ms",
            reached=median(stalls[name]) <= 10,
        )
        report(line)


if __name__ == "__main__":
    compare()
