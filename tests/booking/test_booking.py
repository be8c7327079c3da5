"""A booking as it is stored."""

from __future__ import annotations

import importlib
from typing import Any

import attrs
import pytest

import paysdk.booking
from tests.booking.values import BOOKING


@pytest.mark.parametrize(
    ("details", "reason", "sentence"),
    [
        ({"reason": "overpaid", "sentence": "Too much."}, "overpaid", "Too much."),
        ({"by": "Ann"}, "", ""),
    ],
)
def test_a_booking_says_why_it_is_in_its_state(
    details: dict[str, Any], reason: str, sentence: str
) -> None:
    """The reason and the sentence are in the details of its last step, and may be missing."""
    booking = attrs.evolve(BOOKING, details=details)

    assert (reason, sentence, 1) == (booking.reason, booking.sentence, booking.key.generation)


def test_the_package_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import names the package and how to install it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(
        ModuleNotFoundError, match=r'booking needs sqlalchemy.*pip install "paysdk-async\[sync\]"'
    ):
        importlib.reload(paysdk.booking)
