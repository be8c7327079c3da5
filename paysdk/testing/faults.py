"""Which faults a sandbox makes, and in which requests. Pure: values and rules, no I/O.

    FaultPlan().first(2, status(503)).on(5, reset("body")).every(10, status(429, retry_after=1),
    method="GET")

A plan is frozen; each method returns a longer one. If several entries match the same request, the
entry that was added first wins.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "Fault",
    "FaultKind",
    "FaultPlan",
    "FaultRule",
    "dripping_body",
    "dripping_headers",
    "gzip_bomb",
    "hang",
    "huge_body",
    "redirect",
    "reset",
    "status",
    "truncated",
    "wrong_body",
]

FaultKind = Literal[
    "response",
    "reset before",
    "reset headers",
    "reset body",
    "truncated",
    "hang",
    "drip headers",
    "drip body",
    "huge body",
    "gzip bomb",
]

_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>"
    b"<body><h1>We will be back soon</h1></body></html>\n"
)


@attrs.frozen(kw_only=True)
class Fault:
    """One way to fail. The functions of this module make faults.

    With ``processed`` the server does its work before it fails: a payment is booked although the
    client never receives a response.
    """

    kind: FaultKind
    processed: bool = False
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0
    size: int | None = None


def status(
    code: int,
    *,
    retry_after: float | str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    processed: bool = False,
) -> Fault:
    """Respond with the status ``code``.

    The default body is JSON with the name of the status as ``detail``. ``retry_after`` becomes the
    header ``Retry-After``: seconds, or any text, such as a date or nonsense.
    """
    sent = {"Content-Type": "application/json", **(headers or {})}
    if retry_after is not None:
        sent["Retry-After"] = str(retry_after)
    if body is None:
        body = msgspec.json.encode({"detail": HTTPStatus(code).phrase})
    return Fault(
        kind="response", status=code, headers=tuple(sent.items()), body=body, processed=processed
    )


def redirect(location: str, code: int = 302, *, processed: bool = False) -> Fault:
    """Redirect to ``location``, which may be absolute or relative."""
    return Fault(
        kind="response", status=code, headers=(("Location", location),), processed=processed
    )


def wrong_body(
    body: bytes = _HTML, *, content_type: str = "text/html; charset=utf-8", processed: bool = False
) -> Fault:
    """Respond with status 200 and a body that is not the API's, by default a page of HTML.

    ``b""`` sends no body.
    """
    return Fault(
        kind="response", headers=(("Content-Type", content_type),), body=body, processed=processed
    )


def reset(
    stage: Literal["before", "headers", "body"] = "before", *, processed: bool | None = None
) -> Fault:
    """Reset the connection before the first byte, within the headers, or within the body.

    By default the request is processed first if part of the response is sent.
    """
    kinds: dict[str, FaultKind] = {
        "before": "reset before",
        "headers": "reset headers",
        "body": "reset body",
    }
    return Fault(kind=kinds[stage], processed=stage != "before" if processed is None else processed)


def truncated(*, processed: bool = True) -> Fault:
    """Close the connection in good order after half of the announced body."""
    return Fault(kind="truncated", processed=processed)


def hang(*, processed: bool = False) -> Fault:
    """Never respond. The connection stays open until the client leaves or the sandbox closes."""
    return Fault(kind="hang", processed=processed)


def dripping_headers(seconds: float, *, processed: bool = True) -> Fault:
    """Send the headers one byte at a time, ``seconds`` apart, and then the body at once."""
    return Fault(kind="drip headers", seconds=seconds, processed=processed)


def dripping_body(seconds: float, *, processed: bool = True) -> Fault:
    """Send the body one byte at a time, ``seconds`` apart."""
    return Fault(kind="drip body", seconds=seconds, processed=processed)


def huge_body(size: int | None = None, *, processed: bool = False) -> Fault:
    """Send ``size`` bytes of white space without announcing a length.

    Without a size the body never ends.
    """
    return Fault(kind="huge body", size=size, processed=processed)


def gzip_bomb(size: int, *, processed: bool = False) -> Fault:
    """Send a small gzip body that decompresses to at least ``size`` bytes of white space."""
    return Fault(kind="gzip bomb", size=size, processed=processed)


@attrs.frozen(kw_only=True)
class FaultRule:
    """One entry of a plan: which requests meet ``fault``.

    It counts the requests with this ``method`` and ``path`` from 1; ``*`` in a path matches
    anything. Those whose number matches meet the fault.
    """

    fault: Fault
    method: str | None = None
    path: str | None = None
    numbers: frozenset[int] = frozenset()
    first: int = 0
    every: int = 0

    def concerns(self, method: str, path: str) -> bool:
        """Whether this rule counts such a request."""
        return self.method in (None, method) and (self.path is None or fnmatchcase(path, self.path))

    def meets(self, number: int) -> bool:
        """Whether the request with this number, counted by this rule, meets the fault."""
        return (
            number in self.numbers
            or number <= self.first
            or (self.every > 0 and number % self.every == 0)
        )


@attrs.frozen
class FaultPlan:
    """Which requests meet which fault.

    ``method`` and ``path`` narrow an entry: it then counts only the requests that match them.
    """

    rules: tuple[FaultRule, ...] = ()

    def on(
        self,
        numbers: int | Collection[int],
        fault: Fault,
        *,
        method: str | None = None,
        path: str | None = None,
    ) -> FaultPlan:
        """Make the request with this number, or with each of these, meet ``fault``.

        The first request has the number 1.
        """
        chosen = frozenset([numbers] if isinstance(numbers, int) else numbers)
        return self._with(FaultRule(fault=fault, method=method, path=path, numbers=chosen))

    def first(
        self, count: int, fault: Fault, *, method: str | None = None, path: str | None = None
    ) -> FaultPlan:
        """Make the first ``count`` requests meet ``fault``."""
        return self._with(FaultRule(fault=fault, method=method, path=path, first=count))

    def every(
        self, interval: int, fault: Fault, *, method: str | None = None, path: str | None = None
    ) -> FaultPlan:
        """Make every ``interval``-th request meet ``fault``."""
        return self._with(FaultRule(fault=fault, method=method, path=path, every=interval))

    def always(
        self, fault: Fault, *, method: str | None = None, path: str | None = None
    ) -> FaultPlan:
        """Make every request meet ``fault``."""
        return self.every(1, fault, method=method, path=path)

    def meet(
        self, method: str, path: str, counts: tuple[int, ...] = ()
    ) -> tuple[Fault | None, tuple[int, ...]]:
        """Return the fault that this request meets, and the counts to pass with the next request.

        ``counts`` is empty before the first request.
        """
        before = counts or (0,) * len(self.rules)
        after = tuple(
            count + rule.concerns(method, path)
            for rule, count in zip(self.rules, before, strict=True)
        )
        meeting = (
            rule.fault
            for rule, old, new in zip(self.rules, before, after, strict=True)
            if new > old and rule.meets(new)
        )
        return next(meeting, None), after

    def _with(self, rule: FaultRule) -> FaultPlan:
        return FaultPlan((*self.rules, rule))
