"""The states of a booking, and the steps between them. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from paysdk.errors import PaysdkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MAY_BE_BOOKED", "STEPS", "InvalidStepError", "State", "check_step", "replay"]


class State(StrEnum):
    """Where a booking is.

    - ``proposed``: a plan has it, and no person has approved it.
    - ``approved``: a person approved it, and nothing was sent.
    - ``claimed``: a worker checks it again. Nothing was sent.
    - ``sent``: the order may be with the target, and its outcome is not recorded yet.
    - ``booked``: the target has exactly one live payment for it.
    - ``drafted``: the target accepted it, and a person must approve it there.
    - ``refused``: the check or the target refused it, and nothing was booked.
    - ``unknown``: it may or may not be booked. It is looked up, and never sent again by itself.
    - ``diverged``: it was booked, and the two systems no longer agree. A person must decide.
    - ``void_requested``: its payment is being voided.
    - ``voided``: its payment is voided. It is not booked again by itself.
    - ``skipped``: a person left it out.
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    CLAIMED = "claimed"
    SENT = "sent"
    BOOKED = "booked"
    DRAFTED = "drafted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DIVERGED = "diverged"
    VOID_REQUESTED = "void_requested"
    VOIDED = "voided"
    SKIPPED = "skipped"

    @property
    def needs_person(self) -> bool:
        """Whether paysdk does nothing more about it until a person decides."""
        return self in _FOR_A_PERSON


_FOR_A_PERSON = frozenset({State.DRAFTED, State.REFUSED, State.UNKNOWN, State.DIVERGED})

# Orders in these states were sent, and may still be booked.
MAY_BE_BOOKED = frozenset({State.SENT, State.UNKNOWN, State.DRAFTED})

# Maps each state to the states that may follow it. A booking begins as proposed.
STEPS: Mapping[State, frozenset[State]] = {
    # A newer plan proposes it again. Its older approval is then no longer valid. A sync may show
    # that it is booked already, for example after a restored backup.
    State.PROPOSED: frozenset(
        {State.PROPOSED, State.APPROVED, State.SKIPPED, State.BOOKED, State.DIVERGED}
    ),
    State.APPROVED: frozenset(
        {State.PROPOSED, State.CLAIMED, State.SKIPPED, State.BOOKED, State.DIVERGED}
    ),
    # A worker that died here had sent nothing, so it is approved again. If the external id of the
    # booking is booked already, the booking becomes booked or diverged.
    State.CLAIMED: frozenset(
        {State.APPROVED, State.SENT, State.BOOKED, State.REFUSED, State.DIVERGED}
    ),
    State.SENT: frozenset(
        {
            State.APPROVED,  # only if the target cannot have received it
            State.BOOKED,
            State.DRAFTED,
            State.REFUSED,
            State.UNKNOWN,
            State.DIVERGED,
        }
    ),
    State.BOOKED: frozenset({State.BOOKED, State.DIVERGED, State.VOID_REQUESTED}),
    # A person may release it. It is approved again then.
    State.DRAFTED: frozenset({State.DRAFTED, State.BOOKED, State.APPROVED, State.DIVERGED}),
    State.UNKNOWN: frozenset({State.UNKNOWN, State.BOOKED, State.APPROVED, State.DIVERGED}),
    # A sync may show later that the order is booked after all.
    State.REFUSED: frozenset({State.PROPOSED, State.BOOKED, State.DIVERGED}),
    State.DIVERGED: frozenset({State.DIVERGED, State.BOOKED, State.VOID_REQUESTED, State.VOIDED}),
    State.VOID_REQUESTED: frozenset(
        {State.VOID_REQUESTED, State.VOIDED, State.BOOKED, State.DIVERGED}
    ),
    # Only a new generation books it again. A sync may show that its payment is live again.
    State.VOIDED: frozenset({State.DIVERGED}),
    State.SKIPPED: frozenset({State.PROPOSED, State.BOOKED, State.DIVERGED}),
}


class InvalidStepError(PaysdkError):
    """The history of a booking has a step that cannot happen. The database was changed by hand."""


def check_step(before: State | None, after: State) -> None:
    """Raise ``InvalidStepError`` unless *after* may follow *before*."""
    allowed = frozenset({State.PROPOSED}) if before is None else STEPS[before]
    if after not in allowed:
        raise InvalidStepError(f"A booking that is {before or 'new'} cannot become {after}.")


def replay(steps: Iterable[tuple[State | None, State]]) -> State | None:
    """Return the state that the steps of a history lead to, or ``None`` if there are none.

    Raises ``InvalidStepError`` if they do not follow from each other.
    """
    state: State | None = None
    for before, after in steps:
        if before != state:
            raise InvalidStepError(
                f"A booking that was {state or 'new'} continues as if it had been {before}."
            )
        check_step(before, after)
        state = after
    return state
