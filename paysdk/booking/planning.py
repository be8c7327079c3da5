"""Make a plan: find what is missing in the target, and check each payment without changing it."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import aclosing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from paysdk.booking.checks import (
    Problem,
    check_amount,
    check_invoice,
    check_invoices,
    check_payment,
    check_preview,
    find_wait,
)
from paysdk.booking.journal import BookingJournal
from paysdk.booking.names import make_name
from paysdk.booking.plan import BookingLine, BookingPlan, ReviewLine
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.runs import REPLANNABLE, BookingRuns, Pair
from paysdk.booking.states import State
from paysdk.booking.targets import as_target
from paysdk.errors import ConfigurationError
from paysdk.reconcile import RULES, Rule, Status, Vanished, invoice_number, reconcile
from paysdk.sync.store import SQLPaymentStore
from paysdk.target import BooksPayments

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence

    from paysdk.booking.booking import Booking
    from paysdk.payment import Payment
    from paysdk.reconcile import Outcome
    from paysdk.target import TargetInvoice

__all__ = ["plan_bookings"]

T = TypeVar("T")
U = TypeVar("U")

# Only a payment that one of these rules decided is booked. Every other difference is for review.
_CANDIDATES = frozenset({Rule.NOT_THERE, Rule.NONE_LEFT})
_COUNTERPART_GONE = frozenset({Rule.COUNTERPART_VOIDED, Rule.COUNTERPART_VANISHED})
# How many invoices are looked up at the same time, and how many before anything is kept.
_CONCURRENCY, _BATCH = 8, 200
# A person may order to book these again.
_REBOOKABLE = frozenset({"voided_in_target", "vanished_in_target"})


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
) -> BookingPlan:
    """Plan the bookings of payments that *source* has and *target* has not. Nothing is booked.

    The store must have the payments of both accounts, synced just before. *target* is a provider
    that can book, such as ``CampfireProvider``. Without *policy*, the policy of the last plan of
    these accounts is used. *rebook* are the ids of payments whose booking was voided, and that a
    person orders to book again. *by* is who plans. The plan, its policy and its lines are stored.
    Lines of an older plan that were not applied yet then belong to this one.

    Raises ``ConfigurationError`` if the target cannot book, or if there is no policy. Raises what
    the target's look-ups raise. Nothing is stored then.
    """
    books = as_target(target)
    pair = Pair(source, source_account, books.name, target_account)
    runs = BookingRuns(store)
    used = policy or await runs.read_policy(pair)
    if used is None:
        raise ConfigurationError(await _describe_missing_policy(books))
    planner = _Planner(
        store=store,
        target=books,
        pair=pair,
        policy=used,
        today=today or datetime.now(UTC).date(),
        rebook=frozenset(rebook),
        journal=BookingJournal(store),
    )
    plan = await planner.plan()
    await runs.propose(plan, by)
    return plan


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
    lines: list[BookingLine] = attrs.field(factory=list[BookingLine])
    review: list[ReviewLine] = attrs.field(factory=list[ReviewLine])
    left_out: Counter[str] = attrs.field(factory=Counter[str])

    async def plan(self) -> BookingPlan:
        """Reconcile, check the candidates, and return the plan."""
        groups: defaultdict[str, list[tuple[Payment, Rule]]] = defaultdict(list)
        outcomes = self._reconcile()
        async with aclosing(outcomes):
            async for outcome in outcomes:
                # Candidates of one invoice come one after the other.
                if len(groups) >= _BATCH and outcome.key not in groups:
                    await self._check_groups(groups)
                    groups.clear()
                for payment in self._sort_out(outcome):
                    groups[outcome.key or ""].append((payment, outcome.rule))
        await self._check_groups(groups)
        return BookingPlan(
            source=self.pair.source,
            source_account=self.pair.source_account,
            target=self.pair.target,
            target_account=self.pair.target_account,
            made_at=datetime.now(UTC),
            policy=self.policy,
            lines=tuple(self.lines),
            review=tuple(self.review),
            left_out=dict(sorted(self.left_out.items())),
        )

    def _reconcile(self) -> AsyncGenerator[Outcome]:
        def key(payment: Payment) -> str | None:
            number = invoice_number(payment)
            if payment.provider != self.pair.source:
                return number
            return self.policy.map_number(number)

        return reconcile(
            _read_side(self.store, self.pair.source, self.pair.source_account),
            _read_side(self.store, self.pair.target, self.pair.target_account),
            days=self.policy.match_days,
            key=key,
            ordered=True,
        )

    def _sort_out(self, outcome: Outcome) -> Iterable[Payment]:
        """The payments of an outcome that may be booked. The others are for review or left out."""
        if not outcome.status.is_difference:
            return
        if outcome.status is Status.RIGHT_ONLY:
            self.left_out["only_in_target"] += len(outcome.right)
            return
        for payment in outcome.left:
            if (wait := find_wait(payment, self.policy, self.today)) is not None:
                self.left_out[wait] += 1
            elif self._is_candidate(outcome, payment):
                yield payment
            else:
                self._review(payment, _explain(outcome))

    def _is_candidate(self, outcome: Outcome, payment: Payment) -> bool:
        if outcome.status is not Status.LEFT_ONLY:
            return False
        rebooked = payment.id in self.rebook and outcome.rule in _COUNTERPART_GONE
        return rebooked or outcome.rule in _CANDIDATES

    def _review(self, payment: Payment, problem: Problem) -> None:
        self.review.append(
            ReviewLine(
                side=self.pair.source,
                payment_id=payment.id,
                number=payment.invoice.number,
                amount=payment.amount,
                currency=payment.currency or self.policy.currency,
                payment_date=payment.payment_date,
                reason=problem.reason,
                sentence=problem.sentence,
                nearest=problem.nearest,
            )
        )

    async def _check_groups(self, groups: dict[str, list[tuple[Payment, Rule]]]) -> None:
        ids = [payment.id for group in groups.values() for payment, _ in group]
        known = await self.journal.find(self.pair.source, self.pair.source_account, ids)
        chosen = {
            number: [
                (payment, rule, generation)
                for payment, rule in group
                if (generation := self._choose_generation(payment, known.get(payment.id)))
            ]
            for number, group in groups.items()
        }
        numbers = [number for number, group in chosen.items() if group]
        found = await _map_concurrently(self.target.find_invoices, numbers)
        checked: list[tuple[Payment, BookingLine | Problem]] = []
        for number, invoices in zip(numbers, found, strict=True):
            checked += self._check_group(number, invoices, chosen[number])
        previewed = await _map_concurrently(self._preview, [entry for _, entry in checked])
        for (payment, _), entry in zip(checked, previewed, strict=True):
            if isinstance(entry, Problem):
                self._review(payment, entry)
            else:
                self.lines.append(entry)

    def _choose_generation(self, payment: Payment, known: Booking | None) -> int | None:
        """The generation to book, or ``None`` if the payment is not booked by this plan."""
        if (problem := check_payment(payment, self.policy)) is not None:
            self._review(payment, problem)
            return None
        if known is None:
            return 1
        if (known.target, known.target_account) != (self.pair.target, self.pair.target_account):
            what = f"It is booked in {known.target}, account {known.target_account}."
            self._review(payment, Problem("other_target", what))
            return None
        if known.state in REPLANNABLE:
            return known.key.generation
        gone = known.state is State.VOIDED or known.reason in _REBOOKABLE
        if gone and payment.id in self.rebook:
            return known.key.generation + 1
        if known.state.needs_person or known.state is State.VOIDED:
            what = known.sentence or f"Its booking is {known.state}."
            self._review(payment, Problem(known.state.value, what))
        else:
            self.left_out["booked" if known.state is State.BOOKED else "in_progress"] += 1
        return None

    def _check_group(
        self,
        number: str,
        invoices: Sequence[TargetInvoice],
        group: Iterable[tuple[Payment, Rule, int]],
    ) -> Iterable[tuple[Payment, BookingLine | Problem]]:
        """Check the payments of one invoice one after the other, as they would be booked."""
        planned = Decimal(0)
        for payment, rule, generation in group:
            problem = check_invoices(number, invoices)
            if problem is None:
                invoice = invoices[0]
                problem = check_invoice(
                    invoice, payment.invoice.total, self.policy
                ) or check_amount(payment.amount, invoice, planned)
                if problem is None:
                    planned += payment.amount
                    yield payment, self._make_line(payment, number, invoice, rule, generation)
                    continue
            yield payment, problem

    def _make_line(
        self, payment: Payment, number: str, invoice: TargetInvoice, rule: Rule, generation: int
    ) -> BookingLine:
        # The checks refuse a payment that lacks one of these.
        own_number = cast("str", payment.invoice.number)
        day = cast("date", payment.payment_date)
        total, due = cast("Decimal", payment.invoice.total), cast("Decimal", invoice.due)
        pair = self.pair
        return BookingLine(
            payment_id=payment.id,
            generation=generation,
            number=own_number,
            amount=payment.amount,
            currency=self.policy.currency,
            payment_date=day,
            external_id=make_name(pair.source, pair.source_account, payment.id, generation),
            invoice_id=invoice.id,
            invoice_number=number,
            client_name=invoice.client_name,
            total=total,
            balance=payment.invoice.balance,
            seen_due=due,
            seen_status=invoice.status,
            due_after=None,
            rule=RULES[rule],
        )

    async def _preview(self, entry: BookingLine | Problem) -> BookingLine | Problem:
        if isinstance(entry, Problem) or not self.target.capabilities.previews:
            return entry
        effect = await self.target.preview(entry.to_order(self.policy))
        problem = check_preview(entry.amount, entry.seen_due, effect)
        return problem or attrs.evolve(entry, due_after=effect.due_after)


def _explain(outcome: Outcome) -> Problem:
    others = "; ".join(
        f"{each.amount:f} of {each.payment_date}, {each.provider} payment {each.id}"
        for each in outcome.right
    )
    return Problem(outcome.rule.value, RULES[outcome.rule], others or None)


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
