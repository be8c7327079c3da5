"""The token server for tests."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from paysdk.testing import TokenSandbox, in_thread


def post(url: str, **form: str) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of a response."""
    try:
        with urlopen(Request(url, urlencode(form).encode())) as response:  # noqa: S310  # loopback
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-words"}


def test_tokens_rotate() -> None:
    """A replaced refresh token is a theft, and revokes all tokens."""
    with in_thread(TokenSandbox()) as server:
        code = {"grant_type": "authorization_code", "code": server.authorise()}
        status, first = post(server.token_url, **CLIENT, **code)
        assert (200, 1800, "Bearer") == (status, first["expires_in"], first["token_type"])
        assert server.accepts(first["access_token"])
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        _, second = post(server.token_url, **CLIENT, **refresh)
        assert server.accepts(first["access_token"])
        assert server.accepts(second["access_token"])
        status, refused = post(server.token_url, **CLIENT, **refresh)
        assert (400, "invalid_grant") == (status, refused["error"])
        assert not server.accepts(second["access_token"])
        assert not server.accepts(None)
        status, refused = post(server.token_url, **CLIENT, **code)
        assert (400, "invalid_grant") == (status, refused["error"])
        assert 1 == server.refreshes


def test_grace_and_tokens_without_an_end() -> None:
    """In the grace a replaced token is accepted again."""
    with in_thread(TokenSandbox(grace_seconds=1800, expires_in=None)) as server:
        _, first = post(
            server.token_url, **CLIENT, grant_type="authorization_code", code=server.authorise()
        )
        assert "expires_in" not in first
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        assert [200, 200] == [post(server.token_url, **CLIENT, **refresh)[0] for _ in range(2)]
        server.revoke_access_tokens()
        assert not server.accepts(first["access_token"])
        assert 200 == post(server.token_url, **CLIENT, **refresh)[0]


@pytest.mark.parametrize(
    ("path", "form", "expected"),
    [
        ("/connect/token", {"grant_type": "refresh_token"}, (401, "invalid_client")),
        ("/connect/token", {**CLIENT, "grant_type": "password"}, (400, "unsupported_grant_type")),
        ("/connect/token", {**CLIENT, "grant_type": "refresh_token"}, (400, "invalid_grant")),
        ("/elsewhere", CLIENT, (404, "invalid_request")),
    ],
)
def test_what_is_refused(path: str, form: dict[str, str], expected: tuple[int, str]) -> None:
    """With the codes of RFC 6749, section 5.2."""
    with in_thread(TokenSandbox()) as server:
        status, refused = post(server.url + path, **form)
        assert expected == (status, refused["error"])
        assert "words" not in repr(server)
