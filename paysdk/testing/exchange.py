"""What passes between a sandbox and its server: plain values, so that what an API answers is a function that needs no network."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from paysdk.testing.faults import Fault

__all__ = ["LoggedRequest", "Request", "Response"]


@attrs.frozen(kw_only=True)
class Request:
    """A request as it arrived.

    ``target`` is the path and the query verbatim, as they were on the wire; ``query`` is the query
    decoded, the last of repeated values. ``origin`` is scheme and host as the client addressed
    them. ``key`` is what the client gave with the sandbox's scheme of authorization, and ``None``
    where it gave nothing or used another scheme.
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
        """The absolute URL that was asked for."""
        return self.origin + self.target


@attrs.frozen
class Response:
    """An answer, complete: ``Content-Length`` and ``Date`` come by themselves."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen(kw_only=True)
class LoggedRequest:
    """One request that the sandbox received, in ``sandbox.requests``.

    ``headers`` has everything but ``Authorization``, and ignores case. ``authorised`` says whether
    the key was right. ``status`` is the status answered, or ``None`` where a fault took its place;
    ``fault`` is that fault.
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
