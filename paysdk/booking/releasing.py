"""Release an order or a void whose outcome is unknown. A person does this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.arguments import check_not_blank
from paysdk.booking.following import was_followed
from paysdk.booking.journal import BookingJournal
from paysdk.booking.looking import Lookup
from paysdk.booking.runs import BookingRuns
from paysdk.booking.sending import describe
from paysdk.booking.states import State
from paysdk.booking.targets import as_target, check_place
from paysdk.booking.verifying import check_booked
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paysdk.booking.booking import Booking, HistoryEntry
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["RELEASABLE", "release_booking"]

_ORDERS = frozenset({State.UNKNOWN, State.DRAFTED})
# A person may release bookings in these states.
RELEASABLE = _ORDERS | {State.VOID_REQUESTED}


async def release_booking(
    store: SQLPaymentStore, booking: Booking, *, target: object, by: str, reason: str
) -> Booking:
    """Let an order or a void be sent again, because *by* is certain that the first one will fail.

    The booking must be ``unknown``, ``drafted`` or ``void_requested``. It is looked up first: if
    the order is found or the payment is voided, nothing is released. Nothing is sent.

    Returns the booking in its new state. A released order is ``approved``, so the next
    ``apply_bookings`` sends it again. A booking whose void is released is as it was before the
    void, ``booked`` or ``diverged``, so the next ``undo_bookings`` voids its payment. If that
    payment was changed meanwhile, the booking is ``diverged``. Raises ``ConfigurationError`` if it
    is in another state, or if another worker has it.
    """
    check_not_blank("by", by)
    check_not_blank("reason", reason)
    if booking.state not in RELEASABLE:
        raise ConfigurationError(
            f"The booking of payment {booking.key.payment_id} is {booking.state}. Only one that is "
            "unknown, drafted or void_requested can be released."
        )
    books = as_target(target)
    policy = (await BookingRuns(store).read(booking.run)).plan.policy
    await check_place(store, target, books, booking.target_account)
    journal = BookingJournal(store)
    lookup = Lookup(target=books, policy=policy, journal=journal, rest=0, by=by)
    details = {"by": by, "why": reason}
    if booking.state in _ORDERS:
        return await _release_order(lookup, booking, details)
    return await _release_void(lookup, booking, details)


async def _release_order(lookup: Lookup, booking: Booking, details: Mapping[str, str]) -> Booking:
    found = await lookup.settle(booking)
    if found is not None and found.state not in _ORDERS:
        return found
    taken = await _take(lookup.journal, booking if found is None else found)
    await lookup.target.release(taken.line.to_order(lookup.policy))
    return await lookup.journal.move(taken, State.APPROVED, details)


async def _release_void(lookup: Lookup, booking: Booking, details: Mapping[str, str]) -> Booking:
    taken = await _take(lookup.journal, booking)
    own, _ = await lookup.find_or_free(taken)
    live = [payment for payment in own if not payment.is_voided]
    if own and not live:
        return await lookup.journal.move(taken, State.VOIDED, details)
    for payment in live:
        await lookup.target.release_void(payment.invoice.id, payment.id)
    problem = check_booked(taken.line, own)
    if problem is not None:
        return await lookup.journal.move(taken, State.DIVERGED, describe(problem, **details))
    before = _find_before_void(await lookup.journal.history(taken.key))
    if was_followed(before.details):
        # The next sync says whether it still differs.
        return await lookup.journal.move(taken, State.BOOKED, details)
    return await lookup.journal.move(taken, before.after, {**before.details, **details})


def _find_before_void(history: Sequence[HistoryEntry]) -> HistoryEntry:
    """The step that led to the state before the first void, such as an overpayment."""
    return next(
        entry
        for entry in reversed(history)
        if entry.after is not State.VOID_REQUESTED and entry.details.get("reason") != "void_refused"
    )


async def _take(journal: BookingJournal, booking: Booking) -> Booking:
    taken = await journal.take(booking)
    if taken is None:
        raise ConfigurationError(
            f"Another worker has the booking of payment {booking.key.payment_id}. Try again later."
        )
    return taken
