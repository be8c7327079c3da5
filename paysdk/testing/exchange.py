"""Requests and responses as plain values, so that a sandbox's API is a pure function."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from paysdk.testing.faults import Fault

__all__ = ["LoggedRequest", "Request", "Response"]


@attrs.frozen(kw_only=True)
class Request:
    """A request as it arrived.

    ``target`` is the path and the query, verbatim. ``query`` is the decoded query; of a repeated
    parameter it has the last value. ``origin`` is the scheme and host that the client addressed.
    ``key`` is the key that the client sent with the sandbox's authorization scheme, or ``None`` if
    it sent no key or used another scheme.
    """

    method: str
    path: str
    query: Mapping[str, str]
    target: str
    origin: str
    headers: Mapping[str, str]
    body: bytes
    key: str | None = attrs.field(repr=False)

    @property
    def url(self) -> str:
        """The absolute URL of the request."""
        return self.origin + self.target


@attrs.frozen
class Response:
    """A complete response. The server adds ``Content-Length`` and ``Date``."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen(kw_only=True)
class LoggedRequest:
    """One request that the sandbox received, in ``sandbox.requests``.

    ``headers`` has every header except ``Authorization``, and ignores case. ``authorised`` says
    whether the key was right. ``status`` is the status of the response, or ``None`` if a fault took
    its place; ``fault`` is that fault.
    """

    method: str
    path: str
    query: Mapping[str, str]
    target: str
    headers: Mapping[str, str]
    body: bytes
    authorised: bool
    status: int | None
    fault: Fault | None
