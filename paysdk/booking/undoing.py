"""Undo bookings: void their payments, and record it. Nothing is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import attrs

from paysdk.arguments import check_not_blank
from paysdk.booking.errors import BookingTakenError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.looking import Lookup
from paysdk.booking.problem import Problem
from paysdk.booking.runs import BookingRuns
from paysdk.booking.sending import describe, is_refusal
from paysdk.booking.states import State
from paysdk.booking.targets import as_target, check_place
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.target import BooksPayments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from paysdk.booking.booking import Booking, BookingKey
    from paysdk.payment import Payment
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["UndoReport", "undo_bookings"]

_UNDOABLE = frozenset({State.BOOKED, State.DIVERGED, State.VOID_REQUESTED})
_NOT_SENT = frozenset({State.PROPOSED, State.APPROVED})
_BEGUN = frozenset({State.CLAIMED, State.SENT})


@attrs.frozen(kw_only=True)
class UndoReport:
    """What an undo did. ``states`` counts the bookings by the state that they have now.

    ``failures`` has the message of each payment that could not be voided, by the payment of the
    source.
    """

    run: str
    states: Mapping[State, int]
    failures: Mapping[str, str]


async def undo_bookings(
    store: SQLPaymentStore,
    run: str,
    *,
    target: object,
    by: str,
    reason: str,
    payment_ids: Collection[str] | None = None,
    void_date: date | None = None,
    lease: float = 120.0,
    on_booking: Callable[[Booking], object] | None = None,
) -> UndoReport:
    """Undo a whole run, or the bookings of some payments of the source.

    Each live payment of a booking is voided, and never deleted. Lines that were not sent yet are
    left out. Orders whose outcome is unknown are left as they are: look them up first. A line that
    another worker is sending is also left as it is. It is among the failures, and may be booked
    afterwards. A voided payment is not booked again by itself. Call this again after anything that
    ended it. A second void of a payment changes nothing. *on_booking* is called with each booking
    that this call has tried to undo, as it was before.

    Raises ``ConfigurationError`` without a name and a reason, if the target cannot void, or if the
    run has no booking of one of *payment_ids*. Nothing is sent then.
    """
    check_not_blank("by", by)
    check_not_blank("reason", reason)
    books = as_target(target)
    if not books.capabilities.voids:
        raise ConfigurationError(
            f"{books.name} cannot void payments, so nothing can be undone there. Nothing was sent."
        )
    journal = BookingJournal(store, lease)
    plan = (await BookingRuns(store).read(run)).plan
    await check_place(store, target, books, plan.target_account)
    undo = _Undo(
        target=books,
        journal=journal,
        lookup=Lookup(target=books, policy=plan.policy, journal=journal, rest=0, by=by),
        details={"by": by, "why": reason},
        void_date=void_date,
    )
    if payment_ids is not None:
        _check_ids(payment_ids, await journal.read_run(run))

    async def read_chosen(wanted: Collection[State] | None = None) -> list[Booking]:
        return [
            each
            for each in await journal.read_run(run, wanted)
            if payment_ids is None or each.key.payment_id in payment_ids
        ]

    failures = await _undo_all(undo, read_chosen, on_booking or (lambda _: None))
    states: Counter[State] = Counter()
    for booking in await read_chosen():
        states[booking.state] += 1
        if booking.state is State.VOIDED:
            # Another worker has voided it meanwhile.
            failures.pop(booking.key.payment_id, None)
        if booking.state in _BEGUN:
            failures.setdefault(
                booking.key.payment_id,
                "Another worker is booking it. Undo it again when that has ended.",
            )
    return UndoReport(run=run, states=dict(sorted(states.items())), failures=failures)


async def _undo_all(
    undo: _Undo,
    read_chosen: Callable[[Collection[State]], Awaitable[list[Booking]]],
    on_booking: Callable[[Booking], object],
) -> dict[str, str]:
    """Undo each chosen booking once, and return the failures."""
    failures: dict[str, str] = {}
    # Workers that died have left these. They are approved, booked or unknown afterwards.
    for booking in await read_chosen(_BEGUN):
        await _try(undo.lookup.settle(booking), booking, failures)
    tried: set[BookingKey] = set()
    # Another worker may book more lines meanwhile.
    while todo := [
        each for each in await read_chosen(_UNDOABLE | _NOT_SENT) if each.key not in tried
    ]:
        for booking in todo:
            tried.add(booking.key)
            await _try(undo.undo(booking), booking, failures)
            on_booking(booking)
    return failures


async def _try(work: Awaitable[object], booking: Booking, failures: dict[str, str]) -> None:
    try:
        await work
    except PaysdkError as error:
        failures[booking.key.payment_id] = str(error)


def _check_ids(payment_ids: Collection[str], bookings: Sequence[Booking]) -> None:
    if missing := sorted(set(payment_ids) - {each.key.payment_id for each in bookings}):
        raise ConfigurationError(
            f"The run has no booking of payment {', '.join(missing)}. It is not in the plan, or a "
            "newer plan has taken it over. Nothing was sent."
        )


@attrs.define(kw_only=True)
class _Undo:
    """Undoes bookings for one reason."""

    target: BooksPayments
    journal: BookingJournal
    lookup: Lookup
    details: Mapping[str, str]
    void_date: date | None

    async def undo(self, booking: Booking) -> None:
        """Undo one booking. Raises what stopped it; the booking has the state it reached."""
        taken = await self.journal.take(booking)
        if taken is None:
            raise BookingTakenError("Another worker has this booking. Try again later.")
        if taken.state in _NOT_SENT:
            await self.journal.move(taken, State.SKIPPED, self.details)
            return
        # Everything is read before anything is changed.
        own, _ = await self.lookup.find_or_free(taken)
        if not own:
            problem = Problem("vanished_in_target", "The target does not show its payment.")
            details = describe(problem, **self.details)
            await self.journal.move(taken, State.DIVERGED, details)
            raise ConfigurationError(f"{problem.sentence} Nothing was voided.")
        details = {**self.details, "void_date": self.void_date}
        ids = [payment.id for payment in own]
        taken = await self.journal.move(
            taken, State.VOID_REQUESTED, details, payment_ids=ids, keep=True
        )
        await self._void(taken, _list_ours(taken, own))

    async def _void(self, booking: Booking, live: Sequence[Payment]) -> None:
        try:
            for payment in live:
                await self.target.void(payment.invoice.id, payment.id, self.void_date)
        except PaysdkError as error:
            if is_refusal(error):
                # The payment is still live, so a person must decide.
                problem = Problem("void_refused", str(error))
                await self.journal.move(booking, State.DIVERGED, describe(problem, **self.details))
            else:
                await self.journal.move(
                    booking,
                    State.VOID_REQUESTED,
                    describe(Problem("void_unknown", str(error)), **self.details),
                )
            raise
        own, _ = await self.lookup.find(booking)
        if left := _list_ours(booking, own):
            problem = Problem(
                "void_unknown",
                f"The payment {', '.join(each.id for each in left)} is not voided yet.",
            )
            await self.journal.move(
                booking, State.VOID_REQUESTED, describe(problem, **self.details)
            )
            return
        await self.journal.move(booking, State.VOIDED, self.details)


def _list_ours(booking: Booking, own: Sequence[Payment]) -> list[Payment]:
    """The live payments to void: those under the external id, or else those with the ids.

    A target that shows no external ids shows only ids. If one payment has the external id, a
    payment without it is somebody else's, and was taken for ours by mistake.
    """
    live = [payment for payment in own if not payment.is_voided]
    name = booking.line.external_id
    named = any(payment.external_id == name for payment in own)
    return [each for each in live if each.external_id == name] if named else live
