"""Tests of the events."""

from __future__ import annotations

from typing import get_args

import attrs
import pytest

from paysdk import events
from paysdk.events import (
    Event,
    PageRead,
    RepeatDropped,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryPlanned,
    Waiting,
)

URL = "https://api.example.com/x"
EVENTS: list[Event] = [
    RequestSent("campfire", "GET", URL, 1),
    ResponseReceived("campfire", "GET", URL, 1, 200, 0.25, 267),
    RequestFailed("campfire", "GET", URL, 1, 0.25, "RequestTimeoutError"),
    RetryPlanned("campfire", "GET", URL, 1, "ServerError", 0.2),
    Waiting("campfire", "GET", URL, 2.0),
    PageRead("campfire", 1, 100, None),
    RepeatDropped("notify", "07d125ef"),
]


def test_event_alias() -> None:
    """The alias includes every event class of the module."""
    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert {kind.__name__ for kind in get_args(Event)} | {"Event"} == set(events.__all__)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_are_values(event: Event) -> None:
    """An event has the provider's name, is frozen, and equals an equal event."""
    assert event.provider in {"campfire", "notify"}
    assert event == attrs.evolve(event)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.provider = "other"  # type: ignore[misc]
