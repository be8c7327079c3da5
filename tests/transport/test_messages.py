"""Tests of requests and responses as values."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from paysdk.errors import MalformedResponseError
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
        request.path = "/other/"  # type: ignore[misc]  # what is refused


def test_json_has_exact_numbers() -> None:
    """Numbers keep their digits, and an empty body is None."""
    response = RawResponse(200, {}, b'{"amount": 12.50, "id": 7}')

    assert {"amount": Decimal("12.50"), "id": 7} == response.json()
    assert "12.50" == str(response.json()["amount"])
    assert RawResponse(204, {}, b" \n").json() is None


def test_body_that_is_not_json_is_shown() -> None:
    """The error has the beginning of the body, and says what to read instead."""
    body = b"<html>" + b"x" * 1000
    with pytest.raises(MalformedResponseError) as raised:
        RawResponse(200, {}, body).json()

    shown = raised.value.raw
    assert shown is not None
    assert body.startswith(shown)
    assert 6 < len(shown) < len(body)
    assert raised.value.not_json
    assert str(raised.value).startswith("The response is not JSON: ")
    assert f"It begins with {shown!r}. Read `body` instead." in str(raised.value)
    said = str(raised.value).removeprefix("The response is not JSON: ").partition(". It begins")[0]
    assert (said, repr(shown)) == raised.value.quoted
