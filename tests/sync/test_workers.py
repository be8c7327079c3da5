"""Sync many accounts as jobs."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import psycopg
import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

import paysdk.sync.workers
from paysdk import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    UnsupportedFilterError,
    open_provider,
)
from paysdk.sync import (
    AccountBusyError,
    LeaseLostError,
    SQLPaymentStore,
    StoreError,
    TooManyVanishedError,
    sync_payments,
)
from paysdk.sync.workers import SyncTasks, sync_tasks
from paysdk.testing import FaultPlan, Sandbox, hang, open_sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from aiohttp import web
    from procrastinate.jobs import Job

    from paysdk import Payment, PaymentsProvider

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Kept = Callable[..., Awaitable[dict[str, Payment]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]

ACME = ("acme", "default")
SCRIPT = str(Path(__file__).parent / "job_worker.py")


@attrs.define(kw_only=True)
class Office:
    """An application with accounts, and a store and a queue in one database."""

    url: str
    app: App
    store: SQLPaymentStore
    accounts: dict[str, Any] = attrs.field(factory=dict[str, Any])
    opened: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    syncs: SyncTasks = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.syncs = sync_tasks(self.app, self.store, open_account=self.open_account)

    async def open_account(self, provider: str, account: str) -> PaymentsProvider:
        """Return the account's provider, call its function, or raise its error."""
        self.opened.append((provider, account))
        found = self.accounts[account]
        if isinstance(found, BaseException):
            raise found
        opened: PaymentsProvider = found() if callable(found) else found
        return opened

    async def work(self, **options: Any) -> None:  # noqa: ANN401  # a worker's
        """Run all jobs that are due."""
        await self.app.run_worker_async(
            **{"wait": False, "install_signal_handlers": False, "listen_notify": False, **options}
        )

    async def jobs(self) -> list[tuple[str | None, int]]:
        """Return the status of each job, and how often it ran."""
        return [(job.status, job.attempts) for job in await self.listed()]

    async def listed(self) -> list[Job]:
        """Return the jobs that sync, oldest first."""
        return [*await self.app.job_manager.list_jobs_async(task="paysdk:sync")]

    async def run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Run an SQL statement, and return its rows."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            result = await connection.execute(statement.encode())
            return await result.fetchall() if result.description else []

    async def comes(self, statement: str) -> None:
        """Wait until an SQL statement returns a row."""
        async with asyncio.timeout(240):
            while not await self.run(statement):  # noqa: ASYNC110  # another process makes it so
                await asyncio.sleep(0.02)

    async def is_free(self, table: str) -> bool:
        """Whether no transaction is writing to a table."""
        try:
            await self.run(f"BEGIN; LOCK TABLE {table} IN SHARE MODE NOWAIT; COMMIT")
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    async def wait_over(self) -> None:
        """Make all waiting jobs due."""
        await self.run("UPDATE procrastinate_jobs SET scheduled_at = NULL")

    async def retry_stalled(self) -> None:
        """Make all heartbeats a minute older, and run the task that runs every minute."""
        await self.run(
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'"
        )
        await self.app.configure_task("paysdk:retry_stalled").defer_async(timestamp=0)
        await self.work()


@asynccontextmanager
async def opened_office(url: str, place: str | None = None) -> AsyncIterator[Office]:
    """Open an office. Its store is another one if *place* names it, and not open yet."""
    office = Office(
        url=url,
        app=App(connector=PsycopgConnector(conninfo=url, min_size=1)),
        store=SQLPaymentStore(place or url),
    )
    async with office.app.open_async():
        await office.app.schema_manager.apply_schema_async()
        if place is None:
            await office.store.__aenter__()
        yield office
        await office.store.aclose()


@pytest.fixture
async def office(schema: str, shelf: Shelf) -> AsyncIterator[Office]:
    """An application with one account."""
    async with opened_office(schema) as office:
        office.accounts["default"] = shelf
        yield office


def stuck(reached: asyncio.Event, page: int = 1) -> Callable[[int], Awaitable[None]]:
    """Make a hook that holds a listing up before this page."""

    async def wait(number: int) -> None:
        if number == page:
            reached.set()
            await asyncio.Event().wait()

    return wait


async def test_accounts_are_synced(office: Office, shelf: Shelf, make: Make, kept: Kept) -> None:
    """Each job opens the provider of its account, syncs it, and closes the provider."""
    shelf.payments = [make(number, number) for number in range(5)]
    queued = await office.syncs.defer([ACME, ("acme", "second"), ACME])
    office.accounts["second"] = shelf
    await office.work()

    assert 2 == queued
    assert [ACME, ("acme", "second")] == office.opened
    assert [("succeeded", 1), ("succeeded", 1)] == await office.jobs()
    assert [
        {"provider": "acme", "account": account, "full": False} for account in ("default", "second")
    ] == [job.task_kwargs for job in await office.listed()]
    assert 5 == len(await kept(office.store))


async def test_a_queued_account_is_left_out(office: Office) -> None:
    """An account with an incremental job is queued again only for a full pass."""
    queued = [
        await office.syncs.defer([ACME]),
        await office.syncs.defer([ACME]),
        await office.syncs.defer([ACME], full=True),
    ]
    queued += [
        await office.syncs.defer([ACME], full=True),
        await office.syncs.defer([ACME]),
        await office.syncs.defer([]),
    ]
    await office.work()
    await office.work()
    queued.append(await office.syncs.defer([ACME]))

    assert [1, 0, 1, 0, 0, 0, 1] == queued


async def test_an_account_that_is_being_synced_can_be_queued(
    office: Office, shelf: Shelf, make: Make, reach: Reach
) -> None:
    """The next job waits until the running one has ended, even if that one is retried."""
    reached = asyncio.Event()
    shelf.payments, shelf.waiting = [make(number, number) for number in range(4)], stuck(reached)
    await office.syncs.defer([ACME])
    working = asyncio.create_task(
        office.work(wait=True, concurrency=2, shutdown_graceful_timeout=0.01)
    )
    await reach(reached, working)
    queued = await office.syncs.defer([ACME])
    while_running = await office.jobs()
    shelf.waiting = None
    working.cancel()
    await asyncio.wait([working])
    cut_off = await office.jobs()
    await office.work()
    await office.work()

    assert 1 == queued
    assert [("doing", 0), ("todo", 0)] == while_running
    assert [("todo", 1), ("todo", 0)] == cut_off
    assert [("succeeded", 2), ("succeeded", 1)] == await office.jobs()


@pytest.mark.parametrize(("provider", "account"), [("", "default"), ("acme", " "), ("acme", None)])
async def test_empty_names_are_refused(office: Office, provider: str, account: str) -> None:
    """The error comes before anything is queued."""
    with pytest.raises(
        ConfigurationError, match=r"must be a string, such as 'default', not .*Nothing was queued"
    ):
        await office.syncs.defer([ACME, (provider, account)])

    assert [] == await office.jobs()


@pytest.mark.parametrize("lock", [None, "once"])
async def test_a_task_runs_after_each_sync(
    office: Office, shelf: Shelf, make: Make, lock: str | None
) -> None:
    """It is queued after a sync that succeeds, and not again while it is queued with its lock."""
    told: list[tuple[str, str]] = []
    once: dict[str, Any] = {"wait": False, "install_signal_handlers": False, "listen_notify": False}

    @office.app.task(name="tell", queueing_lock=lock, queue="later")
    async def tell(provider: str, account: str) -> None:
        told.append((provider, account))

    app = App(connector=office.app.connector)
    syncs = sync_tasks(app, office.store, open_account=office.open_account, after_sync=tell)
    shelf.payments = [make(1, 1)]
    for _ in range(2):
        await syncs.defer([ACME])
        await app.run_worker_async(**once, queues=["paysdk"])
    shelf.waiting = fails
    await syncs.defer([ACME])
    await app.run_worker_async(**once, queues=["paysdk"])
    await office.work(queues=["later"])

    assert [ACME] * (1 if lock else 2) == told


async def fails(_: int) -> None:
    """Fail with an error that is not retried."""
    raise ConfigurationError("wrong")


def test_what_runs_after_a_sync_is_a_task(tmp_path: Path) -> None:
    """A function that is no task is refused at once."""
    store, wrong = SQLPaymentStore(tmp_path / "payments.db"), cast("Any", print)
    with pytest.raises(ConfigurationError, match="after_sync must be a task"):
        sync_tasks(
            App(connector=PsycopgConnector()),
            store,
            open_account=cast("Any", Office.open_account),
            after_sync=wrong,
        )


def test_the_tasks_need_a_store() -> None:
    """The error comes at once, and not in the first job."""
    store: Any = "payments.db"
    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        sync_tasks(
            App(connector=PsycopgConnector()),
            store,
            open_account=cast("Any", Office.open_account),
        )


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    with pytest.raises(
        ModuleNotFoundError,
        match=r'procrastinate, which is not installed: pip install "paysdk-async\[workers\]"',
    ):
        importlib.reload(paysdk.sync.workers)


RETRIED = [
    (ConnectionFailedError(), 0, 30),
    (RequestTimeoutError(), 1, 60),
    (ServerError(status=503), 2, 120),
    (ServerError(status=503, retry_after=5), 3, 240),
    (RateLimitedError(status=429, retry_after=3600), 0, 3600),
    (RateLimitedError("endless", status=429, retry_after=1e300), 0, 86_400),
    (APIError(status=408), 0, 30),
    (MalformedResponseError(not_json=True), 0, 30),
    (StoreError(), 4, 480),
    (OSError("the application's vault is away"), 0, 30),
    (AccountBusyError(seconds=42), 99, 42),
    (LeaseLostError(), 99, 30),
    (asyncio.CancelledError(), 99, 0),
]


@pytest.mark.parametrize(
    ("error", "attempts", "seconds"),
    RETRIED,
    ids=[f"{error!r} after {attempts}" for error, attempts, _ in RETRIED],
)
def test_temporary_errors_are_retried(error: BaseException, attempts: int, seconds: float) -> None:
    """The waits double, or last as long as the provider asks for, up to a day."""
    assert seconds == paysdk.sync.workers._retry_seconds(error, attempts)


GIVEN_UP = [
    ConfigurationError(),
    UnsupportedFilterError(),
    AuthenticationError(status=401),
    PermissionDeniedError(status=403),
    BadRequestError(status=422),
    NotFoundError(status=404),
    APIError(status=301),
    MalformedResponseError(path="$.results[3].amount"),
    TooManyVanishedError(),
    PaginationError(),
    KeyboardInterrupt(),
]


@pytest.mark.parametrize("error", GIVEN_UP, ids=lambda error: type(error).__name__)
def test_permanent_errors_are_not_retried(error: BaseException) -> None:
    """The account's next job tries again."""
    assert paysdk.sync.workers._retry_seconds(error, 0) is None


def test_retries_end() -> None:
    """After five retries the job has failed."""
    assert paysdk.sync.workers._retry_seconds(ServerError(status=500), 5) is None


async def test_a_wrong_key_fails_at_once(office: Office) -> None:
    """The job runs once, and the other accounts are synced."""
    async with open_sandbox("campfire", payments=3) as sandbox:
        office.accounts["wrong"] = open_provider(
            "campfire", api_key="sandbox-other", base_url=sandbox.url
        )
        await office.syncs.defer([("campfire", "wrong"), ACME])
        await office.work()

    assert [("failed", 1), ("succeeded", 1)] == await office.jobs()


async def test_a_job_waits_as_long_as_the_provider_asks_for(office: Office, shelf: Shelf) -> None:
    """The waiting job keeps another from being queued."""

    async def busy(_: int) -> None:
        raise RateLimitedError("slow down", status=429, retry_after=3600)

    shelf.waiting = busy
    await office.syncs.defer([ACME])
    before = datetime.now(UTC)
    await office.work()
    (job,) = await office.listed()

    assert ("todo", 1) == (job.status, job.attempts)
    assert job.scheduled_at is not None
    assert 3600 <= (job.scheduled_at - before).total_seconds() < 3660
    assert 0 == await office.syncs.defer([ACME])


async def test_a_job_succeeds_after_an_outage(office: Office, shelf: Shelf, make: Make) -> None:
    """It is done when its wait is over."""
    shelf.payments = [make(1, 1)]
    office.accounts["default"] = OSError("the vault is away")
    await office.syncs.defer([ACME])
    await office.work()
    during = await office.jobs()
    office.accounts["default"] = shelf
    await office.wait_over()
    await office.work()

    assert [("todo", 1)] == during
    assert [("succeeded", 2)] == await office.jobs()


async def test_a_job_waits_for_another_sync_of_its_account(
    office: Office, shelf: Shelf, make: Make, reach: Reach
) -> None:
    """It runs when the other's lease ends, and does the rest."""
    reached = asyncio.Event()
    shelf.payments, shelf.waiting = [make(1, 1)], stuck(reached, 0)
    other = asyncio.create_task(sync_payments(shelf, office.store))
    await reach(reached, other)
    await office.syncs.defer([ACME])
    await office.work()
    (job,) = await office.listed()
    other.cancel()
    await asyncio.wait([other])
    shelf.waiting = None
    await office.wait_over()
    await office.work()

    assert "todo" == job.status
    assert job.scheduled_at is not None
    assert 0 < (job.scheduled_at - datetime.now(UTC)).total_seconds() <= 60
    assert [("succeeded", 2)] == await office.jobs()


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (ConfigurationError("There is no such account."), "no such account"),
        (None, "open_account returned NoneType for account 'default' of 'acme'"),
    ],
)
async def test_a_missing_account_fails_at_once(
    office: Office, caplog: pytest.LogCaptureFixture, found: object, reason: str
) -> None:
    """The application may raise an error or return nothing."""
    office.accounts["default"] = found
    await office.syncs.defer([ACME])
    await office.work()

    assert [("failed", 1)] == await office.jobs()
    assert reason in caplog.text


async def test_the_wrong_provider_is_not_synced(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The job has the lock of another account, so it closes the provider and fails."""
    await office.syncs.defer([("campfire", "default")])
    await office.work()

    assert [("failed", 1)] == await office.jobs()
    assert (
        "open_account returned the provider 'acme' for account 'default' of 'campfire'"
        in caplog.text
    )


async def test_an_aborted_job_is_not_retried(office: Office, shelf: Shelf, reach: Reach) -> None:
    """Aborting a job ends it for good."""
    reached = asyncio.Event()
    shelf.waiting = stuck(reached, 0)
    await office.syncs.defer([ACME])
    working = asyncio.create_task(office.work(wait=True, abort_job_polling_interval=0.01))
    await reach(reached, working)
    (job,) = await office.listed()
    assert job.id is not None
    await office.app.job_manager.cancel_job_by_id_async(job.id, abort=True)
    await office.comes("SELECT 1 FROM procrastinate_jobs WHERE status = 'aborted'")
    # In Python 3.11 asyncio.wait_for, with which psycopg waits for what the worker polls, may
    # swallow the first.
    while not working.done():
        working.cancel()
        await asyncio.wait([working], timeout=0.1)

    assert [("aborted", 1)] == await office.jobs()


async def test_a_retry_continues_a_full_pass(
    office: Office, shelf: Shelf, make: Make, reach: Reach
) -> None:
    """A job that asked for a full pass does not start it again when it is retried."""
    await sync_payments(shelf, office.store)
    reached = asyncio.Event()
    shelf.payments, shelf.waiting = [make(number, number) for number in range(4)], stuck(reached)
    await office.syncs.defer([ACME], full=True)
    working = asyncio.create_task(office.work(wait=True, shutdown_graceful_timeout=0.01))
    await reach(reached, working)
    await office.comes("SELECT 1 FROM sync_state WHERE checkpoint IS NOT NULL")
    working.cancel()
    await asyncio.wait([working])
    shelf.waiting = None
    shelf.asked.clear()
    await office.work()

    assert [("succeeded", 2)] == await office.jobs()
    assert 1 == len(shelf.asked)
    assert shelf.asked[0][1] is not None


async def test_a_retry_starts_a_full_pass_that_never_began(
    office: Office, shelf: Shelf, make: Make
) -> None:
    """The retry finds no unfinished full pass, and starts one."""
    shelf.payments = [make(number, number) for number in range(2)]
    await sync_payments(shelf, office.store)
    office.accounts["default"] = OSError("the vault is away")
    await office.syncs.defer([ACME], full=True)
    await office.work()
    office.accounts["default"] = shelf
    del shelf.payments[0]
    shelf.asked.clear()
    await office.wait_over()
    await office.work()

    assert [("succeeded", 2)] == await office.jobs()
    assert (None, None) == shelf.asked[-1]
    assert ["created", "created", "vanished"] == [
        change.kind async for change in office.store.changes()
    ]


async def test_stalled_jobs_are_looked_for_every_minute(office: Office) -> None:
    """The first worker that is free does it."""
    (periodic,) = office.app.periodic_registry.periodic_tasks.values()

    assert ("paysdk:retry_stalled", "* * * * *") == (periodic.task.name, periodic.cron)


async def test_a_job_that_kills_its_worker_each_time_fails(office: Office) -> None:
    """The account's next job tries again."""
    await office.syncs.defer([ACME])
    await office.run("UPDATE procrastinate_jobs SET status = 'doing', attempts = 5")
    await office.retry_stalled()

    assert [("failed", 6)] == await office.jobs()


async def test_a_stalled_job_that_has_ended_meanwhile_is_skipped(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker was only slow, and the other stalled jobs are still retried."""
    await office.syncs.defer([ACME, ("acme", "second")])
    found = await office.listed()

    async def stalled(**_: object) -> list[Job]:
        return found

    monkeypatch.setattr(office.app.job_manager, "get_stalled_jobs", stalled)
    await office.run("UPDATE procrastinate_jobs SET status = 'doing'")
    await office.app.job_manager.finish_job(found[0], Status.SUCCEEDED, delete_job=False)
    await office.app.configure_task("paysdk:retry_stalled").defer_async(timestamp=0)
    office.accounts["second"] = office.accounts["default"]
    await office.work()
    await office.work()

    assert ["succeeded", "succeeded"] == [status for status, _ in await office.jobs()]


async def test_a_job_waits_for_missing_tables(
    schema: str, tmp_path: Path, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that never opened the store retries until the tables exist."""
    caplog.set_level(logging.INFO)
    async with opened_office(schema, str(tmp_path / "payments.db")) as office:
        office.accounts["default"] = shelf
        await office.syncs.defer([ACME])
        await office.work()
        before = await office.jobs()
        async with SQLPaymentStore(tmp_path / "payments.db"):
            await office.wait_over()
            await office.work()

        assert [("todo", 1)] == before
        assert [("succeeded", 2)] == await office.jobs()
    assert "no such table: sync_state" in caplog.text


async def test_a_job_waits_for_the_store(schema: str, shelf: Shelf) -> None:
    """The store's database may be down while the queue's is up."""
    async with opened_office(schema, "postgresql://nobody@127.0.0.1:1/payments") as office:
        office.accounts["default"] = shelf
        await office.syncs.defer([ACME])
        await office.work()

        assert [("todo", 1)] == await office.jobs()


async def test_a_missing_queue_is_reported_at_once(schema: str, shelf: Shelf) -> None:
    """Without procrastinate's tables, neither a worker nor a caller of defer continues."""
    app = App(connector=PsycopgConnector(conninfo=schema, min_size=1))

    async def open_account(_provider: str, _account: str) -> Any:  # noqa: ANN401  # a stand-in
        return shelf

    syncs = sync_tasks(app, SQLPaymentStore(schema), open_account=open_account)
    async with app.open_async():
        with pytest.raises(ConnectorException, match=r"."):
            await syncs.defer([ACME])
        with pytest.raises(ConnectorException, match=r"."):
            await app.run_worker_async(wait=False, install_signal_handlers=False)


async def test_no_key_gets_into_the_database_or_a_log(
    office: Office, caplog: pytest.LogCaptureFixture, told_by: Callable[[BaseException], str]
) -> None:
    """This holds for a job that succeeds and for one that fails."""
    caplog.set_level(logging.DEBUG)
    async with open_sandbox("campfire", payments=30, api_key="sandbox-hidden") as sandbox:
        office.accounts["right"] = open_provider(
            "campfire", api_key="sandbox-hidden", base_url=sandbox.url
        )
        office.accounts["wrong"] = open_provider(
            "campfire", api_key="sandbox-hidden-too", base_url=sandbox.url
        )
        await office.syncs.defer([("campfire", "right"), ("campfire", "wrong")])
        await office.work()
    tables = await office.run("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    selects = [f"SELECT * FROM {table}" for (table,) in tables]  # noqa: S608  # its own names
    dump = [await office.run(select) for select in selects]
    errors = [
        record.exc_info[1] for record in caplog.records if record.exc_info and record.exc_info[1]
    ]

    assert [("succeeded", 1), ("failed", 1)] == await office.jobs()
    assert ["AuthenticationError"] == [type(error).__name__ for error in errors]
    records = [vars(record) for record in caplog.records]
    messages = [told_by(error) for error in errors]
    assert "sandbox-hidden" not in f"{dump}{caplog.text}{records}{messages}"


@asynccontextmanager
async def worker(
    url: str, accounts: dict[str, tuple[str, str]], grace: float
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Starts a worker in its own process, and kills it if a test leaves it running."""
    command = (sys.executable, SCRIPT, url, json.dumps(accounts), str(grace))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert b"ready\n" == await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["told to stop", "killed"])
async def test_another_worker_continues_the_job_of_one_that_ended(
    office: Office, schema: str, kept: Kept, replayed: Kept, how: signal.Signals
) -> None:
    """The job is cut off in its fifth page, and nothing is lost or repeated."""
    sandbox = open_sandbox(
        "campfire", payments=100, faults=FaultPlan().on(5, hang(), path="*payments*")
    )
    async with sandbox, AsyncExitStack() as stack:
        accounts = {"default": (sandbox.url, sandbox.api_key)}
        await office.syncs.defer([("campfire", "default")])
        process = await stack.enter_async_context(worker(schema, accounts, 0.1))
        await office.comes("SELECT 1 FROM payments HAVING count(*) = 40")
        await office.syncs.defer([("campfire", "default")])
        process.send_signal(how)
        code = await process.wait()
        after = await office.jobs()
        office.accounts["default"] = partial(
            open_provider, "campfire", api_key=sandbox.api_key, base_url=sandbox.url
        )
        await office.retry_stalled()
        for _ in after:
            await office.work()
        pages = Counter(
            request.query.get("cursor")
            for request in sandbox.requests
            if "invoices" not in request.path  # these are for the customers
        )

    assert (0 if how is signal.SIGTERM else -how) == code
    assert [("todo", 1) if how is signal.SIGTERM else ("doing", 0), ("todo", 0)] == after
    assert [("succeeded", 2), ("succeeded", 1)] == await office.jobs()
    assert 100 == len(await kept(office.store, "campfire"))
    assert 100 == len(await replayed(office.store, "campfire"))
    assert 2 == pages[""]  # one for each pass, and none for a second attempt


async def test_each_key_has_one_request_at_a_time(
    office: Office, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes with four jobs at a time sync six accounts twice."""
    answering, most = Counter[str](), Counter[str]()
    handle = Sandbox._handle

    async def counted(sandbox: Sandbox, incoming: web.BaseRequest) -> web.StreamResponse:
        for name in (sandbox.url, "all"):
            answering[name] += 1
            most[name] = max(most[name], answering[name])
        try:
            return await handle(sandbox, incoming)
        finally:
            answering.subtract((sandbox.url, "all"))

    monkeypatch.setattr(Sandbox, "_handle", counted)
    async with AsyncExitStack() as stack:
        sandboxes = [
            await stack.enter_async_context(open_sandbox("campfire", payments=30, latency=0.02))
            for _ in range(6)
        ]
        accounts = {
            f"number {number}": (sandbox.url, sandbox.api_key)
            for number, sandbox in enumerate(sandboxes)
        }
        workers = [await stack.enter_async_context(worker(schema, accounts, 10)) for _ in range(2)]
        await office.syncs.defer([("campfire", account) for account in accounts])
        await office.syncs.defer([("campfire", account) for account in accounts], full=True)
        await office.comes(
            "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'paysdk:sync' AND status = "
            "'succeeded' HAVING count(*) = 12"
        )
        for process in workers:
            process.terminate()
        codes = [await process.wait() for process in workers]

    assert [0, 0] == codes
    assert 1 < most.pop("all") <= 6
    assert {1} == set(most.values())


async def test_a_stalled_worker_writes_nothing_after_its_successor(
    office: Office,
    schema: str,
    kept: Kept,
    replayed: Kept,
    *,
    monkeypatch: pytest.MonkeyPatch,
    reach: Reach,
) -> None:
    """It is stopped during a job, and changes neither payments nor the job when it continues."""
    state = "SELECT id, status, attempts FROM procrastinate_jobs WHERE task_name = 'paysdk:sync'"
    reached, released = asyncio.Event(), asyncio.Event()
    handle = Sandbox._handle

    async def held(sandbox: Sandbox, incoming: web.BaseRequest) -> web.StreamResponse:
        response = await handle(sandbox, incoming)
        if len(sandbox.requests) >= 9:  # also a retry, after a timeout
            reached.set()
            await released.wait()
        return response

    monkeypatch.setattr(Sandbox, "_handle", held)
    async with open_sandbox("campfire", payments=200) as sandbox:
        office.accounts["default"] = partial(
            open_provider, "campfire", api_key=sandbox.api_key, base_url=sandbox.url
        )
        async with worker(schema, {"default": (sandbox.url, sandbox.api_key)}, 10) as process:
            await office.syncs.defer([("campfire", "default")])
            await reach(reached, asyncio.create_task(process.wait()))
            # It waits for its ninth page. So it is in the middle of the job, and holds no lock when
            # the eighth is stored.
            await office.comes("SELECT 1 FROM payments HAVING count(*) >= 70")
            process.send_signal(signal.SIGSTOP)
            while not await office.is_free("sync_state"):
                process.send_signal(signal.SIGCONT)
                await asyncio.sleep(0.001)
                process.send_signal(signal.SIGSTOP)
            released.set()
            before = len(await office.run("SELECT 1 FROM payments"))
            await office.run("UPDATE sync_state SET leased_until = 0")
            await office.retry_stalled()
            after = (
                await office.run(state),
                await office.run("SELECT max(sequence) FROM payment_changes"),
            )
            process.send_signal(signal.SIGCONT)
            process.terminate()
            code = await process.wait()

    assert 70 <= before < 200
    assert 0 == code
    assert [("succeeded", 2)] == [(status, attempts) for _, status, attempts in after[0]]
    assert after == (
        await office.run(state),
        await office.run("SELECT max(sequence) FROM payment_changes"),
    )
    assert 200 == len(await kept(office.store, "campfire"))
    assert 200 == len(await replayed(office.store, "campfire"))
