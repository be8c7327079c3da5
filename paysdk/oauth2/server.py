"""What a provider's class says about the server of its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack, cast

import attrs

from paysdk.arguments import check_seconds
from paysdk.oauth2.client import OAuth2Client
from paysdk.oauth2.endpoint import check_authentication, split_url
from paysdk.transport.credentials import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from paysdk.events import Event
    from paysdk.oauth2.stores import TokenStore
    from paysdk.transport.client import Session
    from paysdk.transport.policy import RetryPolicy

__all__ = ["RequestSettings", "TokenServer"]

Authentication: TypeAlias = Literal["client_secret_basic", "client_secret_post"]


class RequestSettings(TypedDict, total=False):
    """The settings of an ``OAuth2Client`` that are about its requests."""

    session: Session | None
    retry: RetryPolicy
    timeout: float
    on_event: Callable[[Event], object] | None
    trust_env: bool
    ssl_context: SSLContext | None


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
        self,
        client_id: str,
        client_secret: str | None = None,
        *,
        store: TokenStore,
        **settings: Unpack[RequestSettings],
    ) -> OAuth2Client:
        """Return an ``OAuth2Client`` of this server, which you pass to the provider as its key.

        *settings* are those of ``OAuth2Client`` for its requests, such as ``timeout``.
        """
        secret = Secret(client_secret) if isinstance(client_secret, str) else client_secret
        del client_secret  # so that no traceback of what follows can show it
        return OAuth2Client(
            self.token_url,
            client_id,
            cast("str | None", secret),
            store=store,
            authentication=self.authentication,
            grace_seconds=self.grace_seconds,
            **settings,
        )
