"""Tests of the events."""

from __future__ import annotations

from typing import get_args

import attrs
import pytest

from paysdk import events
from paysdk.events import (
    Event,
    PageRead,
    PollFailed,
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
    PollFailed("notify", "ServerError", "Notify failed.", 1, 60.0),
]


def test_event_alias() -> None:
    """The alias includes every event class of the module."""
    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert {kind.__name__ for kind in get_args(Event)} | {"Event"} == set(events.__all__)


LINES = [
    f"campfire: sending GET {URL} (attempt 1)",
    f"campfire: status 200 and 267 bytes after 0.250 s, for GET {URL} (attempt 1)",
    (
        "campfire: no complete response after 0.250 s (RequestTimeoutError), for GET "
        f"{URL} (attempt 1)"
    ),
    (f"campfire: attempt 1 of GET {URL} failed (ServerError). The next attempt follows in 0.20 s."),
    f"campfire: GET {URL} waits 2.00 s, because the provider asked for a wait or was overloaded.",
    "campfire: page 1 has 100 new payments",
    "notify: payment 07d125ef came again unchanged, so it was dropped",
    (
        "notify: the changes could not be listed (ServerError). The next attempt follows in "
        "60.00 s. Notify failed."
    ),
]


@pytest.mark.parametrize(("event", "line"), list(zip(EVENTS, LINES, strict=True)))
def test_text_of_an_event_is_a_line_in_words(event: Event, line: str) -> None:
    """The log says in words what happened, without the names of classes and fields."""
    assert line == str(event)


def test_line_of_a_page_has_the_count_of_the_provider() -> None:
    """If the provider reports a count, the line has it."""
    assert "campfire: page 2 has 50 new payments (the provider counts 1,000)" == str(
        PageRead("campfire", 2, 50, 1000)
    )


def test_line_of_repeated_failures_has_their_number() -> None:
    """From the second failure on, the line says how many there were in a row."""
    assert "could not be listed 3 times in a row (ServerError)" in str(
        PollFailed("notify", "ServerError", "Notify failed.", 3, 60.0)
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_are_values(event: Event) -> None:
    """An event has the provider's name, is frozen, and equals an equal event."""
    assert event.provider in {"campfire", "notify"}
    assert event == attrs.evolve(event)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.provider = "other"  # type: ignore[misc]  # what is refused
