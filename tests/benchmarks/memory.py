"""4. Memory: the peak of a long listing against a short one, and the bytes of a kept payment.

Each listing runs in its own process. The server's memory does not count.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

from rounds import Line, Verdict, at_most_more, report
from server import Plan, serving

from paysdk import CampfireProvider

SHORT, LONG, PAGE_SIZE = 100_000, 1_000_000, 1000
MEGABYTE = 2**20
# One payment of so many is kept, and may keep so many bytes alive.
KEPT_OF, KEPT_BYTES = 50, 1100


async def walk(origin: str, concurrency: int) -> int:
    """List all payments, and return their number."""
    count = 0
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for _ in campfire.list_payments(page_size=PAGE_SIZE, concurrency=concurrency):
            count += 1
    return count


async def page_worth(origin: str) -> int:
    """Return the bytes of one page of payments, including their records."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        tracemalloc.start()
        payments = await campfire.list_payments(page_size=PAGE_SIZE).collect(limit=PAGE_SIZE)
        before = tracemalloc.get_traced_memory()[0]
        payments.clear()
        return before - tracemalloc.get_traced_memory()[0]


async def bytes_kept(origin: str) -> float:
    """Return the bytes that each kept payment holds after a listing that keeps one in fifty."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        listing = campfire.list_payments(page_size=10_000)
        # Caches and connections are filled before they would count.
        async for _ in listing:
            pass
        tracemalloc.start()
        kept = [payment async for payment in listing if int(payment.id) % KEPT_OF == 0]
        gc.collect()
        before, count = tracemalloc.get_traced_memory()[0], len(kept)
        kept.clear()
        gc.collect()
        held = before - tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return held / count


def peak(origin: str, payments: int, concurrency: int) -> float:
    """Return the peak megabytes of a listing in a new process."""
    command = [sys.executable, __file__, origin, str(concurrency)]
    count, kilobytes = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.split()
    if int(count) != payments:
        raise AssertionError(f"{count} payments came, not {payments}")
    return int(kilobytes) / 1024


def high_water() -> int:
    """Return the peak memory of this process in kilobytes, as Linux reports it.

    `getrusage` would also count the memory of its parent.
    """
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


def compare() -> None:
    """Measure and report."""
    with serving(Plan(rows=SHORT, kept=False)) as origin:
        worth = asyncio.run(page_worth(origin)) / MEGABYTE
        kept = asyncio.run(bytes_kept(origin))
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
    report(
        Line(
            part=4,
            what=f"Memory of a kept payment, one of {KEPT_OF} kept, 10,000 a page",
            ours=f"{kept:,.0f} bytes",
            against="",
            verdict=Verdict("", f"at most {KEPT_BYTES:,} bytes", kept <= KEPT_BYTES),
        )
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        walked = asyncio.run(walk(sys.argv[1], int(sys.argv[2])))
        sys.stdout.write(f"{walked} {high_water()}\n")
    else:
        compare()
