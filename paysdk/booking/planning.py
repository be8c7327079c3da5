"""Make a plan: find what is missing in the target, and check each payment without changing it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import attrs

from paysdk.booking.booking import Booking
from paysdk.booking.candidates import check_match, check_others, choose_generation, judge
from paysdk.booking.checks import find_wait
from paysdk.booking.following import find_unseen, follow_bookings
from paysdk.booking.journal import BookingJournal
from paysdk.booking.pair import Pair
from paysdk.booking.plan import BookingLine, BookingPlan
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.problem import Problem
from paysdk.booking.proposing import Candidate, add_preview, fit_lines, propose_lines
from paysdk.booking.reviewing import Review
from paysdk.booking.runs import BookingRuns
from paysdk.booking.source import (
    check_synced,
    read_accounts,
    read_feed_position,
    read_payments,
)
from paysdk.booking.targets import as_target, check_place
from paysdk.errors import ConfigurationError
from paysdk.payment import Payment
from paysdk.reconcile import Outcome, Rule, Status, Vanished, invoice_number, reconcile
from paysdk.sync.store import SQLPaymentStore
from paysdk.target import BookingAccount, BooksPayments

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Collection, Iterator, Sequence

__all__ = ["plan_bookings", "read_latest_plan"]

T = TypeVar("T")
U = TypeVar("U")

# How many invoices are looked up at the same time, and how many before anything is kept.
_CONCURRENCY, _BATCH = 8, 200


async def plan_bookings(
    store: SQLPaymentStore,
    *,
    target: object,
    source: str = "notify",
    policy: BookingPolicy | None = None,
    source_account: str = "default",
    target_account: str = "default",
    rebook: Collection[str] = (),
    by: str = "",
    today: date | None = None,
    on_checked: Callable[[int], object] | None = None,
) -> BookingPlan:
    """Plan the bookings of payments that *source* has and *target* has not. Nothing is booked.

    The store must have the payments of both accounts, synced just before. The bookings of the
    source's account are followed first, as ``follow_bookings`` does. *target* is a provider
    that can book, such as ``CampfireProvider``. Without *policy*, the policy of the last plan of
    these accounts is used. *rebook* are the ids of payments whose booking was voided, and that a
    person orders to book again. *by* is who plans. The plan, its policy and its lines are stored.
    Lines of an older plan that were not applied yet then belong to this one. *on_checked* is called
    from time to time with the number of candidates that were checked since the last call.

    Raises ``ConfigurationError`` if the target cannot book, if an account was never synced
    completely, if the source has no payment of *rebook*, if there is no policy, or if the target
    refuses its account. Raises what the target's look-ups raise. Nothing is stored then.
    """
    books = as_target(target)
    pair = Pair(source, source_account, books.name, target_account)
    await _check_input(store, pair, rebook)
    await check_place(store, target, books, target_account)
    runs = BookingRuns(store)
    used = policy or await runs.read_policy(pair)
    if used is None:
        raise ConfigurationError(await _describe_missing_policy(books))
    await books.check_account(BookingAccount(id=used.account_id, name=used.account_name))
    # Follow the bookings first. Then a booking that no longer agrees with the store is for review
    # instead of left out.
    await follow_bookings(store, source=source, source_account=source_account)
    journal = BookingJournal(store)
    planner = _Planner(
        store=store,
        target=books,
        pair=pair,
        policy=used,
        today=today or datetime.now(UTC).date(),
        rebook=frozenset(rebook),
        journal=journal,
        review=Review(target=books, pair=pair, policy=used, by=by, journal=journal),
        on_checked=on_checked or (lambda _: None),
    )
    plan = await planner.plan()
    await runs.propose(plan, by)
    return plan


async def read_latest_plan(
    store: SQLPaymentStore,
    *,
    target: str,
    source: str = "notify",
    source_account: str = "default",
    target_account: str = "default",
) -> BookingPlan | None:
    """Return the plan that was made last for these accounts, or ``None`` if there is none.

    *target* is the name of the provider. A plan that a job has made is read in this way.
    """
    pair = Pair(source, source_account, target, target_account)
    run = await BookingRuns(store).read_latest(pair)
    return None if run is None else run.plan


async def _check_input(store: SQLPaymentStore, pair: Pair, rebook: Collection[str]) -> None:
    """Raise ``ConfigurationError`` if nothing useful can come of a plan."""
    if (pair.source, pair.source_account) == (pair.target, pair.target_account):
        raise ConfigurationError(
            f"The source and the target are both {pair.source}, account {pair.source_account}. "
            "Name two accounts."
        )
    await check_synced(store, pair.source, pair.source_account)
    await check_synced(store, pair.target, pair.target_account)
    found = await read_payments(store, pair.source, pair.source_account, rebook)
    if missing := sorted(set(rebook) - {each.payment.id for each in found}):
        raise ConfigurationError(
            f"{pair.source}, account {pair.source_account}, has no payment {', '.join(missing)} to "
            "book again."
        )


async def _describe_missing_policy(target: BooksPayments) -> str:
    account = await target.suggest_account()
    suggestion = (
        ""
        if account is None
        else f" {target.name} suggests the clearing account {account.id} ({account.name}). Do not "
        "use the bank account: the bank feed brings the same money again."
    )
    return (
        "There is no policy for these accounts yet. Give one: BookingPolicy(currency=…, entity=…, "
        f"account_id=…, account_name=…, since=…, max_amount=…), or a TOML file.{suggestion}"
    )


@attrs.define(kw_only=True)
class _Planner:
    """Collects the lines of one plan."""

    store: SQLPaymentStore
    target: BooksPayments
    pair: Pair
    policy: BookingPolicy
    today: date
    rebook: frozenset[str]
    journal: BookingJournal
    review: Review
    on_checked: Callable[[int], object]
    lines: list[BookingLine] = attrs.field(factory=list[BookingLine])
    # The numbers that several invoices of the source have.
    shared: set[str] = attrs.field(factory=set[str])
    # The other accounts of the source in the store.
    neighbours: frozenset[str] = frozenset()
    waiting: list[Booking] = attrs.field(factory=list[Booking])  # Their outcome is not known.
    # The differences that have payments of the target, by invoice number.
    others: defaultdict[str, list[Outcome]] = attrs.field(factory=lambda: defaultdict(list))

    async def plan(self) -> BookingPlan:
        """Reconcile, check the candidates, and return the plan."""
        # The plan may not compare a payment that a sync stores from now on.
        made_at, position = datetime.now(UTC), await read_feed_position(self.store)
        # A booked payment may have been deleted before a sync saw it. Another may match now.
        await _map_concurrently(self.review.look_up, await find_unseen(self.store, self.pair))
        accounts = await read_accounts(self.store, self.pair.source)
        self.neighbours = accounts - {self.pair.source_account}
        groups: defaultdict[str, list[tuple[Payment, Rule]]] = defaultdict(list)
        self.waiting = await self.journal.read_open(self.pair.target, self.pair.target_account)
        last = ""
        async with aclosing(self._reconcile()) as outcomes:
            async for outcome in outcomes:
                if (number := outcome.key or "") != last:
                    # Millions of payments may be only in the target. Without a candidate of the
                    # same invoice they are not needed.
                    if last not in groups:
                        self.others.pop(last, None)
                    last = number
                # Candidates of one invoice come one after the other.
                if len(groups) >= _BATCH and number not in groups:
                    await self._check_groups(groups)
                    groups.clear()
                    self.others.clear()
                for payment in self._sort_out(outcome):
                    groups[number].append((payment, outcome.rule))
        await self._check_groups(groups)
        return BookingPlan(
            source=self.pair.source,
            source_account=self.pair.source_account,
            target=self.pair.target,
            target_account=self.pair.target_account,
            made_at=made_at,
            policy=self.policy,
            lines=tuple(self.lines),
            review=await self.review.finish(),
            left_out=dict(sorted(self.review.left_out.items())),
            feed_position=position,
        )

    def _reconcile(self) -> AsyncGenerator[Outcome]:
        def key(payment: Payment) -> str | None:
            number = invoice_number(payment)
            if payment.provider != self.pair.source:
                return number
            return self.policy.map_number(number)

        return reconcile(
            self._read_source(),
            _read_side(self.store, self.pair.target, self.pair.target_account),
            days=self.policy.match_days,
            key=key,
            ordered=True,
        )

    async def _read_source(self) -> AsyncGenerator[Payment | Vanished]:
        """Read the source's payments, and note the numbers that several of its invoices have."""
        number, invoice_id = None, None
        side = _read_side(self.store, self.pair.source, self.pair.source_account)
        async with aclosing(side) as entries:
            async for entry in entries:
                if isinstance(entry, Payment) and not entry.is_voided:
                    before, invoice = (number, invoice_id), entry.invoice
                    number, invoice_id = self.policy.map_number(invoice_number(entry)), invoice.id
                    if number is not None and before[0] == number and before[1] != invoice_id:
                        self.shared.add(number)
                yield entry

    def _sort_out(self, outcome: Outcome) -> Iterator[Payment]:
        """The payments of an outcome that may be booked. The others are for review or left out."""
        if outcome.status is Status.MATCHED:
            if self.neighbours:
                self._check_match(outcome)
            return
        if not outcome.status.is_difference:
            return
        if outcome.status is not Status.LEFT_ONLY:
            self.others[outcome.key or ""].append(outcome)
        if outcome.status is Status.RIGHT_ONLY:
            self.review.left_out["only_in_target"] += len(outcome.right)
            return
        for payment in outcome.left:
            found = judge(payment, outcome, self.policy, today=self.today, rebook=self.rebook)
            if isinstance(found, Rule):
                yield payment
            else:
                self.review.note(payment, found)

    def _check_match(self, outcome: Outcome) -> None:
        problem = check_match(outcome, self.pair.source, self.neighbours)
        if problem is None:
            return
        for payment in outcome.left:
            if find_wait(payment, self.policy, self.today) is None:
                self.review.note(payment, problem)

    async def _check_groups(self, groups: dict[str, list[tuple[Payment, Rule]]]) -> None:
        """Look up the invoices of some candidates, and propose the lines that pass the checks."""
        chosen = await self._choose(groups)
        found = await _map_concurrently(self.target.find_invoices, list(chosen))
        proposed = [
            entry
            for (number, candidates), invoices in zip(chosen.items(), found, strict=True)
            for entry in propose_lines(self.pair, self.policy, number, invoices, candidates)
        ]
        previewed = iter(await _map_concurrently(self._preview, proposed))
        for candidates, invoices in zip(chosen.values(), found, strict=True):
            entries = islice(previewed, len(candidates))
            fitted = fit_lines(invoices, entries, others=self.waiting)
            for candidate, entry in zip(candidates, fitted, strict=True):
                if isinstance(entry, Problem):
                    self.review.note(candidate.payment, entry)
                else:
                    self.lines.append(entry)
        self.on_checked(sum(map(len, groups.values())))

    async def _choose(
        self, groups: dict[str, list[tuple[Payment, Rule]]]
    ) -> dict[str, list[Candidate]]:
        """The candidates of each invoice number that have no booking yet, or may have another."""
        ids = [payment.id for group in groups.values() for payment, _ in group]
        known = await self.journal.find(self.pair.source, self.pair.source_account, ids)
        chosen: defaultdict[str, list[Candidate]] = defaultdict(list)
        for number, group in groups.items():
            for payment, rule in group:
                generation = check_others(rule, self.others[number]) or choose_generation(
                    payment,
                    known.get(payment.id),
                    self.pair,
                    self.policy,
                    rebook=self.rebook,
                    rule=rule,
                )
                if isinstance(generation, int) and number in self.shared:
                    generation = Problem(
                        "several_invoices",
                        f"The source has several invoices with the number {number}. It is unclear "
                        "which of them the target has.",
                    )
                if isinstance(generation, int):
                    chosen[number].append(Candidate(payment, rule, generation))
                else:
                    self.review.note(payment, generation)
        return chosen

    async def _preview(self, entry: BookingLine | Problem) -> BookingLine | Problem:
        if isinstance(entry, Problem) or not self.target.capabilities.previews:
            return entry
        return add_preview(entry, await self.target.preview(entry.to_order(self.policy)))


async def _read_side(
    store: SQLPaymentStore, provider: str, account: str
) -> AsyncGenerator[Payment | Vanished]:
    async with aclosing(store.stored(provider=provider, account=account)) as payments:
        async for stored in payments:
            yield stored.payment if stored.vanished_at is None else Vanished(stored.payment)


async def _map_concurrently(work: Callable[[T], Awaitable[U]], items: Sequence[T]) -> list[U]:
    """Return the results in order. The first error cancels the rest, and is raised."""
    limit = asyncio.Semaphore(_CONCURRENCY)

    async def run(item: T) -> U:
        async with limit:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(run(item)) for item in items]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in running]
