"""Undo bookings: void their payments, and record it. Nothing is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import attrs

from paysdk.arguments import check_not_blank
from paysdk.booking.checks import Problem
from paysdk.booking.errors import BookingTakenError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.looking import Lookup
from paysdk.booking.runs import BookingRuns
from paysdk.booking.sending import describe, is_refusal
from paysdk.booking.states import State
from paysdk.booking.targets import as_target
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.target import BooksPayments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from paysdk.booking.booking import Booking
    from paysdk.payment import Payment
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["UndoReport", "undo_bookings"]

_UNDOABLE = frozenset({State.BOOKED, State.DIVERGED, State.VOID_REQUESTED})
_NOT_SENT = frozenset({State.PROPOSED, State.APPROVED})


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
    left out. Orders whose outcome is unknown are left as they are: look them up first. A voided
    payment is not booked again by itself. Call this again after anything that ended it. A second
    void of a payment changes nothing. *on_booking* is called with each booking that this call has
    tried to undo, as it was before.

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
    policy = (await BookingRuns(store).read(run)).plan.policy
    undo = _Undo(
        target=books,
        journal=journal,
        lookup=Lookup(target=books, policy=policy, journal=journal, rest=0, by=by),
        details={"by": by, "why": reason},
        void_date=void_date,
    )
    if payment_ids is not None:
        _check_ids(payment_ids, await journal.read_run(run))
    failures: dict[str, str] = {}
    for booking in await journal.read_run(run, _UNDOABLE | _NOT_SENT):
        if payment_ids is None or booking.key.payment_id in payment_ids:
            try:
                await undo.undo(booking)
            except PaysdkError as error:
                failures[booking.key.payment_id] = str(error)
            if on_booking is not None:
                on_booking(booking)
    states: Counter[State] = Counter()
    for booking in await journal.read_run(run):
        if payment_ids is None or booking.key.payment_id in payment_ids:
            states[booking.state] += 1
            if booking.state is State.VOIDED:
                # Another worker has voided it meanwhile.
                failures.pop(booking.key.payment_id, None)
    return UndoReport(run=run, states=dict(sorted(states.items())), failures=failures)


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
        await self._void(taken, [payment for payment in own if not payment.is_voided])

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
        left = [each for each in own if not each.is_voided]
        if left:
            problem = Problem(
                "void_unknown",
                f"The payment {', '.join(each.id for each in left)} is not voided yet.",
            )
            await self.journal.move(
                booking, State.VOID_REQUESTED, describe(problem, **self.details)
            )
            return
        await self.journal.move(booking, State.VOIDED, self.details)
