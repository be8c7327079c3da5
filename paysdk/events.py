"""The events that ``on_event=`` receives. None of them contains a key.

``str()`` of an event is the line that the log has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

__all__ = [
    "Event",
    "PageRead",
    "PollFailed",
    "RepeatDropped",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "RetryPlanned",
    "Waiting",
]


@attrs.frozen
class RequestSent:
    """A request is about to go out; ``attempt`` counts from 1."""

    provider: str
    method: str
    url: str
    attempt: int

    def __str__(self) -> str:
        return f"{self.provider}: sending {self.method} {self.url} (attempt {self.attempt})"


@attrs.frozen
class ResponseReceived:
    """A complete response arrived ``seconds`` after its request, with ``size`` bytes of body.

    ``headers`` are those about a rate limit, with names in lower case, for your own limiter.
    """

    provider: str
    method: str
    url: str
    attempt: int
    status: int
    seconds: float
    size: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def __str__(self) -> str:
        return (
            f"{self.provider}: status {self.status} and {self.size:,} bytes after "
            f"{self.seconds:.3f} s, for {self.method} {self.url} (attempt {self.attempt})"
        )


@attrs.frozen
class RequestFailed:
    """No complete response came; ``error`` is the name of the error's class.

    Each ``RequestSent`` is followed by one of these or by one ``ResponseReceived``.
    """

    provider: str
    method: str
    url: str
    attempt: int
    seconds: float
    error: str

    def __str__(self) -> str:
        return (
            f"{self.provider}: no complete response after {self.seconds:.3f} s "
            f"({self.error}), for {self.method} {self.url} (attempt {self.attempt})"
        )


@attrs.frozen
class RetryPlanned:
    """An attempt failed with an error of the class ``error``. The next follows in ``wait`` seconds.

    ``attempt`` is its number. After a new key it is one lower than in ``RequestSent``.
    """

    provider: str
    method: str
    url: str
    attempt: int
    error: str
    wait: float

    def __str__(self) -> str:
        return (
            f"{self.provider}: attempt {self.attempt} of {self.method} {self.url} failed "
            f"({self.error}). The next attempt follows in {self.wait:.2f} s."
        )


@attrs.frozen
class Waiting:
    """A request waits ``wait`` seconds.

    The provider asked for a wait in an earlier response, or was overloaded.
    """

    provider: str
    method: str
    url: str
    wait: float

    def __str__(self) -> str:
        return (
            f"{self.provider}: {self.method} {self.url} waits {self.wait:.2f} s, because the "
            "provider asked for a wait or was overloaded."
        )


@attrs.frozen
class PageRead:
    """A page was read. ``payments`` is how many payments it has, without repeats.

    ``reported_count`` is the count that the provider reports.
    """

    provider: str
    number: int
    payments: int
    reported_count: int | None

    def __str__(self) -> str:
        count = (
            "" if self.reported_count is None else f" (the provider counts {self.reported_count:,})"
        )
        return f"{self.provider}: page {self.number} has {self.payments:,} new payments{count}"


@attrs.frozen
class RepeatDropped:
    """A payment that was on this page or an earlier one came again, and was dropped."""

    provider: str
    payment_id: str

    def __str__(self) -> str:
        return f"{self.provider}: payment {self.payment_id} came again unchanged, so it was dropped"


@attrs.frozen
class PollFailed:
    """``follow_payments`` could not list the changes, and tries again after ``wait`` seconds.

    ``error`` is the name of the error's class, and ``reason`` its message. ``failures`` counts the
    attempts that have failed in a row.
    """

    provider: str
    error: str
    reason: str
    failures: int
    wait: float

    def __str__(self) -> str:
        times = "" if self.failures == 1 else f" {self.failures} times in a row"
        return (
            f"{self.provider}: the changes could not be listed{times} ({self.error}). The next "
            f"attempt follows in {self.wait:.2f} s. {self.reason}"
        )


Event: TypeAlias = (
    RequestSent
    | ResponseReceived
    | RequestFailed
    | RetryPlanned
    | Waiting
    | PageRead
    | RepeatDropped
    | PollFailed
)
