"""Plan and apply the bookings of any number of accounts on any number of workers.

It needs the extra ``workers``. The jobs are procrastinate's, as those of ``paysdk.sync.workers``.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from paysdk.booking.applying import apply_bookings
from paysdk.booking.following import follow_bookings
from paysdk.booking.journal import BookingJournal
from paysdk.booking.pair import Pair
from paysdk.booking.planning import plan_bookings
from paysdk.booking.runs import BookingRuns
from paysdk.booking.states import State
from paysdk.errors import PaysdkError
from paysdk.sync.store import get_database
from paysdk.sync.syncing import sync_payments
from paysdk.sync.workers import RetryStrategy, check_account, retry_stalled_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from procrastinate import App

    from paysdk.sync.store import SQLPaymentStore
    from paysdk.sync.workers import OpenAccount

__all__ = ["AccountPair", "BookingTasks", "booking_tasks"]

# The source and the target, each as the name of the provider and the name of the account.
AccountPair: TypeAlias = tuple[tuple[str, str], tuple[str, str]]

_QUEUE = "paysdk"
_APPLY, _PLAN, _RETRY_STALLED = "paysdk:book", "paysdk:plan", "paysdk:book_stalled"


def booking_tasks(app: App, store: SQLPaymentStore, *, open_account: OpenAccount) -> BookingTasks:
    """Make the tasks that plan and apply bookings, in the queue "paysdk" of the app.

    ``open_account(provider, account)`` must open the provider with the key of that account, as for
    ``sync_tasks``. Open a target with ``exclusive=store.exclusive``. A job contains only names and
    the digest of a plan, so no key gets into the database or a log.

    The jobs of one target account run one at a time. A job that fails in a way that may pass is
    retried five times within a quarter of an hour. A run that stops after too many failures is
    retried in the same way. A job fails at once if the plan must not be applied, or if the accounts
    have no policy yet. A job whose worker was killed runs again: a task that runs every minute
    finds it, and nothing is booked twice.

    Call this once per app, in a module that the workers import. Raises ``ConfigurationError`` if
    *store* is not a store.
    """
    get_database(store)
    return BookingTasks(app, store, open_account)


class BookingTasks:
    """The tasks of an app that plan and apply bookings. ``booking_tasks`` makes them."""

    def __init__(self, app: App, store: SQLPaymentStore, open_account: OpenAccount) -> None:
        self._app = app
        self._store = store
        self._open_account = open_account
        self._task = app.task(name=_APPLY, queue=_QUEUE, retry=RetryStrategy())(self._apply)
        self._plan_task = app.task(name=_PLAN, queue=_QUEUE, retry=RetryStrategy())(self._plan)
        stalled = app.task(name=_RETRY_STALLED, queue=_QUEUE, queueing_lock=_RETRY_STALLED)(
            self._retry_stalled
        )
        app.periodic(cron="* * * * *")(stalled)

    async def defer(self, run: str, *, by: str = "") -> int:
        """Queue a plan to be applied, and return the id of the job. *run* is its digest.

        Raises ``PlanRefusedError`` if the store does not have the plan.
        """
        plan = (await BookingRuns(self._store).read(run)).plan
        task = self._task.configure(lock=_lock(plan.target, plan.target_account))
        return await task.defer_async(run=run, by=by)

    async def defer_plans(
        self, pairs: Iterable[AccountPair], *, sync: bool = True, by: str = ""
    ) -> list[int]:
        """Queue a plan for each pair of accounts, and return the ids of the jobs.

        Give each pair as ``((source, account), (target, account))``. A job syncs both accounts
        first, unless *sync* is false, follows the bookings, and plans with the policy that the last
        plan of the pair used. A person makes the first plan. ``read_latest_plan`` returns what the
        job has made, and a person approves it. While approved lines of the pair wait to be applied,
        a job makes no plan, because it would take back their approval.

        Raises ``ConfigurationError`` for an empty name. Nothing is queued then.
        """
        checked = [(check_account(*source), check_account(*target)) for source, target in pairs]
        jobs = [
            self._plan_task.configure(lock=_lock(*target)).make_new_job(
                source=source[0],
                source_account=source[1],
                target=target[0],
                target_account=target[1],
                sync=sync,
                by=by,
            )
            for source, target in checked
        ]
        if not jobs:
            return []
        queued = await self._app.job_manager.batch_defer_jobs_async(jobs)
        return [job.id for job in queued if job.id is not None]

    async def _apply(self, *, run: str, by: str) -> dict[str, Any]:
        plan = (await BookingRuns(self._store).read(run)).plan
        async with aclosing(await self._open_account(plan.target, plan.target_account)) as target:
            await follow_bookings(
                self._store, source=plan.source, source_account=plan.source_account
            )
            report = await apply_bookings(self._store, run, target=target, by=by)
        if report.stopped is not None:
            raise PaysdkError(report.stopped)
        return {state.value: count for state, count in report.states.items()}

    async def _plan(self, *, sync: bool, by: str, **names: str) -> dict[str, Any]:
        pair = Pair(**names)
        async with aclosing(await self._open_account(pair.target, pair.target_account)) as target:
            if sync:
                await self._sync(pair.source, pair.source_account)
                await sync_payments(target, self._store, pair.target_account)
            await follow_bookings(
                self._store, source=pair.source, source_account=pair.source_account
            )
            if waiting := await BookingJournal(self._store).count(pair, State.APPROVED):
                return {"approved": waiting}
            plan = await plan_bookings(
                self._store,
                target=target,
                source=pair.source,
                source_account=pair.source_account,
                target_account=pair.target_account,
                by=by,
            )
        return {"run": plan.digest, "lines": len(plan.lines), "review": len(plan.review)}

    async def _sync(self, provider: str, account: str) -> None:
        async with aclosing(await self._open_account(provider, account)) as opened:
            await sync_payments(opened, self._store, account)

    async def _retry_stalled(
        self,
        timestamp: int,  # noqa: ARG002  # procrastinate passes it
    ) -> None:
        for name in (_APPLY, _PLAN):
            await retry_stalled_jobs(self._app, name)


def _lock(target: str, account: str) -> str:
    """The lock of the jobs that write about one target account."""
    return f"{_APPLY}/{quote(target, safe='')}/{quote(account, safe='')}"
