"""Access tokens for Xero: 30 minutes each, refreshed with tokens that rotate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.oauth2 import OAuth2Client

if TYPE_CHECKING:
    from paysdk.oauth2 import TokenStore

__all__ = ["TOKEN_URL", "xero_tokens"]

TOKEN_URL = "https://identity.xero.com/connect/token"  # noqa: S105  # an address


def xero_tokens(
    client_id: str, client_secret: str, store: TokenStore, *, token_url: str = TOKEN_URL
) -> OAuth2Client:
    """Return a client that gives access tokens. Pass it to ``XeroProvider`` as ``api_key``.

    Before its first use, *store* must have the refresh token that your application got when a user
    connected it to Xero.
    """
    # Xero accepts a refresh token for 30 minutes after it was replaced.
    return OAuth2Client(token_url, client_id, client_secret, store=store, grace_seconds=1800)
