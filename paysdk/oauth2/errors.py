"""The errors that only OAuth2 clients and their stores raise."""

from __future__ import annotations

from paysdk.errors import AuthenticationError, PaysdkError

__all__ = ["AuthorizationEndedError", "TokenStoreError"]


class AuthorizationEndedError(AuthenticationError):
    """The authorization has ended, and a person must give it again.

    The refresh token has expired, was revoked or was used before, or there is none.
    """


class TokenStoreError(PaysdkError):
    """The file of the tokens cannot be read, written or locked."""
