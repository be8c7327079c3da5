"""Decide which pass over a provider's payments comes next, and what state it leaves: pure.

Syncs and ``follow_payments`` have the same rules.

A full pass lists everything, and at its end shows which payments vanished. An incremental pass
lists what was modified since the watermark, minus an overlap. The watermark is a time by the
provider's clock. It moves only when a pass is complete.

A record that was set aside waits. The next pass lists from that record's time. If the time is not
known, it lists from where this pass started.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PassKind",
    "PassState",
    "begin_pass",
    "complete_pass",
    "drop_pass",
    "listing_start",
    "note_page",
    "public_watermark",
    "restart_pass",
    "set_aside",
]

PassKind: TypeAlias = Literal["full", "incremental"]

# Two days after the first time, because a database may return it in any zone.
_FIRST_MOMENT = datetime(1, 1, 3, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class PassState:
    """The state between two pages, or between two passes.

    ``kind`` is the kind of the current pass, and ``None`` between passes. ``latest`` is the largest
    time that the pass has seen, of those by which the provider lists. ``malformed`` counts the
    records that it set aside. ``since`` is the time from which it lists, and ``None`` if it lists
    everything. ``oldest_malformed`` is the time of the oldest record that it set aside, and
    ``None`` if that is not known. ``waiting_since`` comes from the last complete pass: the next one
    lists from that time or earlier.
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


def begin_pass(state: PassState, *, incremental: bool, full: bool, now: datetime) -> PassState:
    """Return the pass to continue, or the next one.

    *incremental* says whether the provider can list by time of modification. *full* asks for a new
    full pass.
    """
    if state.kind is not None and not full and (incremental or state.kind == "full"):
        return state
    return restart_pass(
        state, "full" if full or not incremental or state.watermark is None else "incremental", now
    )


def restart_pass(state: PassState, kind: PassKind | None, now: datetime) -> PassState:
    """Return a new pass.

    Its number is new, so what an unfinished pass saw does not count as seen.
    """
    return attrs.evolve(drop_pass(state), number=state.number + 1, kind=kind, started_at=now)


def drop_pass(state: PassState) -> PassState:
    """End the current pass, and restore the state from before it began."""
    return PassState(
        number=state.number,
        watermark=state.watermark,
        waiting_since=state.waiting_since,
    )


def listing_start(state: PassState, overlap: float) -> datetime | None:
    """Return the time from which the pass lists, or ``None`` if it lists everything.

    *overlap* is in seconds.
    """
    if state.kind == "full" or state.watermark is None:
        return None
    try:
        since = state.watermark - timedelta(seconds=overlap)
    except OverflowError:
        return _FIRST_MOMENT
    return since if state.waiting_since is None else min(since, state.waiting_since)


def set_aside(state: PassState, malformed: int, oldest: datetime | None) -> PassState:
    """Count *malformed* more records as set aside. The first of them was modified at *oldest*."""
    if state.malformed and malformed:
        known = state.oldest_malformed
        oldest = None if oldest is None or known is None else min(oldest, known)
    elif not malformed:
        oldest = state.oldest_malformed
    return attrs.evolve(state, malformed=state.malformed + malformed, oldest_malformed=oldest)


def note_page(state: PassState, times: Iterable[datetime | None]) -> PassState:
    """Count the payments with these times as seen."""
    latest = max((time for time in times if time is not None), default=state.latest)
    if latest is not None and state.latest is not None:
        latest = max(latest, state.latest)
    return attrs.evolve(state, latest=latest)


def complete_pass(state: PassState) -> PassState:
    """End the pass, and move the watermark.

    The watermark is never later than the start of the pass by our own clock. Otherwise a record
    with a time in the future, or a change during a long pass, would count as seen. If our clock is
    slow, some records are only listed again.

    While a record waits that only a full listing is sure to return, the watermark is ``None``.
    """
    seen = state.latest
    if seen is not None and state.started_at is not None:
        seen = min(seen, state.started_at)
    if state.kind == "incremental" and state.watermark is not None:
        seen = state.watermark if seen is None else max(seen, state.watermark)
    waiting = _waiting_since(state)
    if state.malformed and waiting is None:
        seen = None
    return PassState(number=state.number, watermark=seen, waiting_since=waiting)


def _waiting_since(state: PassState) -> datetime | None:
    """Return the time from which the next pass must list to get every record that was set aside."""
    oldest, since = state.oldest_malformed, state.since
    if not state.malformed:
        return None
    # A time in the future must be wrong.
    if oldest is None or (state.started_at is not None and oldest > state.started_at):
        return since
    # The listing of this pass returned the record. One from the same time returns it again.
    return oldest if since is None else max(oldest, since)


def public_watermark(state: PassState) -> datetime | None:
    """Return the watermark for the report, which is never later than a record that waits."""
    if state.watermark is None or state.waiting_since is None:
        return state.watermark
    return min(state.watermark, state.waiting_since)
