"""Sync any number of accounts on any number of workers, as jobs of procrastinate.

It needs the extra ``workers``.

procrastinate keeps its jobs in PostgreSQL, fetches each job once, runs jobs with the same lock one
after the other, and retries failed jobs. This module says what a job does, which failures are
retried and when, and what happens to the jobs of a worker that died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from paysdk.distribution import describe_missing

if find_spec("procrastinate") is None:
    raise ModuleNotFoundError(
        describe_missing("paysdk.sync.workers", "procrastinate", "workers"), name="procrastinate"
    )

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, JobAborted
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Status
from procrastinate.tasks import Task

from paysdk.errors import APIError, ConfigurationError
from paysdk.permanent import is_permanent
from paysdk.provider import PaymentsProvider
from paysdk.sync.errors import AccountBusyError, LeaseLostError, TooManyVanishedError
from paysdk.sync.store import get_database
from paysdk.sync.syncing import sync_payments

if TYPE_CHECKING:
    from procrastinate import App, JobContext
    from procrastinate.jobs import Job

    from paysdk.sync.report import SyncReport
    from paysdk.sync.store import SQLPaymentStore

__all__ = [
    "OpenAccount",
    "RetryStrategy",
    "SyncTasks",
    "check_account",
    "retry_stalled_jobs",
    "sync_tasks",
]

OpenAccount: TypeAlias = Callable[[str, str], Awaitable[PaymentsProvider]]

_QUEUE = "paysdk"
_SYNC, _RETRY_STALLED = "paysdk:sync", "paysdk:retry_stalled"
# With the waits below, a job is retried for a quarter of an hour. After that, the application's
# schedule queues the next one.
_MAX_RETRIES = 5
# Seconds before the first retry. Each later retry waits twice as long as the one before.
_FIRST_WAIT_SECONDS = 30.0
# Seconds. Even if a provider asks for a longer wait, the account is retried after a day.
_MAX_WAIT_SECONDS = 86_400.0


def sync_tasks(
    app: App,
    store: SQLPaymentStore,
    *,
    open_account: OpenAccount,
    after_sync: Task[..., Any, Any] | None = None,
) -> SyncTasks:
    """Make the tasks that sync accounts into the store, in the queue "paysdk" of the app.

    ``open_account(provider, account)`` must open the provider with the key of that account. Raise
    ``ConfigurationError`` in it if the account does not exist. Each job opens a provider and closes
    it. A job contains only the names of the provider and the account, so no key gets into the
    database or a log.

    Jobs of one account run one at a time. Jobs of different accounts run in parallel, as many as
    the workers' ``concurrency`` allows.

    A job fails at once if a retry cannot help: after a wrong key, a refused request, a record that
    cannot be read, or far more vanished payments than usual. After any other error it is retried
    five times within a quarter of an hour. If the provider asks for a longer wait, the job waits
    that long, up to a day. If another sync of the account is running, the job waits for its turn.

    If its worker is stopped or killed, a job runs again and continues from the checkpoint. A task
    that runs every minute finds the jobs of killed workers.

    After each sync, the task *after_sync* is queued, with the keyword arguments ``provider`` and
    ``account``. If the worker dies in between, the sync runs again and then queues it, so it comes
    at least once. If the task has a ``queueing_lock`` and is queued already, that is enough.

    Call this once per app, in a module that the workers import. Raises ``ConfigurationError`` if
    *store* is not a store, or *after_sync* is not a task.
    """
    get_database(store)
    given: object = after_sync
    if given is not None and not isinstance(given, Task):
        raise ConfigurationError(
            f"after_sync must be a task, a function with @app.task, not {after_sync!r}."
        )
    return SyncTasks(app, store, open_account, after_sync)


class SyncTasks:
    """The tasks of an app that sync accounts. ``sync_tasks`` makes them."""

    def __init__(
        self,
        app: App,
        store: SQLPaymentStore,
        open_account: OpenAccount,
        after_sync: Task[..., Any, Any] | None = None,
    ) -> None:
        self._app = app
        self._store = store
        self._open_account = open_account
        self._after_sync = after_sync
        self._task = app.task(name=_SYNC, queue=_QUEUE, retry=RetryStrategy(), pass_context=True)(
            self._sync
        )
        stalled = app.task(name=_RETRY_STALLED, queue=_QUEUE, queueing_lock=_RETRY_STALLED)(
            self._retry_stalled
        )
        app.periodic(cron="* * * * *")(stalled)

    async def defer(self, accounts: Iterable[tuple[str, str]], *, full: bool = False) -> int:
        """Queue a sync for each account, and return how many were queued.

        Give each account as a pair: the provider's name and the account's name. An account that is
        already queued, or waits for a retry, is left out, so any schedule can call this. *full*
        asks for full passes. Only these find payments that have vanished.

        Raises ``ConfigurationError`` for an empty name, and
        ``procrastinate.exceptions.ConnectorException`` if procrastinate's database cannot be used.
        After either, nothing is queued.
        """
        to_queue = dict.fromkeys(check_account(provider, account) for provider, account in accounts)
        # These jobs have no queueing lock. procrastinate cannot retry a job while another job with
        # the same queueing lock is queued (procrastinate-org/procrastinate#1446), and then neither
        # would ever run. Two callers at the same time may queue an account twice, which costs one
        # request.
        for job in await self._app.job_manager.list_jobs_async(
            task=_SYNC, status=Status.TODO.value
        ):
            if not full or job.task_kwargs["full"]:
                to_queue.pop(
                    (str(job.task_kwargs["provider"]), str(job.task_kwargs["account"])), None
                )
        jobs = [self._job(provider, account, full=full) for provider, account in to_queue]
        if jobs:
            await self._app.job_manager.batch_defer_jobs_async(jobs)
        return len(jobs)

    def _job(self, provider: str, account: str, *, full: bool) -> Job:
        # Jobs with the same lock run one at a time.
        lock = f"{_SYNC}/{quote(provider, safe='')}/{quote(account, safe='')}"
        return self._task.configure(lock=lock).make_new_job(
            provider=provider, account=account, full=full
        )

    async def _sync(
        self, context: JobContext, *, provider: str, account: str, full: bool
    ) -> SyncReport:
        try:
            opened: object = await self._open_account(provider, account)
            if not isinstance(opened, PaymentsProvider):
                raise ConfigurationError(
                    f"open_account returned {type(opened).__name__} for account {account!r} of "
                    f"{provider!r}. It must return a provider."
                )
            async with aclosing(opened):
                if opened.name != provider:
                    raise ConfigurationError(
                        f"open_account returned the provider {opened.name!r} for account "
                        f"{account!r} of {provider!r}. It must return a provider with that name."
                    )
                report = await self._sync_or_retry(
                    opened, account, full=full, is_retry=context.job.attempts > 0
                )
                await self._queue_next(provider, account)
                return report
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                raise JobAborted from None
            raise

    async def _sync_or_retry(
        self, provider: PaymentsProvider, account: str, *, full: bool, is_retry: bool
    ) -> SyncReport:
        # A retry continues the full pass of an earlier attempt. full=True would start a new one.
        report = await sync_payments(provider, self._store, account, full=full and not is_retry)
        if full and report.kind == "incremental":
            return await sync_payments(provider, self._store, account, full=True)
        return report

    async def _queue_next(self, provider: str, account: str) -> None:
        """Queue the task that comes after a sync, unless it is queued with its lock already."""
        if self._after_sync is not None:
            with suppress(AlreadyEnqueued):
                await self._after_sync.defer_async(provider=provider, account=account)

    async def _retry_stalled(
        self,
        timestamp: int,  # noqa: ARG002  # procrastinate passes it
    ) -> None:
        await retry_stalled_jobs(self._app, _SYNC)


async def retry_stalled_jobs(app: App, task_name: str) -> None:
    """Retry the jobs of a task whose workers were killed. A job is retried five times at most."""
    for job in await app.job_manager.get_stalled_jobs(queue=_QUEUE, task_name=task_name):
        # The job may have ended meanwhile, or another worker may be doing the same.
        with suppress(ConnectorException):
            if job.attempts < _MAX_RETRIES:
                await app.job_manager.retry_job(job)
            else:
                # A job that kills its worker each time must not run forever.
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


class RetryStrategy(BaseRetryStrategy):
    """Tells procrastinate when to retry a job."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        seconds = _retry_seconds(exception, job.attempts)
        return (
            None
            if seconds is None
            else RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))
        )


def _retry_seconds(error: BaseException, attempts: int) -> float | None:
    """Return the seconds until the next attempt, or ``None`` if there is none.

    *attempts* counts the attempts before this one.
    """
    match error:
        case asyncio.CancelledError():
            # The worker is stopping. Another one can continue at once.
            return 0
        case AccountBusyError():
            return min(error.seconds, _MAX_WAIT_SECONDS)
        case LeaseLostError():
            return _FIRST_WAIT_SECONDS
        case Exception() if attempts < _MAX_RETRIES and not _is_permanent(error):
            requested = error.retry_after if isinstance(error, APIError) else None
            wait = max(_FIRST_WAIT_SECONDS * 2.0**attempts, requested or 0)
            return min(wait, _MAX_WAIT_SECONDS)
        case _:
            return None


def _is_permanent(error: Exception) -> bool:
    return isinstance(error, TooManyVanishedError) or is_permanent(error)


def check_account(provider: str, account: str) -> tuple[str, str]:
    """Return the names of a provider and an account, or raise ``ConfigurationError``."""
    for what, name in (("provider", provider), ("account", account)):
        given: object = name
        if not isinstance(given, str) or not given.strip():
            raise ConfigurationError(
                f"The {what} must be a string, such as 'default', not {given!r}. Nothing was "
                "queued."
            )
    return provider, account
