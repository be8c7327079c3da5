"""Requests and responses as plain values, so that a sandbox's API is a pure function."""

from __future__ import annotations

import binascii
from base64 import b64decode
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
    it sent no key or used another scheme. ``basic`` is for an endpoint that takes another scheme
    than the rest, such as one that gives out tokens.
    """

    method: str
    path: str
    query: Mapping[str, str]
    target: str
    origin: str
    headers: Mapping[str, str]
    body: bytes
    key: str | None = attrs.field(repr=False)
    _authorization: str = attrs.field(default="", repr=False, alias="authorization")

    @property
    def basic(self) -> tuple[str, str] | None:
        """The user and the password that came by HTTP Basic (RFC 7617), or ``None``."""
        scheme, _, encoded = self._authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            text = b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        user, colon, password = text.partition(":")
        return (user, password) if colon else None

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
    whether the key was right when the request arrived. ``status`` is the status of the response, or
    ``None`` if a fault took its place; ``fault`` is that fault.
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
