"""Requests and responses as plain values."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["Request", "Response"]


@attrs.frozen
class Request:
    """One request to a provider's API.

    ``path`` begins with a slash. ``query`` is already percent-encoded and is sent byte for byte,
    because a cursor must not change.
    """

    method: str
    path: str
    query: str = ""
    body: bytes | None = None

    @property
    def target(self) -> str:
        """The path and the query, as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@attrs.frozen
class Response:
    """One complete response. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
