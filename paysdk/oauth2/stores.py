"""What a place for tokens must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from paysdk.oauth2.tokens import Tokens

__all__ = ["LockedTokens", "TokenStore"]


class LockedTokens(Protocol):
    """The tokens in a store, while one task holds the lock."""

    async def load(self) -> Tokens | None:
        """Return the stored tokens, or ``None`` if none were ever saved."""
        ...

    async def save(self, tokens: Tokens) -> None:
        """Replace the stored tokens.

        The new ones must survive a power failure when this returns. It must raise if the lock was
        lost meanwhile.
        """
        ...


class TokenStore(Protocol):
    """A place for the tokens of one authorization."""

    def lock(self) -> AbstractAsyncContextManager[LockedTokens]:
        """Hold the lock while the context lasts.

        Wait first until no other task or process holds it. If the holder is killed, the lock must
        become free.
        """
        ...
