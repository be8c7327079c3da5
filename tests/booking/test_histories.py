"""Random histories of both systems, with faults, agents, people, late commits and several workers.

Whatever happens, no payment of the source is live twice, no invoice is paid above its total without
a booking that says so, every payment is booked or explained, and the history leads to the state.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paysdk.booking import (
    BookingJournal,
    State,
    apply_bookings,
    approve_plan,
    follow_bookings,
    replay,
    undo_bookings,
)
from paysdk.reconcile import reconcile
from paysdk.sync import SQLPaymentStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.booking import Booking

    from .conftest import Story

pytestmark = pytest.mark.slow

# The session `histories` runs more.
EXAMPLES = int(os.environ.get("PAYSDK_HISTORIES", "100"))
DAY = date(2026, 3, 2)
FAULTS = st.sampled_from(
    [None, None, None, "lost", "timeout", "late", "refused", "down", "drafted"]
)
NUMBER = st.integers(0, 5)
STEP = st.one_of(
    st.tuples(st.just("pay"), NUMBER, st.sampled_from(["30.00", "50.00", "100.00", "120.00"])),
    st.tuples(st.just("approve")),
    st.tuples(st.just("apply"), st.integers(1, 2), st.lists(FAULTS, max_size=4)),
    st.tuples(st.just("cancel"), st.integers(1, 40)),
    st.tuples(st.just("commit")),
    st.tuples(st.just("agent"), NUMBER, st.sampled_from(["30.00", "50.00"])),
    st.tuples(st.just("void"), NUMBER),
    st.tuples(st.just("edit"), NUMBER),
    st.tuples(st.just("change"), NUMBER),
    st.tuples(st.just("forget"), NUMBER),
    st.tuples(st.just("undo"), st.lists(FAULTS, max_size=2)),
    st.tuples(st.just("follow")),
)


@attrs.define
class History:
    """Takes the steps of one history."""

    story: Any
    runs: list[str] = attrs.field(factory=list[str])

    async def pay(self, number: int, amount: str) -> None:
        self.story.add(f"A-{number}", amount, total="100.00")

    async def approve(self) -> None:
        plan = await self.story.plan()
        await approve_plan(self.story.store, plan, by="Ann", limit=Decimal(100_000))
        self.runs.append(plan.digest)

    async def apply(self, workers: int, faults: list[Any]) -> None:
        self.story.books.faults.extend(faults)
        for run in self.runs:
            await asyncio.gather(*(self._apply(run) for _ in range(workers)))
        self.story.books.faults.clear()

    async def _apply(self, run: str) -> None:
        await apply_bookings(self.story.store, run, target=self.story.books, rest=0, stop_after=2)

    async def cancel(self, turns: int) -> None:
        for run in self.runs[-1:]:
            task = asyncio.create_task(self._apply(run))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def commit(self) -> None:
        self.story.books.commit_late()

    async def agent(self, number: int, amount: str) -> None:
        for invoice in await self.story.books.find_invoices(f"A-{number}"):
            if (invoice.due or 0) >= Decimal(amount):
                self.story.books.add_payment(invoice.id, Decimal(amount), DAY)

    async def void(self, number: int) -> None:
        for payment in self._booked(number):
            self.story.books.change_payment(payment, voided_date=DAY)

    async def edit(self, number: int) -> None:
        for payment in self._booked(number):
            self.story.books.change_payment(payment, amount=Decimal("29.00"))

    def _booked(self, number: int) -> list[str]:
        ours = [each.id for each in self.story.books.payments.values() if each.external_id]
        return ours[number : number + 1]

    async def change(self, number: int) -> None:
        for payment in self.story.source.payments[number : number + 1]:
            self.story.change(payment.id, amount=Decimal("31.00"))

    async def forget(self, number: int) -> None:
        del self.story.source.payments[number : number + 1]

    async def undo(self, faults: list[Any]) -> None:
        self.story.books.faults.extend(each for each in faults if each not in {"late", "drafted"})
        for run in self.runs[-1:]:
            await self._undo(run)
        self.story.books.faults.clear()

    async def _undo(self, run: str) -> None:
        books = self.story.books
        await undo_bookings(self.story.store, run, target=books, by="Ann", reason="test")

    async def follow(self) -> None:
        await self.story.sync()
        await follow_bookings(self.story.store)

    async def bookings(self) -> list[Booking]:
        """All bookings."""
        journal = BookingJournal(self.story.store)
        return await journal.read_batch("notify", "default", None)

    async def check(self) -> None:
        """Check what must hold after each step."""
        bookings = await self.bookings()
        journal = BookingJournal(self.story.store)
        for booking in bookings:
            entries = await journal.history(booking.key)
            assert booking.state is replay((each.before, each.after) for each in entries)
            assert booking.step == len(entries)
        live = Counter(
            payment.external_id
            for payment in self.story.books.payments.values()
            if payment.external_id and not payment.is_voided
        )
        assert set(live.values()) <= {1}

    async def finish(self) -> None:
        """Let everything come to its end, and check the books."""
        books = self.story.books
        books.commit_late()
        await self.apply(1, [])
        await self.follow()
        await self.apply(1, [])
        plan = await self.story.plan()
        bookings = await self.bookings()
        for invoice in books.invoices.values():
            paid = sum((each.amount for each in books.live_payments(invoice.id)), Decimal(0))
            if paid > (invoice.total or 0):
                reasons = {each.reason for each in bookings if each.line.invoice_id == invoice.id}
                assert reasons & {"overpaid", "booked_twice"}, (reasons, bookings)
        explained = {line.payment_id for line in (*plan.lines, *plan.review)}
        explained |= {each.key.payment_id for each in bookings if each.state is State.BOOKED}
        sides = [self.story.source.payments, [*books.payments.values()]]
        async for outcome in reconcile(*sides, days=self.story.policy.match_days):
            if not outcome.status.is_difference:
                explained |= {payment.id for payment in outcome.left}
        assert {payment.id for payment in self.story.source.payments} <= explained

    async def undo_everything(self) -> None:
        """After this, no payment of paysdk is live."""
        for run in self.runs:
            await self._undo(run)
        known = {each.line.external_id for each in await self.bookings()}
        assert not [
            payment
            for payment in self.story.books.payments.values()
            if payment.external_id in known and not payment.is_voided
        ]


@pytest.fixture(scope="session")
def run_history() -> Callable[..., None]:
    """Runs one history in a database of its own."""

    def run(make: Callable[[SQLPaymentStore], Story], steps: list[tuple[Any, ...]]) -> None:
        async def act() -> None:
            with TemporaryDirectory() as folder:
                async with SQLPaymentStore(Path(folder, "payments.db")) as store:
                    history = History(make(store))
                    for name, *arguments in steps:
                        await getattr(history, name)(*arguments)
                        await history.check()
                    await history.finish()
                    await history.check()
                    await history.undo_everything()
                    await history.check()

        asyncio.run(act())

    return run


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=3, max_size=14))
def test_whatever_happens_each_payment_is_booked_once_or_explained(
    make_story: Callable[[SQLPaymentStore], Story],
    run_history: Callable[..., None],
    steps: list[tuple[Any, ...]],
) -> None:
    """The history also leads to the state, and after an undo nothing of paysdk is live."""
    run_history(make_story, [("pay", 0, "50.00"), ("approve",), *steps])
