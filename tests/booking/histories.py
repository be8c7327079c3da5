"""Random histories of both systems, and what must be true after each step of them.

A history has its own accounts in a store that it shares with others. Its steps come from a seed:
the same seed makes the same steps. People, Campfire's agent and several workers take them, and the
workers meet faults, die and stall.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

import attrs
import sqlalchemy as sa

from paysdk import (
    Capabilities,
    ConnectionFailedError,
    InvoiceRef,
    ListingReport,
    Page,
    Payment,
    PaysdkError,
)
from paysdk.booking import (
    BookingJournal,
    BookingPolicy,
    State,
    apply_bookings,
    approve_plan,
    compare_balances,
    follow_bookings,
    plan_bookings,
    release_booking,
    replay,
    undo_bookings,
)
from paysdk.reconcile import reconcile
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.booking_tables import booking_history
from paysdk.sync.store import get_database
from paysdk.target import BookingAccount, BookingOrder, BooksPayments
from paysdk.testing.booking import FakeBooks
from tests.booking.campfire_books import CampfireBooks, HeldOrder
from tests.booking.policies import BOOKS_POLICY
from tests.booking.processes import (
    KilledError,
    Worker,
    current_worker,
    separate_processes,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from paysdk.booking import Booked, Booking, BookingPlan
    from paysdk.target import BeforeSending, PaymentEffect, TargetInvoice

__all__ = ["History", "make_steps", "run_histories"]

T = TypeVar("T")
Step: TypeAlias = "tuple[Any, ...]"
AnyBooks: TypeAlias = "Books | CampfireBooks"

DAY = date(2026, 3, 2)
TOTAL = Decimal("100.00")
_AMOUNTS = ("30.00", "30.00", "50.00", "70.00", "100.00", "120.00")
_EXPLAINED = frozenset({State.BOOKED, State.VOID_REQUESTED})
# How many histories share a store. Making the tables takes as long as a few steps.
_BATCH = 250
# A history that takes longer hangs. Most take a tenth of a second.
_SECONDS = 120


def make_steps(seed: int) -> list[Step]:
    """Return the steps of a history."""
    chance = random.Random(seed)  # no secret
    steps: list[Step] = [("pay", 0, "50.00"), ("pay", 1, chance.choice(_AMOUNTS)), ("approve",)]
    return steps + [_make_step(chance) for _ in range(chance.randint(3, 9))]


def _make_step(chance: random.Random) -> Step:
    number = chance.randrange(3)
    kind = chance.choices(*zip(*_KINDS.items(), strict=True))[0]
    match kind:
        case "pay":
            return kind, number, chance.choice(_AMOUNTS)
        case "agent":
            return kind, number, chance.choice(_AMOUNTS), chance.choice(_WAYS_OF_AGENTS)
        case "edit":
            return kind, chance.randrange(4), chance.choice([*_EDITS])
        case "apply" | "undo":
            return (
                kind,
                [_make_worker(chance) for _ in range(chance.choice((1, 1, 2, 3)))],
                [chance.choice(_FAULTS) for _ in range(chance.randint(0, 3))],
            )
        case "void" | "delete" | "change" | "forget" | "renew" | "rebook":
            return kind, chance.randrange(4)
        case _:
            return (kind,)


def _make_worker(chance: random.Random) -> tuple[int | None, int | None]:
    """The point at which a worker dies, and the request at which it stalls."""
    match chance.choice("nnnks"):
        case "k":
            return chance.randint(1, 30), None
        case "s":
            return None, chance.randint(1, 12)
        case _:
            return None, None


_KINDS = {
    "apply": 8,
    "pay": 4,
    "approve": 3,
    "undo": 4,
    "follow": 2,
    "commit": 2,
    "release": 1,
    "resume": 1,
    "agent": 2,
    "void": 1,
    "edit": 1,
    "delete": 1,
    "change": 1,
    "forget": 1,
    "renew": 2,
    "rebook": 1,
    "outage": 1,
    "approve_unsynced": 2,
    "mistake": 2,
    "elsewhere": 2,
}
# These change no booking, and no payment of one but by a person.
_OF_OTHERS = {"pay", "commit", "agent", "void", "edit", "delete", "change", "forget", "renew"} | {
    "elsewhere"
}
# "late": days after ours. "over": also if it is more than is due, as a bank feed does.
_WAYS_OF_AGENTS = ("plain", "plain", "split", "late", "over")
_EDITS: Mapping[str, Mapping[str, Any]] = {
    "amount": {"amount": Decimal("29.00")},
    "currency": {"currency": "GBP"},
    "day": {"payment_date": date(2026, 3, 20)},
}
_FAULTS = (None, None, None, "lost", "timeout", "late", "refused", "down", "drafted", "agent")


@attrs.define
class Source:
    """A provider whose payments are a list, and also its listing."""

    name: str
    payments: list[Payment] = attrs.field(factory=list[Payment])
    report: ListingReport = attrs.field(factory=ListingReport)
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset(), max_page_size=1000, reports_voids=True, lists_incrementally=False
    )

    def list_payments(self, **_: object) -> Any:
        return self

    async def pages(self) -> AsyncIterator[Page]:
        yield Page(list(self.payments), None, None)

    async def aclose(self) -> None:
        pass


@attrs.define(eq=False)
class Books(FakeBooks):
    """Books that several workers use. They check each order at the moment when it is sent."""

    policy: ClassVar[BookingPolicy] = BOOKS_POLICY
    in_flight: dict[str, BookingOrder] = attrs.field(factory=dict[str, BookingOrder])
    # What the agent booked just before an order for the same, by the order's external id.
    doubles: dict[str, Payment] = attrs.field(factory=dict[str, Payment])
    # The external ids of orders that a person released by mistake: they were booked later.
    mistakes: set[str] = attrs.field(factory=set[str])
    _ids: Iterator[int] = attrs.field(factory=lambda: count(10_001))

    def add_payment(self, *given: Any, **named: Any) -> Payment:
        # No id is given again after a payment was deleted.
        payment = super().add_payment(*given, **named)
        del self.payments[payment.id]
        payment = attrs.evolve(payment, id=str(next(self._ids)))
        self.payments[payment.id] = payment
        return payment

    @property
    def numbers(self) -> list[str]:
        return [each.number or "" for each in self.invoices.values()]

    async def open_target(self, _: SQLPaymentStore) -> Books:
        return self

    def delete_payment(self, payment_id: str) -> None:
        del self.payments[payment_id]

    def drop_held(self) -> None:
        self.held.clear()


def _check_order(books: AnyBooks, order: BookingOrder, seen: TargetInvoice) -> None:
    """Check that an order fits its invoice, with all orders that may still be booked.

    *seen* is the invoice as the worker read it. What others book afterwards, nothing can prevent.
    """
    waiting: dict[str, BookingOrder | HeldOrder] = {**books.in_flight}
    waiting |= {
        each.external_id: each for each in books.held if each.external_id not in books.mistakes
    }
    booked = {each.external_id for each in books.payments.values()}
    amounts = [
        each.amount
        for name, each in waiting.items()
        if each.invoice_id == order.invoice_id and name not in {order.external_id, *booked}
    ]
    live = books.live_payments(order.invoice_id)
    read = {each.id for each in seen.payments or ()}
    taken = [each.amount for each in live if each.external_id or each.id in read]
    total = order.amount + sum(amounts) + sum(taken)
    assert total <= TOTAL, f"{order.external_id} would make it {total}"
    if order.external_id in books.mistakes:
        return
    own = _payment_of(order.external_id)
    assert own not in map(_payment_of, waiting), f"{own} was sent and may still be booked"
    assert own not in [_payment_of(each.external_id) for each in live], f"{own} is booked"


@attrs.define(eq=False)
class WorkerBooks:
    """The books as one worker sees them: each request is a point at which it may end."""

    books: AnyBooks
    target: BooksPayments
    worker: Worker

    @property
    def name(self) -> str:
        return self.books.name

    @property
    def capabilities(self) -> Any:
        return self.target.capabilities

    async def find_invoices(self, number: str) -> Sequence[TargetInvoice]:
        return await self._request(lambda: self.target.find_invoices(number))

    def list_invoices(self) -> AsyncIterator[TargetInvoice]:
        return self.target.list_invoices()

    async def retrieve_invoice(self, invoice_id: str) -> TargetInvoice:
        return await self._request(lambda: self.target.retrieve_invoice(invoice_id))

    async def preview(self, order: BookingOrder) -> PaymentEffect:
        return await self._request(lambda: self.target.preview(order))

    async def find_payments(self, order: BookingOrder) -> Sequence[Payment]:
        return await self._request(lambda: self.target.find_payments(order))

    async def book(self, order: BookingOrder, before_sending: BeforeSending) -> Booked:
        async def before(invoice: TargetInvoice) -> None:
            await self.worker.pass_request()
            await before_sending(invoice)
            _check_order(self.books, order, invoice)
            self.books.in_flight[order.external_id] = order
            await self.worker.pass_request()
            faults: deque[Any] = self.books.faults
            if faults and faults[0] == "agent":
                faults[0] = None
                self._book_as_agent(order)

        self._check_connection()
        try:
            booked = await self.target.book(order, before)
        finally:
            self.books.in_flight.pop(order.external_id, None)
        await self.worker.pass_request()
        return booked

    def _book_as_agent(self, order: BookingOrder) -> None:
        """Book the same, as an agent does that finds the money in a bank feed."""
        double = self.books.add_payment(order.invoice_id, order.amount, order.payment_date)
        self.books.doubles[order.external_id] = double

    async def release(self, order: BookingOrder) -> None:
        await self.target.release(order)

    async def release_void(self, invoice_id: str, payment_id: str) -> None:
        await self.target.release_void(invoice_id, payment_id)

    async def void(self, invoice_id: str, payment_id: str, void_date: date | None) -> Payment:
        await self.worker.pass_request()
        return await self._request(lambda: self.target.void(invoice_id, payment_id, void_date))

    async def check_account(self, account: BookingAccount) -> None:
        await self.target.check_account(account)

    async def suggest_account(self) -> None:
        return None

    async def _request(self, send: Callable[[], Awaitable[T]]) -> T:
        self._check_connection()
        result = await send()
        await self.worker.pass_request()
        return result

    def _check_connection(self) -> None:
        if self.books.reads_fail:
            raise ConnectionFailedError("The books cannot be reached.")


def _payment_of(external_id: str | None) -> str | None:
    """The payment of the source that an external id of paysdk is for, in any generation."""
    return None if external_id is None else ":".join(external_id.split(":")[:4])


@attrs.define(eq=False)
class Stores:
    """Stores of one database. Each worker has its own, as each process has."""

    place: str
    main: SQLPaymentStore
    _stack: AsyncExitStack
    _idle: list[SQLPaymentStore] = attrs.field(factory=list[SQLPaymentStore])

    @classmethod
    async def open(cls, place: str, stack: AsyncExitStack) -> Stores:
        """Open the first one, which makes the tables. *stack* closes them all."""
        return cls(place, await stack.enter_async_context(SQLPaymentStore(place)), stack)

    async def take(self) -> SQLPaymentStore:
        """Return one that no worker uses."""
        if self._idle:
            return self._idle.pop()
        return await self._stack.enter_async_context(SQLPaymentStore(self.place))

    def give_back(self, store: SQLPaymentStore) -> None:
        """Let another worker use it."""
        self._idle.append(store)


@attrs.define(eq=False)
class History:
    """Takes the steps of one history, in accounts of its own."""

    stores: Stores
    account: str
    books: AnyBooks
    source: Source = attrs.field(factory=lambda: Source("notify"))
    runs: list[str] = attrs.field(factory=list[str])
    stalled: dict[Worker, asyncio.Task[Any]] = attrs.field(factory=dict[Worker, Any])
    seen: Counter[str] = attrs.field(factory=Counter[str])
    _voided_by_people: set[str] = attrs.field(factory=set[str])
    _rebooked: set[str] = attrs.field(factory=set[str])
    # The id that a payment of the source had before, by its new one.
    _renewed: dict[str, str] = attrs.field(factory=dict[str, str])
    # A sync that would find nothing new is left out: it takes as long as several bookings.
    _synced: dict[str, list[Payment]] = attrs.field(factory=dict[str, list[Payment]])

    @property
    def store(self) -> SQLPaymentStore:
        return self.stores.main

    async def run(self, steps: Iterable[Step]) -> None:
        """Take the steps, let everything come to its end, and undo it. Check after each step."""
        for name, *arguments in steps:
            await getattr(self, name)(*arguments)
            if name not in _OF_OTHERS:
                await self.check()
        await self.finish()
        await self.undo_everything()

    async def pay(self, number: int, amount: str) -> None:
        self.source.payments.append(
            Payment(
                provider="notify",
                id=f"p{len(self.source.payments) + 1}",
                amount=Decimal(amount),
                currency=self.books.policy.currency,
                payment_date=DAY,
                invoice=InvoiceRef(f"n{number}", self.books.numbers[number], TOTAL, Decimal(0)),
            )
        )

    async def sync(self, *, target: bool = True) -> None:
        books = Source(self.books.name, [*self.books.payments.values()])
        for provider in (self.source, books)[: 1 + target]:
            if self._synced.get(provider.name) != provider.payments:
                self._synced[provider.name] = [*provider.payments]
                await sync_payments(
                    provider, self.store, self.account, full=True, allow_vanish=True
                )

    async def plan(self, rebook: Sequence[str] = (), *, sync_target: bool = True) -> BookingPlan:
        await self.sync(target=sync_target)
        return await plan_bookings(
            self.store,
            target=await self.books.open_target(self.store),
            policy=self.books.policy,
            source_account=self.account,
            target_account=self.account,
            rebook=rebook,
        )

    async def approve(self, rebook: Sequence[str] = (), *, sync_target: bool = True) -> None:
        plan = await self.plan(rebook, sync_target=sync_target)
        if plan.lines:
            await approve_plan(self.store, plan, by="Ann", limit=Decimal(100_000))
            self.runs.append(plan.digest)

    async def approve_unsynced(self) -> None:
        """Approve a plan from an old copy of the books."""
        await self.approve(sync_target=False)

    async def rebook(self, number: int) -> None:
        chosen = [each.id for each in self.source.payments[number : number + 1]]
        self._rebooked.update(chosen)
        await self.approve(chosen)

    async def apply(self, workers: Sequence[tuple[int | None, int | None]], faults: Any) -> None:
        await self._work(workers, faults, self._apply)

    async def undo(self, workers: Sequence[tuple[int | None, int | None]], faults: Any) -> None:
        chosen = [each for each in faults if each in {None, "lost", "timeout", "refused", "down"}]
        await self._work(workers, chosen, self._undo)

    async def outage(self) -> None:
        self.books.reads_fail = True
        await self._work([(None, None)], (), self._apply)
        self.books.reads_fail = False

    async def _apply(self, store: SQLPaymentStore, run: str, books: Any) -> None:
        await apply_bookings(store, run, target=books, rest=0, stop_after=2)

    async def _undo(self, store: SQLPaymentStore, run: str, books: Any) -> None:
        await undo_bookings(store, run, target=books, by="Ann", reason="test")

    async def _work(
        self,
        endings: Sequence[tuple[int | None, int | None]],
        faults: Iterable[Any],
        work: Callable[[SQLPaymentStore, str, Any], Awaitable[None]],
        runs: Sequence[str] | None = None,
    ) -> None:
        """Let workers do the same work at the same time, on the last two runs or those given."""
        self.books.faults.extend(faults)
        runs = [*(self.runs[-2:] if runs is None else runs)]
        running: dict[Worker, asyncio.Task[Any]] = {}
        for last, stalls in endings:
            worker = Worker(last, stalls)
            running[worker] = asyncio.create_task(self._run_worker(worker, runs, work))
        for worker, task in running.items():
            await worker.halted.wait()
            self.seen[_describe_end(worker)] += 1
            if worker.has_stalled:
                self.stalled[worker] = task
            else:
                await task
        self.books.faults.clear()

    async def _run_worker(self, worker: Worker, runs: Iterable[str], work: Any) -> None:
        store = await self.stores.take()
        target = await self.books.open_target(store)
        current_worker.set(worker)
        try:
            for run in runs:
                await work(store, run, WorkerBooks(self.books, target, worker))
        except KilledError:
            pass
        finally:
            worker.halted.set()
        self.stores.give_back(store)

    async def resume(self) -> None:
        for worker in self.stalled:
            worker.resumed.set()
        await asyncio.gather(*self.stalled.values())
        self.stalled.clear()

    async def commit(self) -> None:
        self.books.commit_late()

    async def release(self) -> None:
        """A person ends what may still book, and then says that nothing will be booked."""
        for worker in self.stalled:
            worker.is_dead = True
        await self.resume()
        self.books.drop_held()
        await self._release_all()

    async def mistake(self) -> None:
        """A person releases orders that the books carry out later."""
        for worker in self.stalled:
            worker.is_dead = True
        await self.resume()
        self.books.mistakes.update(each.external_id for each in self.books.held)
        await self._release_all()

    async def _release_all(self) -> None:
        for booking in await self.bookings():
            if booking.state in {State.UNKNOWN, State.DRAFTED, State.VOID_REQUESTED}:
                target = await self.books.open_target(self.store)
                await release_booking(
                    self.store, booking, target=target, by="Ann", reason="not coming"
                )

    async def agent(self, number: int, amount: str, way: str) -> None:
        invoice = [*self.books.invoices.values()][number]
        paid = sum((each.amount for each in self.books.live_payments(invoice.id)), Decimal(0))
        if TOTAL - paid < Decimal(amount) and way != "over":
            return
        day = DAY + timedelta(days=9) if way == "late" else DAY
        part = Decimal("10.00") if way == "split" else Decimal(0)
        for each in filter(None, (Decimal(amount) - part, part)):
            self.books.add_payment(invoice.id, each, day)

    async def elsewhere(self) -> None:
        """A line that waits is booked: by another store, or before a backup was restored."""
        if self.stalled or self.books.held:
            return
        listed = {each.id for each in self.source.payments if not each.is_voided}
        live = [each for each in self.books.payments.values() if not each.is_voided]
        ours = {self._money_of(each.external_id) for each in live if each.external_id}
        for booking in await self.bookings():
            line, money = booking.line, self._money_of(booking.line.external_id)
            waits = booking.state in {State.PROPOSED, State.APPROVED}
            others = self.books.live_payments(line.invoice_id)
            paid = sum((each.amount for each in others), line.amount)
            if waits and line.payment_id in listed and money not in ours and paid <= TOTAL:
                self.books.add_payment(line.invoice_id, line.amount, DAY, line.external_id)
                return

    async def void(self, number: int) -> None:
        for payment in self._live(number):
            self._voided_by_people.add(payment)
            self.books.change_payment(payment, voided_date=DAY)

    async def edit(self, number: int, what: str) -> None:
        for payment in self._live(number):
            self.books.change_payment(payment, **_EDITS[what])

    async def delete(self, number: int) -> None:
        for payment in self._live(number):
            self.books.delete_payment(payment)

    def _live(self, number: int) -> list[str]:
        live = [each.id for each in self.books.payments.values() if not each.is_voided]
        return live[number : number + 1]

    async def change(self, number: int) -> None:
        for payment in self.source.payments[number : number + 1]:
            self.source.payments[number] = attrs.evolve(payment, amount=Decimal("31.00"))

    async def renew(self, number: int) -> None:
        """The source gives a payment a new id, as if it was deleted and made again."""
        for payment in self.source.payments[number : number + 1]:
            new = f"{payment.id}x"
            self._renewed[new] = payment.id
            self.source.payments[number] = attrs.evolve(payment, id=new)

    async def forget(self, number: int) -> None:
        for payment in self.source.payments[number : number + 1]:
            self.source.payments[number] = attrs.evolve(payment, voided_date=DAY)

    async def follow(self) -> None:
        await self.sync()
        await follow_bookings(self.store, source_account=self.account)

    async def bookings(self) -> list[Booking]:
        """All bookings."""
        return await BookingJournal(self.store).read_batch("notify", self.account, None)

    async def check(self) -> list[Booking]:
        """Check what must be true after each step, and return all bookings."""
        bookings = await self.bookings()
        histories = await self._histories()
        for booking in bookings:
            key = booking.key.payment_id, booking.key.generation
            assert booking.step == len(histories[key]), booking
            assert booking.key.generation == 1 or booking.key.payment_id in self._rebooked, booking
            assert booking.state is replay(histories[key]), booking
        live = [each for each in self.books.payments.values() if not each.is_voided]
        ours = Counter(self._money_of(each.external_id) for each in live if each.external_id)
        for name in self.books.mistakes:
            ours.pop(self._money_of(name), None)
        assert set(ours.values()) <= {1}, f"live twice: {ours}"
        for payment in self.books.payments.values():
            if payment.is_voided and payment.external_id is None:
                assert payment.id in self._voided_by_people, f"voided {payment}"
        return bookings

    def _money_of(self, external_id: str) -> str:
        """The first id of the source's payment that an external id is for."""
        payment_id = external_id.split(":")[3]
        while payment_id in self._renewed:
            payment_id = self._renewed[payment_id]
        return payment_id

    async def _histories(self) -> dict[tuple[str, int], list[tuple[State | None, State]]]:
        table = booking_history.c
        columns = (table.payment_id, table.generation, table.before, table.after)
        select = (
            sa.select(*columns).where(table.source_account == self.account).order_by(table.step)
        )
        found: defaultdict[tuple[str, int], list[tuple[State | None, State]]] = defaultdict(list)
        async with get_database(self.store).transaction(writes=False) as connection:
            for payment_id, generation, before, after in await connection.execute(select):
                entry = None if before is None else State(before), State(after)
                found[payment_id, generation].append(entry)
        return found

    async def finish(self) -> None:
        """Let everything come to its end, and check that it is booked once or explained."""
        await self.resume()
        self.books.commit_late()
        await self.check()
        if len(self.source.payments) % 2:
            await self._work([(None, None)], (), self._apply, self.runs)
        await self.follow()
        await self._work([(None, None)], (), self._apply, self.runs)
        plan = await self.plan()
        bookings = await self.check()
        payments = [*self.books.payments.values()]
        for booking in bookings:
            self.seen[booking.state] += 1
            self._check_end(booking, payments)
        await self._check_totals(bookings)
        explained = {line.payment_id for line in plan.lines}
        explained |= {line.payment_id for line in plan.review}
        explained |= {each.key.payment_id for each in bookings if each.state in _EXPLAINED}
        outcomes = reconcile(self.source.payments, payments, days=BOOKS_POLICY.match_days)
        async with aclosing(outcomes):
            async for outcome in outcomes:
                if not outcome.status.is_difference:
                    explained |= {payment.id for payment in outcome.left}
        left = {each.id for each in self.source.payments if not each.is_voided} - explained
        assert not left, f"neither booked nor explained: {left}"

    def _check_end(self, booking: Booking, payments: Sequence[Payment]) -> None:
        """Check the state of a booking against the books, with nothing left to come."""
        own = [
            each
            for each in payments
            if each.external_id == booking.line.external_id and not each.is_voided
        ]
        assert booking.state not in {State.CLAIMED, State.SENT}, booking
        if booking.run in self.runs:
            assert booking.state is not State.APPROVED, booking
        if booking.state is State.BOOKED:
            assert [booking.line.amount] == [each.amount for each in own], booking
            assert tuple(each.id for each in own) == booking.payment_ids, booking
            double = self.books.doubles.get(booking.line.external_id)
            assert double not in payments, f"{booking} is booked by the agent too"
        elif booking.state not in {State.DIVERGED, State.VOID_REQUESTED}:
            assert not own, booking

    async def _check_totals(self, bookings: Iterable[Booking]) -> None:
        for invoice in self.books.invoices.values():
            live = self.books.live_payments(invoice.id)
            names = {each.external_id for each in live if each.external_id}
            ours = sum((each.amount for each in live if each.external_id), Decimal(0))
            assert ours <= TOTAL or names & self.books.mistakes, (
                f"paysdk alone has paid {ours} of invoice {invoice.number}"
            )
            paid = sum((each.amount for each in live), Decimal(0))
            if paid > TOTAL and not await self._is_in_balances(invoice, paid):
                # A void that a person orders afterwards, and that is not sent, replaces the reason.
                reasons = {
                    entry.details.get("reason")
                    for each in bookings
                    if each.line.invoice_id == invoice.id
                    for entry in await BookingJournal(self.store).history(each.key)
                }
                assert reasons & {"overpaid", "possible_duplicate"}, (reasons, bookings)

    async def _is_in_balances(self, invoice: TargetInvoice, paid: Decimal) -> bool:
        """Whether the balances name an invoice, or the source says nothing less of it."""
        said = [
            each.amount
            for each in self.source.payments
            if each.invoice.number == invoice.number and not each.is_voided
        ]
        if not said or sum(said, Decimal(0)) >= paid:
            return True
        target = await self.books.open_target(self.store)
        async with aclosing(
            compare_balances(
                self.store, target=target, source_account=self.account, target_account=self.account
            )
        ) as balances:
            return invoice.number in [each.number async for each in balances if not each.is_equal]

    async def undo_everything(self) -> None:
        """Check that the books are as if paysdk had never booked."""
        others = [each for each in self.books.payments.values() if each.external_id is None]
        await self._work([(None, None)], (), self._undo, self.runs)
        # Campfire's provider sends a void again only if a person releases the one before.
        await self.release()
        await self._work([(None, None)], (), self._undo, self.runs)
        bookings = await self.check()
        assert State.VOID_REQUESTED not in {each.state for each in bookings}
        live = [each for each in self.books.payments.values() if not each.is_voided]
        assert [each for each in others if not each.is_voided] == live


def _describe_end(worker: Worker) -> str:
    return "dead" if worker.is_dead else "stalled" if worker.has_stalled else "done"


async def run_histories(place: Callable[[Path], str], seeds: Sequence[int]) -> Counter[str]:
    """Run the history of each seed, and count what they met. *place* makes a database."""
    seen: Counter[str] = Counter()
    for start in range(0, len(seeds), _BATCH):
        with TemporaryDirectory(prefix="paysdk-", dir=_find_fast_folder()) as folder:
            async with AsyncExitStack() as stack:
                database = place(Path(folder))
                stack.enter_context(separate_processes())
                stores = await Stores.open(database, stack)
                for seed in seeds[start : start + _BATCH]:
                    seen += await run_history(stores, seed)
    return seen


async def run_history(stores: Stores, seed: int) -> Counter[str]:
    """Run one history, and count what it met. An error has a note with its seed and steps."""
    steps = make_steps(seed)
    try:
        async with asyncio.timeout(_SECONDS), AsyncExitStack() as stack:
            books = await CampfireBooks.open(stack, TOTAL) if is_over_http(seed) else make_books()
            history = History(stores, f"h{seed}-{random.getrandbits(32):x}", books)
            await history.run(steps)
    except (AssertionError, PaysdkError, TimeoutError) as error:
        error.add_note(f"seed {seed}: {steps}")
        raise
    if isinstance(books, CampfireBooks):
        history.seen["over HTTP"] += 1
    return history.seen


def is_over_http(seed: int) -> bool:
    """Whether the history of a seed runs over Campfire's sandbox: one in ten does."""
    return random.Random(f"books {seed}").randrange(10) == 0  # no secret


def make_books() -> Books:
    """Books in memory with three invoices."""
    books = Books()
    for number in range(3):
        books.add_invoice(f"A-{number}", TOTAL)
    return books


def _find_fast_folder() -> str | None:
    """A folder in memory, because each step of a booking waits for the disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # its own folder
