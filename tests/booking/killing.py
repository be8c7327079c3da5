"""Kill workers with SIGKILL at every statement of apply and undo: `killing.py PLACE`.

One process imports everything and forks the others. A worker counts its SQL statements and the
changes that it makes in the books, and kills itself at the one that it is told. Then the same work
runs again to its end. Whatever the point, the books and the history must be the same. With
`killing.py PLACE together`, three workers apply the same run at the same time instead.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pickle
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
from sqlalchemy import event

from paysdk import Capabilities, InvoiceRef, ListingReport, Page, Payment
from paysdk.booking import (
    BookingJournal,
    BookingKey,
    BookingPolicy,
    State,
    apply_bookings,
    approve_plan,
    plan_bookings,
    replay,
    undo_bookings,
)
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing.booking import FakeBooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

DAY = date(2026, 3, 2)
POLICY = BookingPolicy(
    currency="EUR",
    entity=1,
    account_id=77,
    account_name="1090 - Clearing",
    since=date(2026, 1, 1),
    max_amount=Decimal(5000),
)


class Counting:
    """Counts the points of a worker, and kills it at one of them."""

    def __init__(self, last: int | None) -> None:
        self.points = 0
        self._last = last

    def __call__(self, *_: object) -> None:
        self.points += 1
        if self.points == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


@attrs.define(eq=False)
class FileBooks(FakeBooks):
    """Books in a file, which outlive every worker."""

    path: Path = Path()
    point: Any = attrs.field(default=lambda *_: None)

    def _read(self) -> None:
        super()._read()
        self.invoices, self.payments = pickle.loads(self.path.read_bytes())  # noqa: S301  # its own file

    def save(self) -> None:
        """Write the file at once."""
        temporary = self.path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(pickle.dumps((self.invoices, self.payments)))
        temporary.replace(self.path)

    def add_payment(self, *given: Any, **named: Any) -> Payment:
        self.point()
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            payment = super().add_payment(*given, **named)
            self.save()
        self.point()
        return payment

    def change_payment(self, payment_id: str, **fields: object) -> None:
        self.point()
        super().change_payment(payment_id, **fields)
        self.save()
        self.point()


@attrs.define
class Source:
    """A provider whose payments are a list, and also its listing."""

    name: str
    payments: list[Payment]
    report: ListingReport = attrs.field(factory=ListingReport)
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset(), max_page_size=1000, reports_voids=True, lists_incrementally=False
    )

    def list_payments(self, **_: object) -> Any:
        return self

    async def pages(self) -> AsyncIterator[Page]:
        yield Page(self.payments, None, None)

    async def aclose(self) -> None:
        pass


async def prepare(place: str, account: str, books: FileBooks, lines: int) -> str:
    """Sync, plan and approve some lines of an account."""
    payments = [
        Payment(
            provider="notify",
            id=f"p{number}",
            amount=Decimal(50),
            currency="EUR",
            payment_date=DAY,
            invoice=InvoiceRef(f"n{number}", f"A-{number}", Decimal(50), Decimal(0)),
        )
        for number in range(lines)
    ]
    for payment in payments:
        books.add_invoice(payment.invoice.number or "", payment.amount)
    books.save()
    async with SQLPaymentStore(place) as store:
        await sync_payments(Source("notify", payments), store, account)
        plan = await plan_bookings(
            store,
            target=books,
            policy=POLICY,
            source_account=account,
            target_account=account,
        )
        await approve_plan(store, plan, by="Ann", limit=Decimal(5000))
    return plan.digest


async def work(place: str, books: FileBooks, run: str, point: Counting, *, undo: bool) -> int:
    """Apply or undo a run, and return the number of points."""
    async with SQLPaymentStore(place) as store:
        engine = store._database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", point)
        event.listen(engine, "commit", point)
        books.point = point
        if undo:
            await undo_bookings(store, run, target=books, by="Ann", reason="test")
        else:
            await apply_bookings(store, run, target=books, rest=0)
    return point.points


def forked(coroutine: Coroutine[Any, Any, object]) -> int:
    """Fork a process that only runs this, and return its id."""
    pid = os.fork()
    if pid:
        coroutine.close()
        return pid
    code = 1
    try:
        asyncio.run(coroutine)
        code = 0
    finally:
        os._exit(code)


def wait(pid: int) -> bool:
    """Whether a process was killed. Fails if it failed in another way."""
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return True
    assert status == 0, status
    return False


async def check(place: str, account: str, run: str, books: FileBooks, *, undo: bool) -> State:
    """Check the books and the history, and return the state of the first line."""
    books._read()
    live = Counter(each.external_id for each in books.payments.values() if not each.is_voided)
    assert not live or set(live.values()) == {1}, live
    async with SQLPaymentStore(place) as store:
        journal = BookingJournal(store)
        for booking in await journal.read_run(run):
            history = await journal.history(BookingKey("notify", account, booking.key.payment_id))
            assert booking.state is replay((each.before, each.after) for each in history)
            name = booking.line.external_id
            if undo:
                assert (booking.state, live[name]) == (State.VOIDED, 0)
            else:
                expected = {State.BOOKED: 1, State.UNKNOWN: 0}
                assert live[name] == expected[booking.state], booking
    return booking.state


def kill_at_each_point(place: str, folder: Path, *, undo: bool) -> dict[str, int]:
    """Kill a worker at each point, run the work again, and count how it ended."""
    states: Counter[str] = Counter()
    point, total = 0, 1
    while point <= total:
        kind = "undo" if undo else "apply"
        account = f"{kind} {point}"
        books = FileBooks(path=folder / f"{kind}-{point}")
        run = asyncio.run(prepare(place, account, books, 1))
        if undo:
            asyncio.run(work(place, books, run, Counting(None), undo=False))
        if point == 0:
            total = asyncio.run(work(place, books, run, Counting(None), undo=undo))
        else:
            assert wait(forked(work(place, books, run, Counting(point), undo=undo)))
            books.point = lambda *_: None
            # The second call looks up what the first one could only call unknown.
            for _ in range(2):
                assert not wait(forked(work(place, books, run, Counting(None), undo=undo)))
        books.point = lambda *_: None
        states[asyncio.run(check(place, account, run, books, undo=undo))] += 1
        point += 1
    return {"points": total, **states}


def work_together(place: str, folder: Path) -> dict[str, int]:
    """Let three processes apply one run at the same time."""
    books = FileBooks(path=folder / "together")
    run = asyncio.run(prepare(place, "together", books, 8))
    workers = [forked(work(place, books, run, Counting(None), undo=False)) for _ in range(3)]
    killed = [wait(worker) for worker in workers]
    assert not any(killed)
    asyncio.run(check(place, "together", run, books, undo=False))
    books._read()
    return {"payments": len(books.payments)}


def main(place: str, what: str) -> None:
    """Do what is asked, and write the result."""
    with tempfile.TemporaryDirectory() as folder, suppress(BrokenPipeError):
        told = (
            work_together(place, Path(folder))
            if what == "together"
            else kill_at_each_point(place, Path(folder), undo=what == "undo")
        )
        sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
