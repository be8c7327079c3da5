"""4. Memory: the peak of a long walk against that of a short one. Each walk has a process of its own; the server's does not count."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tracemalloc
from pathlib import Path

from rounds import Line, at_most_more, report
from server import Plan, serving

from paysdk import CampfireProvider

SHORT, LONG, PAGE_SIZE = 100_000, 1_000_000, 1000
MEGABYTE = 2**20


async def walk(origin: str, concurrency: int) -> int:
    """Walk all there is, and give how many payments came."""
    count = 0
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for _ in campfire.list_payments(page_size=PAGE_SIZE, concurrency=concurrency):
            count += 1
    return count


async def page_worth(origin: str) -> int:
    """The bytes that one page of payments takes, the records that they keep included."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        tracemalloc.start()
        payments = await campfire.list_payments(page_size=PAGE_SIZE).collect(limit=PAGE_SIZE)
        before = tracemalloc.get_traced_memory()[0]
        payments.clear()
        return before - tracemalloc.get_traced_memory()[0]


def peak(origin: str, payments: int, concurrency: int) -> float:
    """The peak memory of a walk in a process of its own, in megabytes."""
    command = [sys.executable, __file__, origin, str(concurrency)]
    count, kilobytes = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.split()
    if int(count) != payments:
        raise AssertionError(f"{count} payments came, not {payments}")
    return int(kilobytes) / 1024


def high_water() -> int:
    """The most memory that this process has held, in kilobytes; Linux tells.

    `getrusage` would count what its parent held, too.
    """
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


def compare() -> None:
    """Measure and report."""
    with serving(Plan(rows=SHORT, kept=False)) as origin:
        worth = asyncio.run(page_worth(origin)) / MEGABYTE
        short = peak(origin, SHORT, 1)
    with serving(Plan(rows=LONG, kept=False)) as origin:
        long, concurrent = peak(origin, LONG, 1), peak(origin, LONG, 8)
    what = f"Peak memory of walking {LONG:,}, {PAGE_SIZE:,} a page"
    verdict = at_most_more(long - short, 8, "MB")
    report(
        Line(
            part=4,
            what=what,
            ours=f"{long:.1f} MB",
            against=f"walking {SHORT:,}: {short:.1f} MB",
            verdict=verdict,
        )
    )
    what = "The same with `concurrency=8`, where the target is eight pages' worth"
    verdict = at_most_more(concurrent - long, 8 * worth, "MB")
    report(
        Line(
            part=4,
            what=what,
            ours=f"{concurrent:.1f} MB",
            against=f"one page after the other: {long:.1f} MB",
            verdict=verdict,
        )
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        walked = asyncio.run(walk(sys.argv[1], int(sys.argv[2])))
        sys.stdout.write(f"{walked} {high_water()}\n")
    else:
        compare()
