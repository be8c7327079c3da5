"""Tests of the events."""

from __future__ import annotations

import logging
import pickle

import attrs
import pytest

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
from paysdk.transport.credentials import Secret
from paysdk.transport.observer import (
    Attempt,
    EventEmitter,
    RequestStats,
    may_have_been_processed,
)

URL = "https://api.example.com/payments"
EVENTS: list[Event] = [
    RequestSent("campfire", "GET", URL, 1),
    ResponseReceived("campfire", "GET", URL, 1, 200, 0.1, 20),
    RequestFailed("campfire", "GET", URL, 1, 0.1, "ConnectionFailedError"),
    RetryPlanned("campfire", "GET", URL, 1, "ServerError", 0.5),
    Waiting("campfire", "GET", URL, 0.5),
    PageRead("campfire", 1, 100, None),
    RepeatDropped("campfire", "7"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_is_passed_on_and_logged(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    """The callback gets the event; only a retry and a wait are more than a debug message."""
    told: list[Event] = []
    with caplog.at_level(logging.DEBUG, "paysdk"):
        EventEmitter(told.append).emit(event)
    assert [event] == told
    level = logging.INFO if isinstance(event, RetryPlanned | Waiting) else logging.DEBUG
    assert [("paysdk", level, str(event))] == caplog.record_tuples


def test_without_a_callback(caplog: pytest.LogCaptureFixture) -> None:
    """Without a callback and a log level, nothing happens."""
    with caplog.at_level(logging.WARNING, "paysdk"):
        EventEmitter(None).emit(EVENTS[0])
    assert [] == caplog.records


def test_callback_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the callback is logged and ignored."""

    def broken(_event: Event) -> None:
        raise LookupError("no span")

    with caplog.at_level(logging.ERROR, "paysdk"):
        EventEmitter(broken).emit(EVENTS[0])
    (record,) = caplog.records
    assert "on_event raised an exception for RequestSent(" in record.getMessage()
    assert "no span" in caplog.text


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_is_a_value(event: Event) -> None:
    """An event is frozen and can be pickled."""
    assert event == pickle.loads(pickle.dumps(event))  # noqa: S301  # our own
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.provider = "notify"  # type: ignore[misc]  # what is refused


@pytest.mark.parametrize("sent", [(), (False,), (False, True), (True, False)])
def test_one_attempt_may_have_been_processed(sent: tuple[bool, ...]) -> None:
    """One attempt that may have been processed is enough."""
    attempts = [
        Attempt(number, Secret("k"), RequestStats(), processed)
        for number, processed in enumerate(sent, 1)
    ]
    assert (True in sent) is may_have_been_processed(attempts)


def test_attempt_shows_no_key() -> None:
    """The repr of an attempt does not contain the key."""
    assert "sandbox-key" not in repr(Attempt(1, Secret("Token sandbox-key"), RequestStats()))
