"""Follow bookings after a sync: adopt payments that turned up, and find what has diverged.

Nothing is sent. The store's payments may be older than a booking. So a fact counts only if no older
record can show it wrongly: a payment is there, was voided, was edited, or has vanished.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING

import attrs

from paysdk.booking.checks import check_source
from paysdk.booking.errors import BookingTakenError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.problem import Problem
from paysdk.booking.sending import describe
from paysdk.booking.source import read_named, read_payments
from paysdk.booking.states import MAY_BE_BOOKED, State
from paysdk.booking.verifying import check_booked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paysdk.booking.booking import Booking
    from paysdk.booking.pair import Pair
    from paysdk.payment import Payment
    from paysdk.sync.store import SQLPaymentStore, StoredPayment

__all__ = ["FollowReport", "Verdict", "find_unseen", "follow_bookings", "judge", "was_followed"]

_WAITING = frozenset({State.UNKNOWN, State.DRAFTED, State.SENT})
_FINISHED = frozenset({State.BOOKED, State.DIVERGED})
# A line is in these states if paysdk holds that it is not booked. The target decides: after a
# restored backup, or if another store has booked the payment, the line may be booked already.
_NOT_BOOKED = frozenset({State.PROPOSED, State.APPROVED, State.REFUSED, State.SKIPPED})
_FOLLOWED = _WAITING | _FINISHED | _NOT_BOOKED | {State.VOIDED}
# The payments of bookings in these states may be live, even if no sync has seen them.
_MAY_BE_LIVE = MAY_BE_BOOKED | {State.BOOKED}
_LIVE_AGAIN = "live_again"
# Who wrote a step, in the history.
_BY = "sync"


@attrs.frozen(kw_only=True)
class FollowReport:
    """What following found.

    ``adopted`` counts the orders that turned up in the sync: those without a known outcome, and
    those that seemed to be refused, skipped or not sent yet. ``diverged`` counts the bookings that
    diverged since the last time, by reason. ``healed`` counts those that agree again.
    """

    adopted: int = 0
    diverged: Mapping[str, int] = attrs.field(factory=dict[str, int])
    healed: int = 0


@attrs.frozen
class Verdict:
    """The state that a booking gets, why, and its payments in the target."""

    state: State
    problem: Problem | None
    payment_ids: tuple[str, ...]


def judge(
    booking: Booking,
    own: Sequence[StoredPayment],
    source: StoredPayment | None,
    others: Sequence[Booking] = (),
) -> Verdict | None:
    """Say what stored payments mean for a booking, or ``None`` if they change nothing. Pure.

    The booking is not being sent or undone. *own* are its payments in the target, and *source* is
    the payment that it books. *others* are the bookings of the same payment in other generations
    that may be live.
    """
    verdict = _judge_alone(booking, own, source)
    state = booking.state if verdict is None else verdict.state
    if not others or not own or state is not State.BOOKED:
        return verdict
    ids = tuple(each.payment.id for each in own)
    shown = ", ".join(each.payment.id for each in own if _is_live(each))
    names = ", ".join(each.line.external_id for each in others)
    problem = Problem(
        "booked_twice",
        f"The payment {shown} is live, and the same money was also booked with the "
        f"external id {names}. Undo one of these bookings.",
    )
    return _diverge(booking, problem, ids)


def _diverge(booking: Booking, problem: Problem, ids: tuple[str, ...]) -> Verdict | None:
    """The verdict that a booking has a problem, or ``None`` if it says so already. Pure."""
    if (booking.reason, booking.sentence) == (problem.reason, problem.sentence):
        return None
    return Verdict(State.DIVERGED, problem, ids)


def _judge_alone(
    booking: Booking, own: Sequence[StoredPayment], source: StoredPayment | None
) -> Verdict | None:
    """Say what stored payments mean for a booking without its other generations. Pure."""
    payments = [each.payment for each in own if each.vanished_at is None]
    if booking.state is State.VOIDED or booking.reason == _LIVE_AGAIN:
        return _judge_voided(booking, payments)
    ids = tuple(each.payment.id for each in own) or booking.payment_ids
    if booking.state in _FINISHED:
        return _judge_finished(booking, payments if own else None, ids, source)
    # If a line seems to be not booked, only a live payment shows that it was booked.
    if not payments or (booking.state in _NOT_BOOKED and all(each.is_voided for each in payments)):
        return None
    problem = check_booked(booking.line, payments)
    return Verdict(State.BOOKED if problem is None else State.DIVERGED, problem, ids)


def _judge_finished(
    booking: Booking,
    payments: Sequence[Payment] | None,
    ids: tuple[str, ...],
    source: StoredPayment | None,
) -> Verdict | None:
    """Say whether a booked or diverged booking agrees. *payments* are ``None`` if none is stored.

    Pure.
    """
    problem = (None if payments is None else check_booked(booking.line, payments)) or _check_source(
        booking, source
    )
    if problem is not None:
        known = booking.state is State.DIVERGED and not was_followed(booking.details)
        return None if known else _diverge(booking, problem, ids)
    if booking.state is State.DIVERGED and was_followed(booking.details):
        return Verdict(State.BOOKED, None, ids)
    return None


def _judge_voided(booking: Booking, payments: Sequence[Payment]) -> Verdict | None:
    """Say whether a voided booking has a live payment now. Pure."""
    known = booking.payment_ids
    live = [
        payment
        for payment in payments
        if not payment.is_voided and (payment.id not in known or _is_after(payment, booking))
    ]
    ids = (*known, *(each.id for each in live if each.id not in known))
    if not live:
        return None if booking.state is State.VOIDED else Verdict(State.VOIDED, None, ids)
    shown = ", ".join(payment.id for payment in live)
    problem = Problem(
        _LIVE_AGAIN,
        f"The booking was voided, and its payment {shown} is live in the target. If it must not "
        "be, undo this booking again.",
    )
    return _diverge(booking, problem, ids)


def _is_after(payment: Payment, booking: Booking) -> bool:
    """Whether the target has changed a payment since. An older copy may show it before its void."""
    return booking.state is not State.VOIDED or (
        payment.modified_at is not None and payment.modified_at > booking.since
    )


def _check_source(booking: Booking, source: StoredPayment | None) -> Problem | None:
    problem = check_source(booking.line, _live(source))
    if problem is None:
        return None
    return attrs.evolve(
        problem, sentence=f"{problem.sentence} If the source is right, undo this booking."
    )


def _live(stored: StoredPayment | None) -> Payment | None:
    return None if stored is None or stored.vanished_at is not None else stored.payment


def was_followed(details: Mapping[str, object]) -> bool:
    """Whether the store's payments showed the divergence, so that they can also show its end."""
    return details.get("by") == _BY


async def follow_bookings(
    store: SQLPaymentStore, *, source: str = "notify", source_account: str = "default"
) -> FollowReport:
    """Compare all bookings of an account with the store's payments. Call it after each sync.

    A booking that diverged is never booked again by itself. A booking that another worker has is
    left for the next time.
    """
    journal = BookingJournal(store)
    counts: Counter[str] = Counter()
    diverged: Counter[str] = Counter()
    async for batch in _read_batches(journal, source, source_account):
        sources = await read_payments(
            store, source, source_account, {each.key.payment_id for each in batch}
        )
        by_id = {each.payment.id: each for each in sources}
        found = await _find_own(store, batch)
        live: defaultdict[str, list[Booking]] = defaultdict(list)
        for booking, own in found:
            if _may_be_live(booking, own):
                live[booking.key.payment_id].append(booking)
        for booking, own in found:
            if booking.state not in _FOLLOWED:
                continue
            payment_id = booking.key.payment_id
            others = [each for each in live[payment_id] if each is not booking]
            verdict = judge(booking, own, by_id.get(payment_id), others)
            if verdict is None or not await _record(journal, booking, verdict):
                continue
            if verdict.problem is not None:
                diverged[verdict.problem.reason] += 1
            else:
                counts["healed" if booking.state is State.DIVERGED else "adopted"] += 1
    return FollowReport(
        adopted=counts["adopted"], healed=counts["healed"], diverged=dict(sorted(diverged.items()))
    )


def _may_be_live(booking: Booking, own: Sequence[StoredPayment]) -> bool:
    if booking.state is State.VOIDED:
        return False  # An older copy of its payment says nothing.
    if not own:
        return booking.state in _MAY_BE_LIVE
    return any(map(_is_live, own))


def _is_live(stored: StoredPayment) -> bool:
    return stored.vanished_at is None and not stored.payment.is_voided


async def find_unseen(store: SQLPaymentStore, pair: Pair) -> list[Booking]:
    """Return the booked bookings of two accounts whose payments the store does not have.

    No sync came after them, or their payments were deleted before a sync saw them.
    """
    unseen: list[Booking] = []
    async for batch in _read_batches(BookingJournal(store), pair.source, pair.source_account):
        booked = [
            each
            for each in batch
            if each.state is State.BOOKED
            and (each.target, each.target_account) == (pair.target, pair.target_account)
        ]
        unseen += [booking for booking, own in await _find_own(store, booked) if not own]
    return unseen


async def _read_batches(
    journal: BookingJournal, source: str, source_account: str
) -> AsyncGenerator[list[Booking]]:
    after: str | None = None
    while batch := await journal.read_batch(source, source_account, after):
        after = batch[-1].key.payment_id
        yield batch


async def _find_own(
    store: SQLPaymentStore, bookings: Iterable[Booking]
) -> list[tuple[Booking, list[StoredPayment]]]:
    """Each booking with its stored payments: by their ids, and by the external id.

    A payment under the external id that the booking does not know is a second one: an order that
    was released and then booked, or that another store has sent.
    """
    places: defaultdict[tuple[str, str], list[Booking]] = defaultdict(list)
    for booking in bookings:
        places[booking.target, booking.target_account].append(booking)
    found: list[tuple[Booking, list[StoredPayment]]] = []
    for (target, account), some in places.items():
        ids = {each for booking in some for each in booking.payment_ids}
        names = {booking.line.external_id for booking in some}
        named = await read_named(store, target, account, names)
        by_id = {each.payment.id: each for each in await read_payments(store, target, account, ids)}
        by_name: defaultdict[str | None, list[StoredPayment]] = defaultdict(list)
        for each in named:
            by_name[each.payment.external_id].append(each)
        for booking in some:
            own = {each: by_id[each] for each in booking.payment_ids if each in by_id}
            own |= {each.payment.id: each for each in by_name[booking.line.external_id]}
            found.append((booking, [*own.values()]))
    return found


async def _record(journal: BookingJournal, booking: Booking, verdict: Verdict) -> bool:
    taken = await journal.take(booking)
    if taken is None:
        return False
    # The store does not show the invoice, so the next apply looks at it.
    details = (
        {"by": _BY, "verified": False}
        if verdict.problem is None
        else describe(verdict.problem, by=_BY)
    )
    try:
        await journal.move(taken, verdict.state, details, payment_ids=verdict.payment_ids)
    except BookingTakenError:
        return False
    return True
