"""Planning and applying as jobs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from procrastinate import App
from procrastinate.testing import InMemoryConnector

from paysdk import ConfigurationError, Page
from paysdk.booking import PlanRefusedError, State, read_latest_plan, read_status
from paysdk.booking.workers import booking_tasks
from tests.booking.conftest import Source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .conftest import Story


@attrs.define
class Office:
    """An application with a source and books, which it opens for each job."""

    story: Any
    opened: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    closed: list[str] = attrs.field(factory=list[str])

    async def open(self, provider: str, account: str) -> Any:
        """Open an account."""
        self.opened.append((provider, account))
        kind = Books if provider == "books" else Opened
        return kind(provider, [], office=self)


@attrs.define
class Opened(Source):
    """The source, open for one job."""

    office: Office = attrs.field(kw_only=True)

    async def pages(self) -> AsyncIterator[Page]:
        yield Page([*self.office.story.source.payments], None, None)

    async def aclose(self) -> None:
        self.office.closed.append(self.name)


@attrs.define
class Books(Opened):
    """The books, open for one job."""

    async def pages(self) -> AsyncIterator[Page]:
        yield Page([*self.office.story.books.payments.values()], None, None)

    def booking_target(self) -> Any:
        return self.office.story.books


async def run_jobs(app: App) -> None:
    """Run all jobs that are queued."""
    await app.run_worker_async(wait=False, install_signal_handlers=False)


PAIR = (("notify", "default"), ("books", "default"))


async def test_an_approved_plan_is_applied_by_a_worker(story: Story) -> None:
    """The books are opened for the job, and closed after it."""
    story.add("A-1", "60.00")
    run = await story.approve()
    office = Office(story)
    app = App(connector=InMemoryConnector())
    tasks = booking_tasks(app, story.store, open_account=office.open)

    async with app.open_async():
        await tasks.defer(run, by="worker")
        await app.run_worker_async(wait=False, install_signal_handlers=False)

        assert ([("books", "default")], ["books"]) == (office.opened, office.closed)
        assert 1 == len(story.books.payments)
        with pytest.raises(PlanRefusedError, match="The store has no plan"):
            await tasks.defer("0123456789abcdef")


async def test_a_run_that_stops_is_retried(story: Story) -> None:
    """The job fails for now, and procrastinate decides when it runs again."""
    for number in range(6):
        story.add(f"A-{number}", "60.00")
    run = await story.approve()
    story.books.faults = deque(["down"] * 5)
    connector = InMemoryConnector()
    app = App(connector=connector)
    tasks = booking_tasks(app, story.store, open_account=Office(story).open)

    async with app.open_async():
        job_id = await tasks.defer(run)
        await app.run_worker_async(wait=False, install_signal_handlers=False)

    job = connector.jobs[job_id]
    assert ("todo", 1, "paysdk:book/books/default") == (
        job["status"],
        job["attempts"],
        job["lock"],
    )
    assert not story.books.payments


async def test_a_job_syncs_both_sides_and_plans(story: Story) -> None:
    """A job plans with the policy of the last plan, and a person approves the result."""
    await story.plan()
    story.add("A-1", "60.00")
    story.pay("A-9", "5.00", total="5.00")
    office, app = Office(story), App(connector=InMemoryConnector())
    tasks = booking_tasks(app, story.store, open_account=office.open)

    async with app.open_async():
        (job,) = await tasks.defer_plans([PAIR], by="schedule")
        await run_jobs(app)
        job_status = await app.job_manager.get_job_status_async(job)

    plan = await read_latest_plan(story.store, target="books")
    assert plan is not None
    assert ("succeeded", ["p1"], ["p2"]) == (
        job_status.value,
        [line.payment_id for line in plan.lines],
        [line.payment_id for line in plan.review],
    )
    assert story.policy == plan.policy
    assert {State.PROPOSED: 1} == (await read_status(story.store, plan.digest)).states
    assert sorted(office.closed) == ["books", "notify"]


async def test_a_job_can_plan_without_a_sync(story: Story) -> None:
    """Many pairs are queued at once, after other jobs have synced the store."""
    story.add("A-1", "60.00")
    await story.plan()
    office, app = Office(story), App(connector=InMemoryConnector())
    tasks = booking_tasks(app, story.store, open_account=office.open)
    others = (("notify", "other"), ("books", "other"))

    async with app.open_async():
        jobs = await tasks.defer_plans([PAIR, others], sync=False)
        await run_jobs(app)
        found = [(await app.job_manager.get_job_status_async(job)).value for job in jobs]
        assert [] == await tasks.defer_plans([])

    # The other pair has no policy yet, and a retry could not help.
    assert ["succeeded", "failed"] == found
    assert [("books", "default"), ("books", "other")] == office.opened
    assert await read_latest_plan(story.store, target="books", target_account="other") is None


async def test_a_job_does_not_take_an_approval_back(story: Story) -> None:
    """It plans again when the approved lines were applied."""
    story.add("A-1", "60.00")
    run = await story.approve()
    office, app = Office(story), App(connector=InMemoryConnector())
    tasks = booking_tasks(app, story.store, open_account=office.open)

    async with app.open_async():
        await tasks.defer_plans([PAIR])
        await run_jobs(app)
        assert {State.APPROVED: 1} == (await read_status(story.store, run)).states
        await tasks.defer(run)
        await run_jobs(app)
        await tasks.defer_plans([PAIR])
        await run_jobs(app)

    assert {State.BOOKED: 1} == (await read_status(story.store, run)).states
    plan = await read_latest_plan(story.store, target="books")
    assert plan is not None
    assert ((), ()) == (plan.lines, plan.review)


async def test_a_plan_of_an_account_needs_names(story: Story) -> None:
    """Nothing is queued."""
    app = App(connector=InMemoryConnector())
    tasks = booking_tasks(app, story.store, open_account=Office(story).open)

    with pytest.raises(ConfigurationError, match="Nothing was queued"):
        await tasks.defer_plans([PAIR, (("notify", ""), ("books", "default"))])


async def test_the_jobs_of_killed_workers_are_retried(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kinds of jobs are looked for."""
    retried: list[str] = []

    async def retry(_: App, task_name: str) -> None:
        retried.append(task_name)

    monkeypatch.setattr("paysdk.booking.workers.retry_stalled_jobs", retry)
    app = App(connector=InMemoryConnector())
    booking_tasks(app, story.store, open_account=Office(story).open)

    await app.tasks["paysdk:book_stalled"](timestamp=0)

    assert ["paysdk:book", "paysdk:plan"] == retried


def test_the_tasks_need_a_store() -> None:
    """Anything else is refused at once."""
    store: Any = "payments.db"
    app = App(connector=InMemoryConnector())

    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        booking_tasks(app, store, open_account=Office(None).open)
