"""Applying plans as jobs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from procrastinate import App
from procrastinate.testing import InMemoryConnector

from paysdk import ConfigurationError
from paysdk.booking import PlanRefusedError
from paysdk.booking.workers import booking_tasks

if TYPE_CHECKING:
    from .conftest import Story


@attrs.define
class Office:
    """A provider of books that is opened for each job."""

    story: Any
    opened: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    closed: int = 0

    async def open(self, provider: str, account: str) -> Any:
        """Open the books of an account."""
        self.opened.append((provider, account))
        return self

    def booking_target(self) -> Any:
        return self.story.books

    async def aclose(self) -> None:
        self.closed += 1


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

        assert ([("books", "default")], 1) == (office.opened, office.closed)
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


def test_the_tasks_need_a_store() -> None:
    """Anything else is refused at once."""
    store: Any = "payments.db"
    app = App(connector=InMemoryConnector())

    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        booking_tasks(app, store, open_account=Office(None).open)
