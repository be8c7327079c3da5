"""5. The longest stall of the event loop while pages of 10,000 are listed, against an idle loop."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import attrs
from rounds import Line, Verdict, report
from server import Plan, serving

from paysdk import CampfireProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RUNS = 15
RECORDS = 100_000
BEAT = 0.001
# Milliseconds.
LONGEST = 10


@attrs.frozen
class Stall:
    """The longest stall of a run in milliseconds, by the clock and in processor time.

    Processor time counts only this process, so other programs do not lengthen it.
    """

    by_clock: float
    of_processor: float


async def longest_stall(work: Callable[[], Awaitable[None]]) -> Stall:
    """Return the longest delay of a heartbeat during *work*, by the clock and in processor time."""
    by_clock, of_processor = [0.0], [0.0]

    async def beat() -> None:
        while True:
            started, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            by_clock.append(time.perf_counter() - started - BEAT)
            of_processor.append(time.thread_time() - used)

    heart = asyncio.create_task(beat())
    await work()
    heart.cancel()
    return Stall(max(by_clock) * 1000, max(of_processor) * 1000)


async def payments(origin: str) -> None:
    """List payment by payment."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for _ in campfire.list_payments(page_size=10_000):
            pass


async def pages(origin: str) -> None:
    """List page by page, and iterate each page without a pause."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for page in campfire.list_payments(page_size=10_000).pages():
            for _ in page.payments:
                pass


async def idle() -> None:
    """Wait about as long as a listing takes."""
    await asyncio.sleep(0.3)


def by_clock(stalls: list[Stall]) -> list[float]:
    """Return the stalls by the clock, which other programs affect; the median is judged."""
    return [stall.by_clock for stall in stalls]


def of_processor(stalls: list[Stall]) -> list[float]:
    """Return the stalls in processor time; the maximum is judged."""
    return [stall.of_processor for stall in stalls]


def shown(taken: list[float]) -> str:
    """Format the median and the maximum."""
    return f"{median(taken):.1f} ms, {max(taken):.1f} ms"


def compare() -> None:
    """Measure and report."""
    stalls: dict[str, list[Stall]] = {"payment by payment": [], "page by page": [], "idle": []}
    with serving(Plan(rows=RECORDS)) as origin:
        work: dict[str, Callable[[], Awaitable[None]]] = {
            "payment by payment": partial(payments, origin),
            "page by page": partial(pages, origin),
            "idle": idle,
        }
        asyncio.run(payments(origin))
        for _ in range(RUNS):
            for name, each in work.items():
                stalls[name].append(asyncio.run(longest_stall(each)))
    for name in ("payment by payment", "page by page"):
        for measure, clock, judged in (
            ("by the clock", by_clock, median),
            ("in processor time", of_processor, max),
        ):
            ours, nothing = clock(stalls[name]), clock(stalls["idle"])
            what = (
                f"Longest stall {measure}, {name}, 10,000 a page; median and maximum of {RUNS} runs"
            )
            verdict = Verdict(
                f"{median(ours) - median(nothing):+.1f} ms",
                f"at most {LONGEST} ms",
                judged(ours) <= LONGEST,
            )
            report(
                Line(
                    part=5,
                    what=what,
                    ours=shown(ours),
                    against=f"idle loop: {shown(nothing)}",
                    verdict=verdict,
                )
            )


if __name__ == "__main__":
    compare()
