"""What a provider's class says about the server of its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import attrs

from paysdk.arguments import check_seconds
from paysdk.oauth2.client import OAuth2Client
from paysdk.oauth2.endpoint import check_authentication, split_url
from paysdk.transport.credentials import Secret

if TYPE_CHECKING:
    from paysdk.oauth2.stores import TokenStore

__all__ = ["TokenServer"]

Authentication: TypeAlias = Literal["client_secret_basic", "client_secret_post"]


@attrs.frozen(kw_only=True)
class TokenServer:
    """The OAuth2 server that gives the access tokens of a provider.

    Set it as the class attribute ``token_server`` of your provider. The command line then takes a
    client and a place for the tokens from the environment, instead of a key. The fields are
    arguments of ``OAuth2Client``.

    Raises ``ConfigurationError`` for a field that cannot be right.
    """

    token_url: str
    authentication: Authentication = "client_secret_basic"
    grace_seconds: float | None = None

    def __attrs_post_init__(self) -> None:
        split_url(self.token_url)
        check_authentication(self.authentication)
        if self.grace_seconds is not None:
            check_seconds("grace_seconds", self.grace_seconds)

    def client(
        self, client_id: str, client_secret: str | None = None, *, store: TokenStore
    ) -> OAuth2Client:
        """Return an ``OAuth2Client`` of this server, which you pass to the provider as its key."""
        secret = Secret(client_secret) if isinstance(client_secret, str) else client_secret
        del client_secret  # so that no traceback of what follows can show it
        return OAuth2Client(
            self.token_url,
            client_id,
            cast("str | None", secret),
            store=store,
            authentication=self.authentication,
            grace_seconds=self.grace_seconds,
        )
