"""What a provider's class says about the server of its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from paysdk import ConfigurationError
from paysdk.oauth2 import FileTokenStore, TokenServer

if TYPE_CHECKING:
    from paysdk.testing import TokenSandbox


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"token_url": "identity.example.com"}, "token_url must be the https URL"),
        ({"token_url": None}, "token_url must be a URL"),
        ({"authentication": "none"}, "authentication must be one of"),
        ({"grace_seconds": -1}, "grace_seconds must be"),
    ],
)
def test_wrong_field_is_refused(change: dict[str, Any], reason: str) -> None:
    """A class with a wrong server cannot be made."""
    given: dict[str, Any] = {"token_url": "https://identity.example.com/token", **change}
    with pytest.raises(ConfigurationError, match=reason):
        TokenServer(**given)


@pytest.mark.parametrize("authentication", ["client_secret_basic", "client_secret_post"])
async def test_client_of_a_server(
    server: TokenSandbox,
    store: FileTokenStore,
    authentication: Literal["client_secret_basic", "client_secret_post"],
) -> None:
    """Its client gets tokens in the way that the server wants."""
    described = TokenServer(token_url=server.token_url, authentication=authentication)
    made = described.client(server.client_id, server.client_secret, store=store)
    async with made as client:
        await client.exchange_code(server.authorise(), "https://app.example.com/back")
        assert server.accepts(await client())
    in_form = [b"client_secret=" in request.body for request in server.requests]
    assert [authentication == "client_secret_post"] == in_form


def test_settings_of_requests(store: FileTokenStore) -> None:
    """They reach the client, which checks them."""
    described = TokenServer(token_url="https://identity.example.com/token")
    wrong: Any = {"trust_env": "yes"}
    with pytest.raises(ConfigurationError, match="trust_env must be True or False"):
        described.client("x", store=store, **wrong)


def test_public_client(store: FileTokenStore) -> None:
    """A public client has no secret, and the server can be another one for a test."""
    described = TokenServer(token_url="https://identity.example.com/token", grace_seconds=60)
    local = attrs.evolve(described, token_url="http://127.0.0.1:1/token")
    assert "OAuth2Client('http://127.0.0.1:1/token')" == repr(local.client("x", store=store))
