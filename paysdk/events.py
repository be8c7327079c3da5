"""What ``on_event=`` is given: enough for spans, metrics and progress, and no key in any of it."""

from __future__ import annotations

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
    """A complete answer arrived, ``seconds`` after its request was sent, with ``size`` bytes of body."""

    provider: str
    method: str
    url: str
    attempt: int
    status: int
    seconds: float
    size: int


@attrs.frozen
class RequestFailed:
    """No complete response came; ``error`` is the name of the error's class.

    Answers one ``RequestSent``, as ``ResponseReceived`` does.
    """

    provider: str
    method: str
    url: str
    attempt: int
    seconds: float
    error: str


@attrs.frozen
class RetryPlanned:
    """Attempt ``attempt`` failed with an error of class ``error``; the next is made after ``wait`` seconds."""

    provider: str
    method: str
    url: str
    attempt: int
    error: str
    wait: float


@attrs.frozen
class Waiting:
    """A request is held back for ``wait`` seconds, because the provider told one of its neighbours to wait."""

    provider: str
    method: str
    url: str
    wait: float


@attrs.frozen
class PageRead:
    """A page was read whole: ``payments`` of it are given, ``reported_count`` is what the provider said."""

    provider: str
    number: int
    payments: int
    reported_count: int | None


@attrs.frozen
class RepeatDropped:
    """A payment came a second time, unchanged, on a neighbouring page."""

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
