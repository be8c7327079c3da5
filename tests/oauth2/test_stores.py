"""A store of tokens of your own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from paysdk.oauth2 import Tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paysdk.oauth2 import LockedTokens, TokenStore
    from paysdk.testing import TokenSandbox
    from tests.oauth2.conftest import MakeClient


class MemoryStore:
    """The tokens of one process, which are lost with it."""

    def __init__(self) -> None:
        self.tokens: Tokens | None = None
        self.saves = 0
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[LockedTokens]:
        """Wait for the lock, and hold it."""
        async with self._lock:
            yield self

    async def load(self) -> Tokens | None:
        """The tokens, if any were saved."""
        return self.tokens

    async def save(self, tokens: Tokens) -> None:
        """Replace the tokens."""
        assert self._lock.locked()
        self.tokens = tokens
        self.saves += 1


async def test_a_store_needs_a_lock_and_two_methods(
    server: TokenSandbox, make_client: MakeClient
) -> None:
    """The clients that share it send one refresh, which is noted before it is sent."""
    store = MemoryStore()
    typed: TokenStore = store
    clients = [make_client(typed) for _ in range(3)]
    await clients[0].exchange_code(server.authorise(), "https://example.com/back")
    assert store.tokens is not None
    store.tokens = Tokens(refresh_token=store.tokens.refresh_token)
    clients[0]._tokens = None
    saves = store.saves

    given = await asyncio.gather(*(client() for client in clients))

    assert 1 == server.refreshes == len(set(given))
    assert 2 == store.saves - saves
