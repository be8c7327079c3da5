"""The errors of booking."""

from __future__ import annotations

import pickle

import pytest

from paysdk import ConfigurationError, PaysdkError
from paysdk.booking import PlanRefusedError
from paysdk.booking.errors import BookingTakenError

ERRORS = [PlanRefusedError("The plan is too old."), BookingTakenError("Another worker has it.")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_reaches_another_process_whole(error: PaysdkError) -> None:
    """Pickling keeps its message, and one clause catches it."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))
    with pytest.raises(PaysdkError, match=str(error)):
        raise copy


def test_a_plan_that_is_refused_is_a_wrong_argument() -> None:
    """Nothing was sent, so it is caught as any other wrong argument."""
    assert issubclass(PlanRefusedError, ConfigurationError)
    assert not issubclass(BookingTakenError, ConfigurationError)
