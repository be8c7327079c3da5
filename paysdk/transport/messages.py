"""Requests and responses as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from paysdk.errors import MalformedResponseError
from paysdk.exact import decode_exactly

__all__ = ["ErrorDetails", "RawResponse", "Request"]

_MAX_SHOWN_BYTES = 200


@attrs.frozen
class Request:
    """One request to a provider's API.

    ``path`` begins with a slash. ``query`` is already percent-encoded and is sent byte for byte,
    because a cursor must not change. ``content_type`` describes the body. ``headers`` are sent in
    addition to those that every request of the provider has. ``repeatable`` says that the request
    only reads, although its method is not GET. So it may be repeated like a GET.
    """

    method: str
    path: str
    query: str = ""
    body: bytes | None = attrs.field(default=None, repr=False)
    content_type: str = "application/json"
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    repeatable: bool = False

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice has the same effect as sending it once."""
        return self.repeatable or self.method in {"GET", "HEAD"}

    @property
    def target(self) -> str:
        """The path and the query, as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@attrs.frozen
class RawResponse:
    """A response, before anything in it is read.

    ``status`` is the HTTP status. The names of ``headers`` are in lower case. ``body`` is the bytes
    of the body, decompressed. Of a response with status 300 or higher, it is at most the first
    64 KiB.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    def json(self) -> Any:  # noqa: ANN401  # JSON may be any value
        """Return the body as JSON with exact numbers, and ``None`` if the body is empty.

        Numbers become ``int`` or ``Decimal``. Raises ``MalformedResponseError`` if the body is not
        JSON.
        """
        if not self.body.strip():
            return None
        try:
            return decode_exactly(self.body)
        except (ValueError, msgspec.MsgspecError, RecursionError) as error:
            shown = self.body[:_MAX_SHOWN_BYTES]
            raise MalformedResponseError(
                f"The response is not JSON: {error}. It begins with {shown!r}. "
                "Read `body` instead.",
                raw=shown,
                not_json=True,
            ).quoting(str(error), repr(shown)) from None


@attrs.frozen(kw_only=True)
class ErrorDetails:
    """What the body of an error says.

    ``detail`` is the API's own words. ``fields`` maps a field's name to its messages, and is empty
    if no field is named. ``request_id`` is the API's ID of the request.
    """

    detail: str = ""
    fields: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    request_id: str | None = None
