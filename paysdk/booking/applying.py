"""Apply an approved plan: book each line once, whatever fails and however many apply it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from paysdk.arguments import check_int, check_seconds
from paysdk.booking.errors import PlanRefusedError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.looking import OPEN, Lookup
from paysdk.booking.runs import BookingRuns
from paysdk.booking.sending import Sender
from paysdk.booking.states import State
from paysdk.booking.targets import as_target, check_place
from paysdk.booking.validity import check_age, check_sum
from paysdk.errors import PaysdkError
from paysdk.sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.booking.booking import Booking
    from paysdk.booking.runs import Run
    from paysdk.sync.store import SQLPaymentStore
    from paysdk.target import BooksPayments

__all__ = ["ApplyReport", "apply_bookings", "read_status"]


@attrs.frozen(kw_only=True)
class ApplyReport:
    """Where the lines of a run are.

    ``states`` counts them by state. ``stopped`` is the message of the error that stopped the run,
    or ``None``. The lines that were not booked then are still approved.
    """

    run: str
    states: Mapping[State, int]
    stopped: str | None = None

    @property
    def left(self) -> int:
        """How many lines are not finished, and need no person."""
        waiting = (State.APPROVED, State.CLAIMED, State.SENT, State.VOID_REQUESTED)
        return sum(self.states.get(state, 0) for state in waiting)

    @property
    def for_a_person(self) -> int:
        """How many lines need a person."""
        return sum(count for state, count in self.states.items() if state.needs_person)


async def apply_bookings(
    store: SQLPaymentStore,
    run: str,
    *,
    target: object,
    by: str = "",
    stop_after: int = 5,
    rest: float = 120.0,
    lease: float = 120.0,
    on_booking: Callable[[Booking], object] | None = None,
) -> ApplyReport:
    """Book the approved lines of a run. *run* is the digest of its plan.

    Call it again after anything that ended it: it continues, and books nothing twice. Any number
    of processes that share the store may apply the same run at the same time.

    Each line is checked again just before it is sent. An order whose outcome is unknown is looked
    up again when *rest* seconds have passed, and is never sent again until a person releases it.
    After *stop_after* failures in a row the run stops. A worker that stalls for *lease* seconds
    loses its line to another. *by* is who applies, for the history. *on_booking* is called with
    each line that this call has finished.

    Raises ``PlanRefusedError`` if the plan is unknown, not approved, too old, approved for less, or
    for another target. Nothing is sent then.
    """
    books = as_target(target)
    check_int("stop_after", stop_after, 1)
    check_seconds("rest", rest, allow_zero=True)
    journal = BookingJournal(store, check_seconds("lease", lease))
    found = await BookingRuns(store).read(run)
    _check_approval(found, books)
    await check_place(store, target, books, found.plan.target_account)
    policy = found.plan.policy
    lookup = Lookup(target=books, policy=policy, journal=journal, rest=rest, by=by)
    sender = Sender(
        store=store,
        target=books,
        policy=policy,
        feed_position=found.plan.feed_position,
        journal=journal,
        by=by,
    )
    stopped = await _settle_all(journal, lookup, run)
    approved = await journal.read_run(run, {State.APPROVED})
    if approved and stopped is None:
        check_age(found.plan)
        stopped = await _send_all(sender, approved, stop_after, on_booking)
    return attrs.evolve(await read_status(store, run), stopped=stopped)


async def read_status(store: SQLPaymentStore, run: str) -> ApplyReport:
    """Return where the lines of a run are. Nothing is sent.

    A line that a newer plan has taken over is not counted. Raises ``PlanRefusedError`` if the store
    does not have the plan.
    """
    await BookingRuns(store).read(run)
    bookings = await BookingJournal(store).read_run(run)
    states = Counter(booking.state for booking in bookings)
    return ApplyReport(run=run, states=dict(sorted(states.items())))


def _check_approval(run: Run, target: BooksPayments) -> None:
    if run.plan.target != target.name:
        raise PlanRefusedError(
            f"The plan is for {run.plan.target}, not for {target.name}. Nothing was sent."
        )
    if run.approval is None:
        raise PlanRefusedError(
            f"The plan {run.digest[:12]} is not approved. Look at it, and approve it. Nothing was "
            "sent."
        )
    check_sum(run.plan, run.approval)


async def _settle_all(journal: BookingJournal, lookup: Lookup, run: str) -> str | None:
    """Look up every open line. Returns the message of an error that ended this."""
    for booking in await journal.read_run(run, OPEN):
        try:
            await lookup.settle(booking)
        except PaysdkError as error:
            return str(error)
    return None


async def _send_all(
    sender: Sender,
    approved: list[Booking],
    stop_after: int,
    on_booking: Callable[[Booking], object] | None,
) -> str | None:
    """Send the lines. Returns the message of the last of too many failures in a row."""
    failures = 0
    for booking in approved:
        failure = None
        try:
            done = await sender.send(booking)
        except StoreError as error:
            # Without the database, no other line can be booked.
            return f"The run stopped, because the database failed. {error}"
        except PaysdkError as error:
            done, failure = None, str(error)
        if done is not None:
            if on_booking is not None:
                on_booking(done)
            if done.state is State.UNKNOWN or done.reason == "refused_by_target":
                failure = done.sentence
            else:
                failures = 0
        if failure is not None:
            failures += 1
            if failures >= stop_after:
                what = "A line" if failures == 1 else f"{failures} lines in a row"
                return f"{what} failed, so the run stopped. {failure}"
    return None
