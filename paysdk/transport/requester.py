"""Sends requests that paysdk does not model, as part of one operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, overload

import attrs

from paysdk.records.malformed import decode_or_raise
from paysdk.transport.client import Client
from paysdk.transport.observer import RequestStats
from paysdk.transport.raw_request import build_request

if TYPE_CHECKING:
    from paysdk.transport.messages import RawResponse, Request

__all__ = ["Requester", "keep_response"]

T = TypeVar("T")


@attrs.frozen(eq=False)
class Requester:
    """Sends the requests of one operation, such as those of one page of a listing.

    They have the provider's key, headers, limits and events, are retried by its policy, and count
    in the operation's report.
    """

    _client: Client
    _stats: RequestStats
    _headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    @overload
    async def get(self, path: str, query: Mapping[str, object] | None = None) -> RawResponse: ...
    @overload
    async def get(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        decode: Callable[[bytes], T],
    ) -> T: ...
    async def get(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        decode: Callable[[bytes], object] | None = None,
    ) -> object:
        """Send a GET request to *path*, and return the response.

        *decode* turns the body into what is returned. It may be the ``decode`` of a
        ``msgspec.json.Decoder``. If it cannot read the body, ``MalformedResponseError`` is raised.
        If the body is not JSON, the request is retried first.

        Raises ``ConfigurationError`` for arguments that cannot be sent, and otherwise the errors of
        a listing.
        """
        return await self._send(build_request("GET", path, query), decode)

    @overload
    async def post(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        json: object = None,
        form: Mapping[str, object] | None = None,
    ) -> RawResponse: ...
    @overload
    async def post(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        json: object = None,
        form: Mapping[str, object] | None = None,
        decode: Callable[[bytes], T],
    ) -> T: ...
    async def post(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        json: object = None,
        form: Mapping[str, object] | None = None,
        decode: Callable[[bytes], object] | None = None,
    ) -> object:
        """Send a POST request that only reads, such as one that fetches records by their ids.

        It is retried like a GET request, so do not use it for a request that changes something.
        For *decode* see ``get``.
        """
        request = build_request("POST", path, query, json=json, form=form)
        return await self._send(attrs.evolve(request, repeatable=True), decode)

    async def _send(self, request: Request, decode: Callable[[bytes], object] | None) -> object:
        request = attrs.evolve(request, headers=self._headers)

        def read(response: RawResponse) -> object:
            return response if decode is None else decode_or_raise(decode, response.body)

        return await self._client.call(request, read, self._stats)


def keep_response(response: RawResponse) -> RawResponse:
    """Return *response*, for a request whose response the caller reads."""
    return response
