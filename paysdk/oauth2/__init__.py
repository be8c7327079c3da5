"""API keys that end: OAuth2 tokens, renewed and kept safely."""

from __future__ import annotations

from paysdk.oauth2.client import OAuth2Client
from paysdk.oauth2.errors import AuthorizationEndedError, TokenStoreError
from paysdk.oauth2.files import FileTokenStore
from paysdk.oauth2.server import TokenServer
from paysdk.oauth2.stores import LockedTokens, TokenStore
from paysdk.oauth2.tokens import Tokens

__all__ = [
    "AuthorizationEndedError",
    "FileTokenStore",
    "LockedTokens",
    "OAuth2Client",
    "TokenServer",
    "TokenStore",
    "TokenStoreError",
    "Tokens",
]
