"""The events that ``on_event=`` receives. None of them contains a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

__all__ = [
    "Event",
    "PageRead",
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


@attrs.frozen
class ResponseReceived:
    """A complete response arrived ``seconds`` after its request, with ``size`` bytes of body.

    ``headers`` are those about a rate limit, with names in lower case, for a limiter of yours.
    """

    provider: str
    method: str
    url: str
    attempt: int
    status: int
    seconds: float
    size: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


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


@attrs.frozen
class RetryPlanned:
    """Attempt ``attempt`` failed with an error of the class ``error``.

    The next attempt follows after ``wait`` seconds.
    """

    provider: str
    method: str
    url: str
    attempt: int
    error: str
    wait: float


@attrs.frozen
class Waiting:
    """A request waits ``wait`` seconds, because the provider told another request to wait."""

    provider: str
    method: str
    url: str
    wait: float


@attrs.frozen
class PageRead:
    """A page was read, with ``payments`` new ones; ``reported_count`` is the provider's count."""

    provider: str
    number: int
    payments: int
    reported_count: int | None


@attrs.frozen
class RepeatDropped:
    """A payment came again, unchanged, on the next page, and was dropped."""

    provider: str
    payment_id: str


Event: TypeAlias = (
    RequestSent
    | ResponseReceived
    | RequestFailed
    | RetryPlanned
    | Waiting
    | PageRead
    | RepeatDropped
)
