"""The states of a booking."""

from __future__ import annotations

import pytest

from paysdk.booking import InvalidStepError, State, replay
from paysdk.booking.states import STEPS, check_step


def test_every_state_has_its_steps() -> None:
    """Each state can be reached, and a voided booking only diverges."""
    assert set(State) == set(STEPS)
    assert {State.DIVERGED} == STEPS[State.VOIDED]
    assert set(State) == {after for steps in STEPS.values() for after in steps}


def test_a_booking_may_have_been_sent_only_after_a_claim() -> None:
    """No other state leads to it, so nothing is sent twice."""
    assert {State.CLAIMED} == {state for state, steps in STEPS.items() if State.SENT in steps}
    assert {State.APPROVED} == {state for state, steps in STEPS.items() if State.CLAIMED in steps}


def test_a_history_leads_to_the_state() -> None:
    """An empty one leads to none."""
    steps = [(None, State.PROPOSED), (State.PROPOSED, State.APPROVED)]

    assert State.APPROVED is replay(steps)
    assert replay([]) is None


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([(None, State.SENT)], "new cannot become sent"),
        ([(None, State.PROPOSED), (State.SENT, State.BOOKED)], "as if it had been sent"),
        ([(State.SENT, State.BOOKED)], "was new continues"),
    ],
    ids=str,
)
def test_a_broken_history_is_refused(steps: list[tuple[State | None, State]], message: str) -> None:
    """Somebody changed the database by hand."""
    with pytest.raises(InvalidStepError, match=message):
        replay(steps)


def test_an_impossible_step_is_refused() -> None:
    """A voided booking stays voided."""
    with pytest.raises(InvalidStepError, match="A booking that is voided cannot become booked"):
        check_step(State.VOIDED, State.BOOKED)
