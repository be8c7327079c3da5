"""Sync any number of accounts on any number of workers, as jobs of procrastinate.

It needs the extra ``workers``.

procrastinate keeps its jobs in PostgreSQL, fetches each once, runs the jobs of one lock one after the
other, and retries failed ones. This module says what a job does, which failures are retried and when,
and what happens to the jobs of a worker that died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

if find_spec("procrastinate") is None:
    raise ModuleNotFoundError(
        "paysdk.sync.workers needs procrastinate, which is not installed: in the folder of "
        'paysdk, pip install ".[workers]"',
        name="procrastinate",
    )

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Status

from paysdk.errors import (
    APIError,
    ConfigurationError,
    MalformedResponseError,
    PaginationError,
    RateLimitedError,
    ServerError,
    UnsupportedFilterError,
)
from paysdk.provider import PaymentsProvider
from paysdk.sync.errors import AccountBusyError, LeaseLostError, TooManyVanishedError
from paysdk.sync.store import get_database
from paysdk.sync.syncing import sync_payments

if TYPE_CHECKING:
    from procrastinate import App, JobContext
    from procrastinate.jobs import Job

    from paysdk.sync.store import SQLPaymentStore
    from paysdk.sync.syncing import SyncReport

__all__ = ["OpenAccount", "SyncTasks", "sync_tasks"]

OpenAccount: TypeAlias = Callable[[str, str], Awaitable[PaymentsProvider]]

_QUEUE = "paysdk"
_SYNC, _RETRY_STALLED = "paysdk:sync", "paysdk:retry_stalled"
# With the waits below a job is tried for a quarter of an hour; the application's schedule brings
# the next one.
_MAX_RETRIES = 5
# Seconds before the first retry; each further one waits twice as long.
_FIRST_WAIT_SECONDS = 30.0
# Seconds. Whatever a provider asks for, the account is looked at once a day.
_MAX_WAIT_SECONDS = 86_400.0
# Request timeout and too early: the statuses of 4xx that ask for the same again.
_TRANSIENT_STATUSES = {408, 425}


def sync_tasks(app: App, store: SQLPaymentStore, *, open_account: OpenAccount) -> SyncTasks:
    """Make the tasks that sync accounts into the store, in the queue "paysdk" of the app.

    ``open_account(provider, account)`` opens the provider with the key of that account; each job
    opens one and closes it. A job names the provider and the account only, so no key comes into the
    database, and none into a log. Raise ``ConfigurationError`` in it for an account that there is
    not.

    Jobs of one account run one at a time, those of different accounts side by side, as many as the
    workers' ``concurrency`` allows. What repeating cannot help (a wrong key, a refused request, a
    record that cannot be read, far more vanished payments than usual) fails at once. Anything else
    is tried again five times within a quarter of an hour, or after as many seconds as the provider
    asks for, a day at most. Where somebody else is syncing the account, the job waits for its turn.
    A job that was cut off, because its worker was told to stop or was killed, is run again and goes
    on from the checkpoint; for the killed ones there is a task that is run every minute.

    Call it once for an app, where the workers import it. Raises ``ConfigurationError`` for what is
    no store.
    """
    get_database(store)
    return SyncTasks(app, store, open_account)


class SyncTasks:
    """The tasks of an app that sync accounts; ``sync_tasks`` makes them."""

    def __init__(self, app: App, store: SQLPaymentStore, open_account: OpenAccount) -> None:
        self._app = app
        self._store = store
        self._open_account = open_account
        self._task = app.task(name=_SYNC, queue=_QUEUE, retry=_RetryStrategy(), pass_context=True)(
            self._sync
        )
        stalled = app.task(name=_RETRY_STALLED, queue=_QUEUE, queueing_lock=_RETRY_STALLED)(
            self._retry_stalled
        )
        app.periodic(cron="* * * * *")(stalled)

    async def defer(self, accounts: Iterable[tuple[str, str]], *, full: bool = False) -> int:
        """Queue a sync for each account, and return how many were queued.

        An account is given as the provider's name and the account's name.
        An account that is queued already, or waits for its next attempt, is passed over, so this
        may be called by any schedule. *full* asks for full passes, which alone can tell what has
        vanished.

        Raises ``ConfigurationError`` for a name that is empty, and
        ``procrastinate.exceptions.ConnectorException`` where its database cannot be used; nothing
        was queued then.
        """
        wanted = dict.fromkeys(
            _check_arguments(provider, account) for provider, account in accounts
        )
        # No queueing lock keeps these apart: procrastinate cannot try a job again while another
        # with its queueing lock is queued (procrastinate-org/procrastinate#1446), and then neither
        # would ever run. Two who defer at once may queue an account twice, which costs one request.
        for job in await self._app.job_manager.list_jobs_async(
            task=_SYNC, status=Status.TODO.value
        ):
            if not full or job.task_kwargs["full"]:
                wanted.pop(
                    (str(job.task_kwargs["provider"]), str(job.task_kwargs["account"])), None
                )
        jobs = [self._job(provider, account, full=full) for provider, account in wanted]
        if jobs:
            await self._app.job_manager.batch_defer_jobs_async(jobs)
        return len(jobs)

    def _job(self, provider: str, account: str, *, full: bool) -> Job:
        # Of one lock, one runs at a time.
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
                    f"open_account gave {type(opened).__name__} for account {account!r} of "
                    f"{provider!r}: no provider."
                )
            async with aclosing(opened):
                if opened.name != provider:
                    raise ConfigurationError(
                        f"open_account gave the provider {opened.name!r} for account {account!r} "
                        f"of {provider!r}."
                    )
                return await self._sync_or_retry(
                    opened, account, full=full, again=context.job.attempts > 0
                )
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                raise JobAborted from None
            raise

    async def _sync_or_retry(
        self, provider: PaymentsProvider, account: str, *, full: bool, again: bool
    ) -> SyncReport:
        # A full pass that an earlier attempt began goes on; asking for one would begin it anew.
        report = await sync_payments(provider, self._store, account, full=full and not again)
        if full and report.kind == "incremental":
            return await sync_payments(provider, self._store, account, full=True)
        return report

    async def _retry_stalled(self, timestamp: int) -> None:  # noqa: ARG002  # procrastinate says when it was due
        for job in await self._app.job_manager.get_stalled_jobs(queue=_QUEUE, task_name=_SYNC):
            # It may have ended meanwhile, or another worker may be doing the same.
            with suppress(ConnectorException):
                if job.attempts < _MAX_RETRIES:
                    await self._app.job_manager.retry_job(job)
                else:
                    # Whatever kills its worker each time must not go on doing so.
                    await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


class _RetryStrategy(BaseRetryStrategy):
    """When procrastinate is to try a job again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        seconds = _retry_seconds(exception, job.attempts)
        return (
            None
            if seconds is None
            else RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))
        )


def _retry_seconds(error: BaseException, attempts: int) -> float | None:
    """Seconds until the next attempt, or ``None`` if there is none.

    *attempts* counts the attempts before this one.
    """
    match error:
        case asyncio.CancelledError():
            # The worker was told to stop. Another one goes on at once.
            return 0
        case AccountBusyError():
            return min(error.seconds, _MAX_WAIT_SECONDS)
        case LeaseLostError():
            return _FIRST_WAIT_SECONDS
        case Exception() if attempts < _MAX_RETRIES and not _is_permanent(error):
            asked = error.retry_after if isinstance(error, APIError) else None
            return min(max(_FIRST_WAIT_SECONDS * 2.0**attempts, asked or 0), _MAX_WAIT_SECONDS)
        case _:
            return None


def _is_permanent(error: Exception) -> bool:
    """Whether the same again must end the same way.

    What is not paysdk's is the application's, and may be an outage of anything.
    """
    match error:
        case RateLimitedError() | ServerError():
            return False
        case APIError():
            return error.status not in _TRANSIENT_STATUSES
        case MalformedResponseError():
            # A page of a proxy under maintenance, say, and not a broken record.
            return not error.not_json
        case _:
            return isinstance(
                error,
                ConfigurationError
                | UnsupportedFilterError
                | PaginationError
                | TooManyVanishedError,
            )


def _check_arguments(provider: str, account: str) -> tuple[str, str]:
    for what, name in (("provider", provider), ("account", account)):
        given: object = name
        if not isinstance(given, str) or not given.strip():
            raise ConfigurationError(
                f"The {what} must be a text, such as 'default', not {given!r}. Nothing was queued."
            )
    return provider, account
