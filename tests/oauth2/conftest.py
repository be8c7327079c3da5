"""A token server, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from paysdk import RetryPolicy
from paysdk.oauth2 import FileTokenStore, OAuth2Client, Tokens, TokenStore
from paysdk.testing import TokenSandbox

if TYPE_CHECKING:
    from pathlib import Path

MakeClient: TypeAlias = Callable[..., OAuth2Client]

QUICK = RetryPolicy(attempts=3, wait_initial=0)


@pytest.fixture
async def server() -> AsyncIterator[TokenSandbox]:
    """A token server whose refresh tokens can be used once."""
    async with TokenSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the tokens."""
    return tmp_path / "tokens.json"


@pytest.fixture
def store(path: Path) -> FileTokenStore:
    """A store with no tokens yet."""
    return FileTokenStore(path)


@pytest.fixture
async def make_client(server: TokenSandbox) -> AsyncIterator[MakeClient]:
    """Makes clients of the server. They are closed when the test ends."""
    made: list[OAuth2Client] = []

    def make(
        store: TokenStore,
        **settings: Any,  # noqa: ANN401  # those of the client
    ) -> OAuth2Client:
        settings = {"retry": QUICK, "client_secret": server.client_secret, **settings}
        made.append(OAuth2Client(server.token_url, server.client_id, store=store, **settings))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def client(
    server: TokenSandbox, store: FileTokenStore, make_client: MakeClient
) -> OAuth2Client:
    """A client with its first tokens."""
    client = make_client(store)
    await client.exchange_code(server.authorise(), "https://example.com/back")
    return client


@pytest.fixture
def expire(store: FileTokenStore) -> Callable[[], Any]:
    """Makes the stored access token one that must be renewed, as if its time were over."""

    async def expire() -> Tokens:
        stored = await store.load()
        assert stored is not None
        await store.save(Tokens(refresh_token=stored.refresh_token))
        return stored

    return expire


@pytest.fixture
async def ready(client: OAuth2Client, expire: Callable[[], Any]) -> OAuth2Client:
    """A client whose next call refreshes."""
    await expire()
    client._tokens = None
    return client
