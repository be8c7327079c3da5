"""The error responses of a Django REST framework server."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import msgspec

from paysdk.testing.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["detail_response", "encode", "json_response", "not_found_page", "permanent_redirect"]

# Amounts are JSON numbers with exactly the digits of the Decimal.
encode: Callable[[object], bytes] = msgspec.json.Encoder(decimal_format="number").encode


def json_response(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with this value as JSON."""
    return Response(status, encode(value), {"Content-Type": "application/json", **(headers or {})})


def detail_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the framework's error that concerns no single field."""
    return json_response(status, {"detail": text}, headers)


def not_found_page(path: str) -> Response:
    """Return Django's own page for an unknown path."""
    page = (
        "<!doctype html>\n<html><head><title>Not Found</title></head><body><h1>Not "
        f"Found</h1><p>{escape(path)}</p></body></html>\n"
    )
    return Response(404, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def permanent_redirect(location: str) -> Response:
    """Return Django's redirect to the path with a slash appended."""
    return Response(301, b"", {"Content-Type": "text/html; charset=utf-8", "Location": location})
