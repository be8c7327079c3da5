"""Kill workers with SIGKILL while they apply and undo: `killing.py PLACE WHAT TARGET KILLS`.

One process imports everything and forks the others. A worker counts its SQL statements and commits,
and the requests or changes that it makes in the books, and kills itself at the one that it is told.
Then the same work runs again to its end. Whatever the point, the books and the history must be the
same. TARGET is "books", a file, or "campfire", its sandbox with ``exclusive=store.exclusive``. WHAT
is "apply" or "undo". With "together", three workers apply one run at the same time instead, and one
of them is killed. KILLS is the number of points to kill at, from the first to the last, or "all".
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
from contextlib import ExitStack, asynccontextmanager
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs
from sqlalchemy import event

from paysdk import CampfireProvider, Capabilities, InvoiceRef, ListingReport, Page, Payment
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
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing.booking import FakeBooks
from paysdk.testing.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

DAY = date(2026, 3, 2)
POLICY = BookingPolicy(
    currency="EUR",
    entity=1,
    account_id=77,
    account_name="1090 - Clearing",
    since=date(2026, 1, 1),
    max_amount=Decimal(5000),
)

# As Campfire's sandbox needs it.
DOLLARS = attrs.evolve(
    POLICY,
    currency="USD",
    entity=54,
    account_id=2561,
    account_name="1050 - Payments Clearing",
)


# All accounts book on the same invoices of Campfire's sandbox. Equal amounts would be for review.
_CENTS = count(500)


class Counting:
    """Counts the points of a worker, and kills it at one of them.

    As a limiter, it makes two points of each request: before it is sent, and after its response.
    """

    def __init__(self, last: int | None = None) -> None:
        self.points = 0
        self._last = last

    def __call__(self, *_: object) -> None:
        self.points += 1
        if self.points == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    async def __aenter__(self) -> None:
        self()

    async def __aexit__(self, *_: object) -> None:
        self()


@attrs.define(eq=False)
class FileBooks(FakeBooks):
    """Books in a file, which outlive every worker."""

    path: Path = Path()
    point: Any = attrs.field(default=lambda *_: None)

    def _read(self) -> None:
        super()._read()
        self.invoices, self.payments = pickle.loads(self.path.read_bytes())  # noqa: S301  # its own

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


@attrs.define
class BooksOffice:
    """Books in a file of their own."""

    path: Path
    policy: BookingPolicy = POLICY

    def make_invoice(self, number: int) -> tuple[str, Decimal]:
        """Make an invoice, and return its number and its total."""
        books = self._read()
        books.add_invoice(f"A-{number}", Decimal(50))
        books.save()
        return f"A-{number}", Decimal(50)

    @asynccontextmanager
    async def open(
        self,
        store: SQLPaymentStore,  # noqa: ARG002  # the other office needs it
        point: Counting,
    ) -> AsyncIterator[Any]:
        """Open the target of a worker."""
        books = self._read()
        books.point = point
        yield books

    def live(self) -> Counter[str | None]:
        """How many live payments each external id has."""
        payments = self._read().payments.values()
        return Counter(each.external_id for each in payments if not each.is_voided)

    def _read(self) -> FileBooks:
        books = FileBooks(path=self.path)
        if self.path.exists():
            books._read()
        return books


@attrs.define
class CampfireOffice:
    """Campfire's sandbox, which runs in a thread of the process that forks the workers."""

    sandbox: CampfireSandbox
    policy: BookingPolicy = DOLLARS

    def make_invoice(self, number: int) -> tuple[str, Decimal]:
        """Return the number and the total of an open invoice in dollars."""
        invoices: list[Any] = [self.sandbox.invoice(each) for each in self.sandbox.invoice_ids]
        chosen = [each for each in invoices if each["currency"] == self.policy.currency][number]
        return chosen["invoice_number"], chosen["total_amount"]

    @asynccontextmanager
    async def open(self, store: SQLPaymentStore, point: Counting) -> AsyncIterator[Any]:
        """Open the provider of a worker."""
        async with CampfireProvider(
            self.sandbox.api_key,
            base_url=self.sandbox.url,
            exclusive=store.exclusive,
            limiter=point,
        ) as provider:
            yield provider

    def live(self) -> Counter[str | None]:
        """How many live payments each external id has."""
        rows: Any = self.sandbox.payments
        return Counter(row["external_id"] for row in rows if row["voided_date"] is None)


Office: TypeAlias = BooksOffice | CampfireOffice


async def prepare(place: str, account: str, office: Office, lines: int) -> str:
    """Sync, plan and approve some lines of an account. Each books a few dollars or euros."""
    invoices = [office.make_invoice(number) for number in range(lines)]
    payments = [
        Payment(
            provider="notify",
            id=f"p{number}",
            amount=Decimal(next(_CENTS)) / 100,
            currency=office.policy.currency,
            payment_date=DAY,
            invoice=InvoiceRef(f"n{number}", invoice, total, Decimal(0)),
        )
        for number, (invoice, total) in enumerate(invoices)
    ]
    async with SQLPaymentStore(place) as store, office.open(store, Counting()) as target:
        # The target's payments are of other accounts.
        for provider in (Source("notify", payments), Source(target.name, [])):
            await sync_payments(provider, store, account)
        plan = await plan_bookings(
            store,
            target=target,
            policy=office.policy,
            source_account=account,
            target_account=account,
        )
        await approve_plan(store, plan, by="Ann", limit=Decimal(5000))
    return plan.digest


async def work(place: str, office: Office, run: str, point: Counting, *, undo: bool) -> int:
    """Apply or undo a run, and return the number of points."""
    async with SQLPaymentStore(place) as store:
        engine = store._database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", point)
        event.listen(engine, "commit", point)
        async with office.open(store, point) as target:
            if undo:
                await undo_bookings(store, run, target=target, by="Ann", reason="test")
            else:
                await apply_bookings(store, run, target=target, rest=0)
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


# How many live payments a booking has after an apply or an undo was called again. An order may only
# be unknown, and a void open, if its worker was killed after it had written down that it sends.
_AFTER_APPLY = {State.BOOKED: 1, State.UNKNOWN: 0}
_AFTER_UNDO = {State.VOIDED: 0, State.VOID_REQUESTED: 1}


async def check(place: str, account: str, run: str, office: Office, *, undo: bool) -> Counter[str]:
    """Check the books and the history, and count the states of the lines."""
    live = office.live()
    async with SQLPaymentStore(place) as store:
        journal = BookingJournal(store)
        bookings = await journal.read_run(run)
        for booking in bookings:
            history = await journal.history(BookingKey("notify", account, booking.key.payment_id))
            assert booking.state is replay((each.before, each.after) for each in history)
            expected = (_AFTER_UNDO if undo else _AFTER_APPLY)[booking.state]
            assert expected == live[booking.line.external_id], booking
    return Counter(booking.state.value for booking in bookings)


def choose_points(total: int, kills: str) -> list[int]:
    """Return the points to kill at, evenly spread over all."""
    number = total if kills == "all" else min(int(kills), total)
    return sorted({1 + each * (total - 1) // max(1, number - 1) for each in range(number)})


def kill_at_points(
    place: str, make_office: Callable[[str], Office], kills: str, *, undo: bool
) -> dict[str, int]:
    """Kill a worker at some points, run the work again each time, and count how it ended."""
    states: Counter[str] = Counter()
    total, points = 0, [0]
    for point in points:  # the first work is not killed, and shows how many points there are
        account = f"{'undo' if undo else 'apply'} {point}"
        office = make_office(account)
        run = asyncio.run(prepare(place, account, office, 1))
        if undo:
            asyncio.run(work(place, office, run, Counting(), undo=False))
        if point == 0:
            total = asyncio.run(work(place, office, run, Counting(), undo=undo))
            points += choose_points(total, kills)
        else:
            assert wait(forked(work(place, office, run, Counting(point), undo=undo)))
            # The second call looks up what the first one could only call unknown.
            for _ in range(2):
                assert not wait(forked(work(place, office, run, Counting(), undo=undo)))
        states += asyncio.run(check(place, account, run, office, undo=undo))
    return {"points": total, "killed": len(points) - 1, **states}


def work_together(place: str, office: Office) -> dict[str, int]:
    """Let three processes apply one run at the same time. One of them is killed on the way."""
    run = asyncio.run(prepare(place, "together", office, 8))
    points = [Counting(), Counting(), Counting(60)]
    workers = [forked(work(place, office, run, each, undo=False)) for each in points]
    ends = [wait(worker) for worker in workers]
    assert not any(ends[:2])
    for _ in range(2):
        assert not wait(forked(work(place, office, run, Counting(), undo=False)))
    return dict(asyncio.run(check(place, "together", run, office, undo=False)))


def main(place: str, what: str, target: str, kills: str) -> None:
    """Do what is asked, and write the result."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(in_thread(CampfireSandbox(payments=0)))

        def make_office(account: str) -> Office:
            if target == "campfire":
                # All accounts have the same invoice, and nothing is booked beside new payments.
                for row in [*sandbox.payments]:
                    sandbox.delete_payment(int(str(row["id"])))
                return CampfireOffice(sandbox)
            return BooksOffice(folder / account.replace(" ", "-"))

        told = (
            work_together(place, make_office("together"))
            if what == "together"
            else kill_at_points(place, make_office, kills, undo=what == "undo")
        )
        sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
