"""Requests to a token endpoint, and what is wrong with its URL and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paysdk import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
)
from paysdk.oauth2 import (
    AuthorizationEndedError,
    FileTokenStore,
    OAuth2Client,
    Tokens,
)
from paysdk.oauth2.endpoint import TokenEndpoint
from paysdk.testing import TokenSandbox, status
from paysdk.transport.credentials import Secret
from tests.oauth2.faults import fail_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.oauth2.conftest import MakeClient

    Expire = Callable[[], Awaitable[Tokens]]


async def test_a_refused_client(
    server: TokenSandbox, ready: OAuth2Client, make_client: MakeClient, store: FileTokenStore
) -> None:
    """The error says what to check, and the refresh token can still be used."""
    wrong = make_client(store, client_secret="other-words")
    with pytest.raises(AuthenticationError) as raised:
        await wrong()
    assert not isinstance(raised.value, AuthorizationEndedError)
    assert [
        "Check token_url, client_id, client_secret and authentication."
    ] == raised.value.__notes__
    assert server.accepts(await ready())


@pytest.mark.usefixtures("ready")
async def test_the_client_can_be_sent_in_the_form(
    server: TokenSandbox, make_client: MakeClient, store: FileTokenStore
) -> None:
    """Then no header has it."""
    client = make_client(store, authentication="client_secret_post")
    assert server.accepts(await client())
    assert not server.requests[-1].authorised
    assert server.requests[-1].body.endswith(
        b"&client_id=sandbox-client&client_secret=sandbox-client-words"
    )


async def test_another_error_of_the_request(server: TokenSandbox, ready: OAuth2Client) -> None:
    """It comes as it is, and the refresh token can still be used."""
    fail_with(server, status(400, body=b'{"error": "invalid_scope"}'))
    with pytest.raises(BadRequestError, match="invalid_scope"):
        await ready()
    assert server.accepts(await ready())


ECHOES = {
    "words": b'{"error": "invalid_grant", "error_description": "%s"}',
    "code": b'{"error": "invalid_grant %s"}',
    "another error": b'{"error": "invalid_request: %s"}',
    "HTML": b"<html><body>%s</body></html>",
}


@pytest.mark.parametrize("code", [200, 400, 401, 500])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("secret", [b"sandbox-refresh-2", b"sandbox-client-words"])
async def test_a_server_that_repeats_a_secret(
    server: TokenSandbox,
    ready: OAuth2Client,
    told_by: Callable[[BaseException], str],
    caplog: pytest.LogCaptureFixture,
    *,
    code: int,
    echo: bytes,
    secret: bytes,
) -> None:
    """No error and no log shows it."""
    fail_with(server, status(code, body=echo % secret))
    with caplog.at_level(0), pytest.raises(Exception, match=r".") as raised:
        await ready()
    assert secret.decode() not in told_by(raised.value)
    assert secret.decode() not in caplog.text


@pytest.mark.parametrize(
    ("token_url", "message"),
    [
        (7, "token_url must be a URL"),
        ("https://id.example.com/to ken", "token_url must be a URL"),
        ("https://id.example.com/tökén", "token_url must be a URL"),
        ("http://id.example.com/token", "token_url must be https"),
        ("ftp://id.example.com/token", "token_url must be the https URL"),
        ("https:///token", "token_url must be the https URL"),
        ("https://id.example.com/token#x", "token_url must be the https URL"),
        ("https://user@id.example.com/token", "token_url must be the https URL"),
        ("https://[id.example.com/token", "token_url is not a URL"),
    ],
)
def test_a_wrong_url(
    token_url: Any,  # noqa: ANN401  # what is refused
    message: str,
    told_by: Callable[[BaseException], str],
) -> None:
    """It is refused when the endpoint is made, with an error that shows no secret."""
    secret = Secret("words-of-the-client")
    with pytest.raises(ConfigurationError, match=message) as raised:
        TokenEndpoint(token_url, "a-client", secret, "client_secret_basic")
    assert "words-of-the-client" not in told_by(raised.value)


@pytest.mark.parametrize(
    ("token_url", "url"),
    [
        ("https://id.example.com", "https://id.example.com/"),
        ("https://id.example.com:8443/token?v=2", "https://id.example.com:8443/token"),
        ("http://127.0.0.1:8080/token", "http://127.0.0.1:8080/token"),
    ],
)
def test_a_url_without_its_query(token_url: str, url: str) -> None:
    """Plain http is for loopback."""
    assert url == TokenEndpoint(token_url, "a-client", None, "client_secret_basic").url
