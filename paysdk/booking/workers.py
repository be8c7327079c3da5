"""Apply the approved plans of any number of accounts on any number of workers.

It needs the extra ``workers``. The jobs are procrastinate's, as those of ``paysdk.sync.workers``.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from paysdk.booking.applying import apply_bookings
from paysdk.booking.following import follow_bookings
from paysdk.booking.runs import BookingRuns
from paysdk.errors import PaysdkError
from paysdk.sync.store import get_database
from paysdk.sync.workers import RetryStrategy

if TYPE_CHECKING:
    from procrastinate import App

    from paysdk.sync.store import SQLPaymentStore
    from paysdk.sync.workers import OpenAccount

__all__ = ["BookingTasks", "booking_tasks"]

_QUEUE = "paysdk"
_APPLY = "paysdk:book"


def booking_tasks(app: App, store: SQLPaymentStore, *, open_account: OpenAccount) -> BookingTasks:
    """Make the task that applies approved plans, in the queue "paysdk" of the app.

    ``open_account(provider, account)`` must open the target with the key of that account, as for
    ``sync_tasks``. A job contains only the digest of a plan and names, so no key gets into the
    database or a log.

    The jobs of one target account run one at a time. A run that stops after too many failures is
    retried five times within a quarter of an hour. A job fails at once if the plan must not be
    applied. A job whose worker was killed may be retried: nothing is booked twice.

    Call this once per app, in a module that the workers import. Raises ``ConfigurationError`` if
    *store* is not a store.
    """
    get_database(store)
    return BookingTasks(app, store, open_account)


class BookingTasks:
    """The task of an app that applies plans. ``booking_tasks`` makes it."""

    def __init__(self, app: App, store: SQLPaymentStore, open_account: OpenAccount) -> None:
        self._store = store
        self._open_account = open_account
        self._task = app.task(name=_APPLY, queue=_QUEUE, retry=RetryStrategy())(self._apply)

    async def defer(self, run: str, *, by: str = "") -> int:
        """Queue a plan to be applied, and return the id of the job. *run* is its digest.

        Raises ``PlanRefusedError`` if the store does not have the plan.
        """
        plan = (await BookingRuns(self._store).read(run)).plan
        target, account = (quote(each, safe="") for each in (plan.target, plan.target_account))
        task = self._task.configure(lock=f"{_APPLY}/{target}/{account}")
        return await task.defer_async(run=run, by=by)

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
