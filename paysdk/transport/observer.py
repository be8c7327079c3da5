"""Reports events to the ``paysdk`` logger and to ``on_event=``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from paysdk.events import Event, RetryPlanned, Waiting
from paysdk.transport.credentials import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Attempt", "EventEmitter", "RequestStats", "may_have_been_processed"]

_log = logging.getLogger("paysdk")


@attrs.define
class RequestStats:
    """How many requests an operation has sent, and how many of them were retries."""

    requests: int = 0
    retries: int = 0


@attrs.define
class Attempt:
    """One attempt of a request: its number (from 1), its authorization header, and the statistics.

    ``may_have_been_processed`` becomes true as soon as the request may have reached the provider.
    It becomes false again if no connection was made or if the response refuses the request.
    """

    number: int
    authorization: Secret
    stats: RequestStats
    may_have_been_processed: bool = False


def may_have_been_processed(attempts: Iterable[Attempt]) -> bool:
    """Whether one of these attempts may have reached the provider and was not refused."""
    return any(attempt.may_have_been_processed for attempt in attempts)


class EventEmitter:
    """Passes events to ``on_event``. An exception from ``on_event`` is logged and then ignored."""

    def __init__(self, on_event: Callable[[Event], object] | None) -> None:
        self._on_event = on_event

    def emit(self, event: Event) -> None:
        level = logging.INFO if isinstance(event, RetryPlanned | Waiting) else logging.DEBUG
        if _log.isEnabledFor(level):
            _log.log(level, "%s", event)
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  # an error in a callback must not fail a payment
            _log.exception("on_event raised an exception for %r. It is ignored.", event)
