"""Tokens, as they are kept and as a token server sends them."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError, MalformedResponseError
from paysdk.oauth2 import Tokens
from paysdk.oauth2.tokens import read_response
from paysdk.transport.credentials import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PREVIOUS = Secret("first-refresh")


def read(**fields: Any) -> Tokens:  # noqa: ANN401  # a server may send anything
    """Read a response with these fields."""
    return read_response(
        json.dumps({"access_token": "an-access-token", **fields}).encode(), NOW, PREVIOUS
    )


def test_tokens_survive_being_kept() -> None:
    """What to_json writes, from_json reads."""
    full = Tokens(
        access_token="an-access-token",
        refresh_token="a-refresh-token",
        renew_at=NOW,
        refresh_sent_at=NOW + timedelta(microseconds=1),
    )
    for tokens in (full, Tokens(), Tokens(refresh_token="a-refresh-token")):
        assert tokens == Tokens.from_json(tokens.to_json())
        assert tokens == Tokens.from_json(tokens.to_json().encode())
    assert full != Tokens()


def test_no_token_is_shown() -> None:
    """A repr has none, and an object that holds some cannot be pickled or copied."""
    tokens = Tokens(access_token="an-access-token", refresh_token=Secret("a-refresh-token"))
    assert "a-refresh-token" not in repr(tokens)
    assert "an-access-token" not in str(tokens)
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            copied(tokens)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "\ud800",
        b"\xff",
        "[" * 100_000,
        '{"access_token": "", "refresh_token": null, "renew_at": null, "refresh_sent_at": null}',
        Tokens(access_token="an-access-token", renew_at=NOW).to_json().replace("+00:00", ""),
        '{"access_token": "an-access-token", "refresh_token": nul',
    ],
)
def test_what_is_no_kept_tokens(text: str | bytes, told_by: Callable[[BaseException], str]) -> None:
    """It is refused, and is not shown."""
    with pytest.raises(ValueError, match="is not JSON that") as raised:
        Tokens.from_json(text)
    assert "an-access-token" not in told_by(raised.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"access_token": ""}, "A token must be a non-empty string"),
        ({"refresh_token": 7}, "A token must be a non-empty string"),
        (
            {"renew_at": datetime(2026, 1, 31)},  # noqa: DTZ001  # what is refused
            "renew_at must be an aware datetime",
        ),
        ({"refresh_sent_at": 7}, "refresh_sent_at must be an aware datetime"),
    ],
)
def test_wrong_tokens(wrong: dict[str, Any], message: str) -> None:
    """They are refused when they are made."""
    with pytest.raises(ConfigurationError, match=message):
        Tokens(**wrong)


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (1800, 1740.0),
        ("300.5", 270.45),
        (1800.5, 1740.5),
        (10, 9.0),
        (10**30, 100 * 366 * 86_400 - 60.0),
        (None, None),
        (0, None),
        (-1, None),
        (True, None),
        ("soon", None),
        (1e300, None),
        ([1800], None),
    ],
)
def test_when_a_token_is_renewed(expires_in: object, seconds: float | None) -> None:
    """A token is renewed a little before it expires, or when the server refuses it."""
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert expected == read(expires_in=expires_in).renew_at
    assert read().renew_at is None


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"refresh_token": "second-refresh"}, "second-refresh"),
        ({"refresh_token": 12345678}, "12345678"),
        ({"refresh_token": ""}, "first-refresh"),
        ({"refresh_token": None}, "first-refresh"),
        ({}, "first-refresh"),
    ],
)
def test_the_refresh_token_of_a_response(sent: dict[str, object], expected: str) -> None:
    """A response without a new one leaves the previous one valid."""
    assert Tokens(access_token="an-access-token", refresh_token=expected) == read(**sent)


@pytest.mark.parametrize(
    ("body", "path", "not_json"),
    [
        (b"<html></html>", "$", True),
        (b"", "$", True),
        (b'{"access_token": "an-access-tok', "$", True),
        (b'["an-access-token"]', "$", False),
        (b'{"token": "an-access-token"}', "$.access_token", False),
        (b'{"access_token": null, "refresh_token": "a-refresh-token"}', "$.access_token", False),
        (b'{"access_token": ""}', "$.access_token", False),
    ],
)
def test_what_is_no_response_of_a_token_server(body: bytes, path: str, *, not_json: bool) -> None:
    """The error does not have the body, because that may hold tokens."""
    with pytest.raises(MalformedResponseError) as raised:
        read_response(body, NOW)
    assert (path, not_json, b"") == (raised.value.path, raised.value.not_json, raised.value.raw)
    assert "an-access" not in str(raised.value)
