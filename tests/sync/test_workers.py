"""Syncing many accounts as jobs."""

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
from typing import TYPE_CHECKING, Any

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
    """An application with a store and a queue in one database, and accounts to open."""

    url: str
    app: App
    store: SQLPaymentStore
    accounts: dict[str, Any] = attrs.field(factory=dict[str, Any])
    opened: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    syncs: SyncTasks = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.syncs = sync_tasks(self.app, self.store, open_account=self.open_account)

    async def open_account(self, provider: str, account: str) -> PaymentsProvider:
        """What stands for the account; made anew where it is a function, and raised where it is an error."""
        self.opened.append((provider, account))
        found = self.accounts[account]
        if isinstance(found, BaseException):
            raise found
        return found() if callable(found) else found  # type: ignore[no-any-return]  # also what is none

    async def work(self, **options: Any) -> None:  # noqa: ANN401  # a worker's
        """Do what is due."""
        await self.app.run_worker_async(
            **{"wait": False, "install_signal_handlers": False, "listen_notify": False, **options}
        )

    async def jobs(self) -> list[tuple[str | None, int]]:
        """How each job stands, and how often it was tried."""
        return [(job.status, job.attempts) for job in await self.listed()]

    async def listed(self) -> list[Job]:
        """The jobs that sync, oldest first."""
        return [*await self.app.job_manager.list_jobs_async(task="paysdk:sync")]

    async def run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """What an SQL statement gives."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            result = await connection.execute(statement.encode())
            return await result.fetchall() if result.description else []

    async def comes(self, statement: str) -> None:
        """Wait until an SQL statement gives something."""
        async with asyncio.timeout(240):
            while not await self.run(statement):  # noqa: ASYNC110  # another process makes it so
                await asyncio.sleep(0.02)

    async def is_free(self, table: str) -> bool:
        """Whether nobody is in the midst of writing to a table."""
        try:
            await self.run(f"BEGIN; LOCK TABLE {table} IN SHARE MODE NOWAIT; COMMIT")
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    async def wait_over(self) -> None:
        """Let the time come that jobs wait for."""
        await self.run("UPDATE procrastinate_jobs SET scheduled_at = NULL")

    async def retry_stalled(self) -> None:
        """Let the workers that are silent have been so for a minute, and do what is done every minute."""
        await self.run(
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'"
        )
        await self.app.configure_task("paysdk:retry_stalled").defer_async(timestamp=0)
        await self.work()


@asynccontextmanager
async def opened_office(url: str, place: str | None = None) -> AsyncIterator[Office]:
    """An office whose store is elsewhere, if that is said, and not open yet then."""
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
    """What holds a listing up before this page."""

    async def wait(number: int) -> None:
        if number == page:
            reached.set()
            await asyncio.Event().wait()

    return wait


async def test_accounts_are_synced(office: Office, shelf: Shelf, make: Make, kept: Kept) -> None:
    """A job names the provider and the account, opens the one for the other, syncs, and closes."""
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


async def test_what_is_queued_is_passed_over(office: Office) -> None:
    """One queued job an account is enough, but a full pass is more than what is queued without it."""
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


async def test_one_that_runs_does_not_keep_the_next_from_being_queued(
    office: Office, shelf: Shelf, make: Make, reach: Reach
) -> None:
    """What changed behind a running sync needs another.

    It waits until the first has ended, even if that one is tried again.
    """
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
    """Before anything is queued."""
    with pytest.raises(
        ConfigurationError, match=r"must be a text, such as 'default', not .*Nothing was queued"
    ):
        await office.syncs.defer([ACME, (provider, account)])

    assert [] == await office.jobs()


def test_what_is_no_store_is_refused() -> None:
    """At once, and not in the first job."""
    store: Any = "payments.db"
    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        sync_tasks(App(connector=PsycopgConnector()), store, open_account=Office.open_account)  # type: ignore[arg-type]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    with pytest.raises(
        ModuleNotFoundError,
        match=r'procrastinate, which is not installed: in the folder of paysdk, pip install "\.\[workers\]"',
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
def test_what_may_pass_is_tried_again(error: BaseException, attempts: int, seconds: float) -> None:
    """After waits that double, or as long as the provider asks for, if that is longer, up to a day."""
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
def test_what_repeating_cannot_help_is_not_tried_again(error: BaseException) -> None:
    """The account's next job looks whether somebody has mended it."""
    assert paysdk.sync.workers._retry_seconds(error, 0) is None


def test_retries_end() -> None:
    """After five of them the job has failed."""
    assert paysdk.sync.workers._retry_seconds(ServerError(status=500), 5) is None


async def test_a_wrong_key_fails_at_once(office: Office) -> None:
    """A job that cannot succeed is tried once, and the others go on."""
    async with open_sandbox("campfire", payments=3) as sandbox:
        office.accounts["wrong"] = open_provider(
            "campfire", api_key="sandbox-other", base_url=sandbox.url
        )
        await office.syncs.defer([("campfire", "wrong"), ACME])
        await office.work()

    assert [("failed", 1), ("succeeded", 1)] == await office.jobs()


async def test_a_provider_that_asks_for_time_is_given_it(office: Office, shelf: Shelf) -> None:
    """The job waits as long, and is no reason to queue another."""

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


async def test_an_outage_passes(office: Office, shelf: Shelf, make: Make) -> None:
    """What failed is done when its wait is over."""
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


async def test_somebody_else_at_the_account_is_no_failure(
    office: Office, shelf: Shelf, make: Make, reach: Reach
) -> None:
    """The job waits for the end of the other's lease, and then does what is left to do."""
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
async def test_an_account_that_is_not_there_fails_at_once(
    office: Office, caplog: pytest.LogCaptureFixture, found: object, reason: str
) -> None:
    """Whether the application raises for it, or gives nothing."""
    office.accounts["default"] = found
    await office.syncs.defer([ACME])
    await office.work()

    assert [("failed", 1)] == await office.jobs()
    assert reason in caplog.text


async def test_the_wrong_provider_is_not_synced(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """It would write another's payments than the job's lock is for; it is closed."""
    await office.syncs.defer([("campfire", "default")])
    await office.work()

    assert [("failed", 1)] == await office.jobs()
    assert (
        "open_account returned the provider 'acme' for account 'default' of 'campfire'"
        in caplog.text
    )


async def test_an_abort_is_final(office: Office, shelf: Shelf, reach: Reach) -> None:
    """Who aborts a job does not want it tried again."""
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


async def test_a_full_pass_that_was_cut_off_goes_on(
    office: Office, shelf: Shelf, make: Make, reach: Reach
) -> None:
    """Its job asked for a new one at first, and must not do so again."""
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


async def test_a_full_pass_that_never_began_is_made_up_for(
    office: Office, shelf: Shelf, make: Make
) -> None:
    """Its job is tried again, finds no full pass under way, and begins one."""
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
    """By whichever worker comes first."""
    (periodic,) = office.app.periodic_registry.periodic_tasks.values()

    assert ("paysdk:retry_stalled", "* * * * *") == (periodic.task.name, periodic.cron)


async def test_what_kills_its_worker_each_time_is_given_up(office: Office) -> None:
    """Until the account's next job."""
    await office.syncs.defer([ACME])
    await office.run("UPDATE procrastinate_jobs SET status = 'doing', attempts = 5")
    await office.retry_stalled()

    assert [("failed", 6)] == await office.jobs()


async def test_a_stalled_job_that_has_ended_meanwhile_harms_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker was only slow."""
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


async def test_tables_that_are_missing_are_waited_for(
    schema: str, tmp_path: Path, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that never opened the store says what is missing, and goes on when somebody has made the tables."""
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


async def test_a_store_that_is_away_is_waited_for(schema: str, shelf: Shelf) -> None:
    """Its database may be another than the queue's, and be down alone."""
    async with opened_office(schema, "postgresql://nobody@127.0.0.1:1/payments") as office:
        office.accounts["default"] = shelf
        await office.syncs.defer([ACME])
        await office.work()

        assert [("todo", 1)] == await office.jobs()


async def test_a_queue_that_is_not_there_is_said_at_once(schema: str, shelf: Shelf) -> None:
    """Neither a worker nor one who defers goes on without procrastinate's tables."""
    app = App(connector=PsycopgConnector(conninfo=schema, min_size=1))

    async def open_account(_provider: str, _account: str) -> Any:  # noqa: ANN401  # a stand-in
        return shelf

    syncs = sync_tasks(app, SQLPaymentStore(schema), open_account=open_account)
    async with app.open_async():
        with pytest.raises(ConnectorException, match=r"."):
            await syncs.defer([ACME])
        with pytest.raises(ConnectorException, match=r"."):
            await app.run_worker_async(wait=False, install_signal_handlers=False)


async def test_no_key_is_in_the_database_or_in_what_is_told(
    office: Office, caplog: pytest.LogCaptureFixture, told_by: Callable[[BaseException], str]
) -> None:
    """Neither of a job that succeeds, nor of one that fails in the midst of it."""
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
    dump = [await office.run(f"SELECT * FROM {table}") for (table,) in tables]  # noqa: S608  # the names are the database's own
    errors = [
        record.exc_info[1] for record in caplog.records if record.exc_info and record.exc_info[1]
    ]

    assert [("succeeded", 1), ("failed", 1)] == await office.jobs()
    assert ["AuthenticationError"] == [type(error).__name__ for error in errors]
    assert (
        "sandbox-hidden"
        not in f"{dump}{caplog.text}{[vars(record) for record in caplog.records]}{[told_by(error) for error in errors]}"
    )


@asynccontextmanager
async def worker(
    url: str, accounts: dict[str, tuple[str, str]], grace: float
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own that can be told to stop.

    It is killed if a test leaves it running.
    """
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
async def test_a_worker_that_ends_in_the_midst_of_it_is_succeeded_by_another(
    office: Office, schema: str, kept: Kept, replayed: Kept, how: signal.Signals
) -> None:
    """It is cut off in its fifth page.

    The next one goes on there, and nothing is lost or there twice.
    """
    sandbox = open_sandbox("campfire", payments=100, faults=FaultPlan().on(5, hang()))
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
        pages = Counter(request.query.get("cursor") for request in sandbox.requests)

    assert (0 if how is signal.SIGTERM else -how) == code
    assert [("todo", 1) if how is signal.SIGTERM else ("doing", 0), ("todo", 0)] == after
    assert [("succeeded", 2), ("succeeded", 1)] == await office.jobs()
    assert 100 == len(await kept(office.store, "campfire"))
    assert 100 == len(await replayed(office.store, "campfire"))
    assert 2 == pages[""]  # one for each pass, and none for a second attempt


async def test_each_key_has_one_request_at_a_time_however_many_workers_there_are(
    office: Office, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes, four jobs at a time in each, two jobs for each of six accounts."""
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
    assert [1] * 6 == list(most.values())


async def test_a_worker_that_stalls_writes_nothing_behind_its_successor(
    office: Office,
    schema: str,
    kept: Kept,
    replayed: Kept,
    *,
    monkeypatch: pytest.MonkeyPatch,
    reach: Reach,
) -> None:
    """It is stopped in the midst of a job, another does that, and when it goes on it changes neither payments nor the job."""
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
            # It waits for its ninth page, so that it is in the midst of the job, and holds no lock
            # when the eighth is stored.
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
