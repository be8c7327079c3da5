"""Tests of requests and responses as values."""

from __future__ import annotations

import attrs
import pytest

from paysdk.transport.messages import RawResponse, Request


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("GET", "/v2/payments"), "/v2/payments"),
        (Request("GET", "/v2/payments", "from=a%2Bb"), "/v2/payments?from=a%2Bb"),
    ],
)
def test_target(request_: Request, expected: str) -> None:
    """The target has the exact query, and no question mark without a query."""
    assert expected == request_.target


def test_messages_are_values() -> None:
    """Messages are frozen and equal by content, and a body is not in the repr."""
    request, response = (
        Request("POST", "/pay/", body=b"{}"),
        RawResponse(200, {"content-type": "application/json"}, b"a long body"),
    )
    assert "body" not in repr(request)
    assert Request("POST", "/pay/", body=b"{}") == request
    assert RawResponse(200, {"content-type": "application/json"}, b"a long body") == response
    assert "a long body" not in repr(response)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request.path = "/other/"  # type: ignore[misc]
