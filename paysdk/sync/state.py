"""Which pass comes next and what it leads to: pure rules over what is remembered of an account.

A full pass lists everything, and at its end tells what has vanished. An incremental pass lists what
was modified since the watermark, less an overlap. The watermark is a time by the provider's clock,
and moves only when a pass is complete.

A record that was set aside waits: the next pass lists from its time on, or from where this pass did
if its time is not known.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from paysdk.arguments import check_int, check_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.payment import Payment

__all__ = [
    "PassKind",
    "SyncState",
    "VanishLimit",
    "after_page",
    "begin_pass",
    "complete_pass",
    "dropped",
    "modified_since",
    "reported_watermark",
    "restart_pass",
    "set_aside",
]

PassKind: TypeAlias = Literal["full", "incremental"]

# Two days late, so that it is a time in every zone: a database may give it back in any.
_FIRST_MOMENT = datetime(1, 1, 3, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class SyncState:
    """What is remembered of an account: ``kind`` is that of the pass under way, ``None`` between passes.

    ``latest`` is the largest ``modified_at`` that the pass has seen, ``malformed`` how many records
    were set aside in it. ``since`` is from when on the pass lists, ``None`` if it lists everything.
    ``oldest_malformed`` is the time of the oldest record that it has set aside, ``None`` if that is
    not known. ``waiting_since`` is the same of the last complete pass: the next one lists from
    there at the latest.
    """

    number: int = 0
    kind: PassKind | None = None
    started_at: datetime | None = None
    checkpoint: str | None = None
    latest: datetime | None = None
    malformed: int = 0
    watermark: datetime | None = None
    since: datetime | None = None
    oldest_malformed: datetime | None = None
    waiting_since: datetime | None = None


def _check_count(_: object, __: object, count: int) -> None:
    check_int("count", count, 0)


def _check_share(_: object, __: object, share: float) -> None:
    check_share("share", share)


@attrs.frozen(kw_only=True)
class VanishLimit:
    """How many payments may vanish in one full pass: *count*, or *share* of the stored ones if that is more.

    Raises ``ConfigurationError`` for a number that cannot be one.
    """

    count: int = attrs.field(default=10, validator=_check_count)
    share: float = attrs.field(default=0.2, validator=_check_share)


def begin_pass(state: SyncState, *, incremental: bool, full: bool, now: datetime) -> SyncState:
    """The pass to go on with, or the next one.

    *incremental* says whether the provider can list so, *full* whether a new full pass is asked
    for.
    """
    if state.kind is not None and not full and (incremental or state.kind == "full"):
        return state
    return restart_pass(
        state, "full" if full or not incremental or state.watermark is None else "incremental", now
    )


def restart_pass(state: SyncState, kind: PassKind | None, now: datetime) -> SyncState:
    """A new pass. It has a new number, so that what an unfinished one saw does not count as seen."""
    return attrs.evolve(dropped(state), number=state.number + 1, kind=kind, started_at=now)


def dropped(state: SyncState) -> SyncState:
    """No pass under way, and everything else as it was before this one began."""
    return SyncState(
        number=state.number,
        watermark=state.watermark,
        waiting_since=state.waiting_since,
    )


def modified_since(state: SyncState, overlap: float) -> datetime | None:
    """From when on the pass lists, *overlap* in seconds; ``None`` where it lists everything."""
    if state.kind == "full" or state.watermark is None:
        return None
    try:
        since = state.watermark - timedelta(seconds=overlap)
    except OverflowError:
        return _FIRST_MOMENT
    return since if state.waiting_since is None else min(since, state.waiting_since)


def set_aside(state: SyncState, malformed: int, oldest: datetime | None) -> SyncState:
    """The same pass, in which *malformed* more records were set aside, modified since *oldest*."""
    if state.malformed and malformed:
        known = state.oldest_malformed
        oldest = None if oldest is None or known is None else min(oldest, known)
    elif not malformed:
        oldest = state.oldest_malformed
    return attrs.evolve(state, malformed=state.malformed + malformed, oldest_malformed=oldest)


def after_page(state: SyncState, payments: Iterable[Payment]) -> SyncState:
    """The same pass, having seen these payments too."""
    latest = max(
        (payment.modified_at for payment in payments if payment.modified_at is not None),
        default=state.latest,
    )
    if latest is not None and state.latest is not None:
        latest = max(latest, state.latest)
    return attrs.evolve(state, latest=latest)


def complete_pass(state: SyncState) -> SyncState:
    """No pass under way, and the watermark where this one leads it.

    It is no later than the beginning of the pass by our own clock: what changes behind a long pass,
    and what claims to be of the future, must not be taken for seen. A clock that is slow costs only
    that something is listed again.

    While a record waits that only a listing of everything is sure to give, there is no watermark.
    """
    seen = state.latest
    if seen is not None and state.started_at is not None:
        seen = min(seen, state.started_at)
    if state.kind == "incremental" and state.watermark is not None:
        seen = state.watermark if seen is None else max(seen, state.watermark)
    waiting = _waiting_since(state)
    if state.malformed and waiting is None:
        seen = None
    return SyncState(number=state.number, watermark=seen, waiting_since=waiting)


def _waiting_since(state: SyncState) -> datetime | None:
    """From when on the next pass lists, so that it gives all that this one has set aside."""
    oldest, since = state.oldest_malformed, state.since
    if not state.malformed:
        return None
    # A time of the future is a wrong one.
    if oldest is None or (state.started_at is not None and oldest > state.started_at):
        return since
    # This pass was given the record from there on, and so is the next.
    return oldest if since is None else max(oldest, since)


def reported_watermark(state: SyncState) -> datetime | None:
    """The watermark as users see it: no later than any record that waits."""
    if state.watermark is None or state.waiting_since is None:
        return state.watermark
    return min(state.watermark, state.waiting_since)
