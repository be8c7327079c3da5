"""Where a follower is, and its checkpoint: pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import attrs
import msgspec

from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError
from paysdk.follow.known import KnownPayments, PackedPayments
from paysdk.passes import (
    PassState,
    begin_pass,
    complete_pass,
    listing_start,
    note_page,
    restart_pass,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.follow.known import FollowedKind
    from paysdk.passes import PassKind
    from paysdk.payment import Payment

__all__ = ["FollowPosition"]

# The checkpoint of a listing has its filters in this place. So neither accepts a checkpoint of the
# other.
_FILTERS = "follow_payments"
_VERSION = 1

_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class _WirePosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A ``FollowPosition`` in a checkpoint. The fields after ``first`` are those of its pass."""

    version: int
    incremental: bool
    learning: bool
    forgotten: _Moment | None
    first: _Moment | None
    is_running: bool
    started_at: _Moment | None
    checkpoint: str | None
    latest: _Moment | None
    watermark: _Moment | None
    since: _Moment | None
    known: PackedPayments


@attrs.define(kw_only=True)
class FollowPosition:
    """Where a follower is in its passes, and what it remembers of the payments that it saw.

    If ``incremental``, a pass lists what was modified since the watermark, less *overlap* seconds,
    and never what was modified before ``first``. Otherwise it lists everything. While it is
    ``learning``, nothing that it sees counts as a change. It does not remember a payment that it
    saw in the current pass and that was modified before ``forgotten``.
    """

    incremental: bool
    overlap: float
    known: KnownPayments
    state: PassState
    first: datetime | None = None
    learning: bool = False
    forgotten: datetime | None = None

    @classmethod
    def start(
        cls,
        first: datetime | None,
        now: datetime,
        *,
        incremental: bool,
        overlap: float,
        limit: int,
    ) -> FollowPosition:
        """The position of a follower that begins *now*, or with the changes since *first*."""
        return cls(
            incremental=incremental,
            overlap=overlap,
            known=KnownPayments(limit),
            state=PassState(watermark=first or now),
            first=first,
            learning=first is None,
        )

    def begin_pass(self, now: datetime) -> None:
        """Begin a pass, unless one is to be continued."""
        if self.state.kind is None:
            self._begin(begin_pass(self.state, incremental=self.incremental, full=False, now=now))

    def restart_pass(self, now: datetime) -> bool:
        """Begin the pass again. Returns false if changes would be found twice then."""
        if self.forgotten is not None:
            return False
        self._begin(restart_pass(self.state, self.state.kind, now))
        return True

    def note(self, payment: Payment, time: datetime | None) -> FollowedKind | None:
        """Remember a payment that was listed, and return how it changed, or ``None``."""
        since = self.state.since
        if time is not None and since is not None and time < since:
            return None  # the provider lists more than was asked, such as whole days
        kind = self.known.note(payment, time, since)
        return None if self.learning else kind

    def finish_page(self, times: Iterable[datetime | None], checkpoint: str | None) -> None:
        """Move on to the page at *checkpoint*. Without one, the pass is complete."""
        seen = attrs.evolve(note_page(self.state, times), checkpoint=checkpoint)
        done = complete_pass(seen)
        since = self._listing_start(done)
        # No later pass lists what was modified before.
        if self.incremental and since is not None and self.known.forget_before(since):
            self.forgotten = since
        if checkpoint is None:
            # With a larger overlap, a resumed follower would list what is not remembered.
            self.first = max(
                (each for each in (self.first, since, self.forgotten) if each is not None),
                default=None,
            )
            self.learning = False
        self.state = done if checkpoint is None else seen

    def to_checkpoint(self, provider: str) -> Checkpoint:
        """Return the checkpoint from which another follower continues."""
        state = self.state
        wire = _WirePosition(
            _VERSION,
            self.incremental,
            self.learning,
            self.forgotten,
            self.first,
            state.kind is not None,
            state.started_at,
            state.checkpoint,
            state.latest,
            state.watermark,
            state.since,
            self.known.pack(),
        )
        return Checkpoint(provider, _FILTERS, msgspec.json.encode(wire).decode())

    @classmethod
    def from_checkpoint(
        cls,
        resume: Checkpoint | str,
        provider: str,
        *,
        incremental: bool,
        overlap: float,
        limit: int,
    ) -> FollowPosition:
        """Return the position in a checkpoint.

        Raises ``ConfigurationError`` if ``follow_payments`` did not make it for this provider.
        """
        wire = _parse(resume, provider)
        if wire.incremental != incremental:
            raise ConfigurationError(
                f"This checkpoint was made when {provider} "
                f"{'could' if wire.incremental else 'could not'} list incrementally. Follow again "
                "without resume=."
            )
        kind: PassKind = "incremental" if incremental else "full"
        try:
            known = KnownPayments.unpack(wire.known, limit)
        except ValueError as error:
            raise _unreadable_error(str(error)) from None
        return cls(
            incremental=incremental,
            overlap=overlap,
            known=known,
            state=PassState(
                kind=kind if wire.is_running else None,
                started_at=wire.started_at,
                checkpoint=wire.checkpoint,
                latest=wire.latest,
                watermark=wire.watermark,
                since=wire.since,
            ),
            first=wire.first,
            learning=wire.learning,
            forgotten=wire.forgotten,
        )

    def _begin(self, state: PassState) -> None:
        since = self._listing_start(state) if self.incremental else None
        self.state, self.forgotten = attrs.evolve(state, since=since), None

    def _listing_start(self, state: PassState) -> datetime | None:
        since = listing_start(state, self.overlap)
        return since if since is None or self.first is None else max(since, self.first)


def _parse(resume: Checkpoint | str, provider: str) -> _WirePosition:
    given: object = resume
    if not isinstance(given, Checkpoint | str):
        raise ConfigurationError(
            f"resume must be the checkpoint of a follower, or its text, not {resume!r}."
        )
    try:
        checkpoint = Checkpoint.parse(given) if isinstance(given, str) else given
    except (ValueError, RecursionError) as error:
        raise _unreadable_error(str(error)) from None
    if checkpoint.filters != _FILTERS:
        raise ConfigurationError(
            "This checkpoint belongs to a listing, not to follow_payments. Pass it to "
            "list_payments, or follow without resume=."
        )
    if checkpoint.provider != provider:
        raise ConfigurationError(
            f"This checkpoint belongs to {checkpoint.provider!r}, not to {provider!r}."
        )
    try:
        wire = msgspec.json.decode(checkpoint.position, type=_WirePosition)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unreadable_error(str(error)) from None
    if wire.version != _VERSION:
        raise _unreadable_error("another version of paysdk made it")
    return wire


def _unreadable_error(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"This is not a checkpoint of follow_payments: {reason}. Pass the checkpoint of a "
        "follower unchanged."
    )
