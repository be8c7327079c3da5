"""Gives access tokens, and renews them with refresh tokens that rotate."""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self
from weakref import WeakKeyDictionary

from paysdk.arguments import check_seconds
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.oauth2.endpoint import TokenEndpoint
from paysdk.oauth2.refreshing import Refresher
from paysdk.transport.credentials import Secret
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from ssl import SSLContext
    from types import TracebackType

    from paysdk.events import Event
    from paysdk.oauth2.endpoint import Form
    from paysdk.oauth2.stores import TokenStore
    from paysdk.oauth2.tokens import Tokens
    from paysdk.transport.client import Session

__all__ = ["OAuth2Client"]

# Tasks may come with a refused token after it was replaced. More than 32 are rarely in flight.
_REFUSED_REMEMBERED = 32


class OAuth2Client:
    """An API key that renews itself: an OAuth2 client whose refresh tokens rotate.

    Pass it to a provider as its ``api_key``. *token_url* is the server's token endpoint.
    *client_id* and *client_secret* are sent as *authentication* says, by the names of RFC 7591. A
    public client has no secret. *store* keeps the tokens.

    One refresh runs at a time, among all tasks and processes that share the store. The others take
    its tokens. New tokens are in the store before any of them is used. A refresh is noted in
    the store before it is sent. If it may have reached the server, it is not sent again, because
    many servers then revoke all tokens. *grace_seconds* says how long your server still accepts a
    refresh token that was replaced (Xero: 1,800). Within this time a refresh is repeated.

    *session*, *retry*, *timeout*, *on_event*, *trust_env* and *ssl_context* are those of a
    provider, for the requests to the token endpoint.

    Use the client in ``async with``, or call ``aclose``: this waits for the end of a refresh that
    was sent. Nothing is opened before the first request. A refresh goes on if the task that wanted
    the token is cancelled.

    Raises ``ConfigurationError`` for an argument that cannot be right.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str | None = None,
        *,
        store: TokenStore,
        authentication: Literal["client_secret_basic", "client_secret_post"] = (
            "client_secret_basic"
        ),
        grace_seconds: float | None = None,
        session: Session | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        timeout: float = 60.0,
        on_event: Callable[[Event], object] | None = None,
        trust_env: bool = False,
        ssl_context: SSLContext | None = None,
    ) -> None:
        secret = Secret(client_secret) if isinstance(client_secret, str) else client_secret
        del client_secret  # so that no traceback of what follows can show it
        if not callable(getattr(store, "lock", None)):
            raise ConfigurationError(
                f"store must be a token store, such as FileTokenStore(path), not {store!r}."
            )
        if grace_seconds is not None:
            check_seconds("grace_seconds", grace_seconds)
        self._endpoint = TokenEndpoint(
            token_url,
            client_id,
            secret,
            authentication,
            session=session,
            retry=retry,
            timeout=timeout,
            on_event=on_event,
            trust_env=trust_env,
            ssl_context=ssl_context,
        )
        self._client = self._endpoint.client
        self._refresher = Refresher(store, self._endpoint, grace_seconds)
        self._tokens: Tokens | None = None
        self._refused: deque[Secret] = deque(maxlen=_REFUSED_REMEMBERED)
        self._refreshes: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Tokens]] = (
            WeakKeyDictionary()
        )

    def __repr__(self) -> str:
        # A constructor that fails leaves an incomplete object in the frames of its error, and a
        # tool may show those.
        endpoint: TokenEndpoint | None = getattr(self, "_endpoint", None)
        return f"{type(self).__name__}({'' if endpoint is None else repr(endpoint.url)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an OAuth2Client holds tokens, so it cannot be pickled: make another one in the other "
            "process"
        )

    async def __aenter__(self) -> Self:
        self._client.reopen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Wait until a refresh that was sent has ended, and close the connections.

        You may call this twice, and enter the client again.
        """
        await self._client.aclose()

    async def __call__(self) -> str:
        """Return an access token, renewed if necessary.

        Raises ``AuthorizationEndedError`` if a person must authorise again,
        ``OutcomeUnknownError`` if an earlier refresh may have used the refresh token up,
        ``ConfigurationError`` if the store has no tokens, and what the store and the request raise.
        """
        token = self._usable(self._tokens)
        # A token that has just come is used even if the server was slow to send it. But another
        # task may have noted meanwhile that it is refused.
        while token is None or self._is_refused(token):
            token = (await self._join(self._refresh)).access_token
        return token.reveal()

    def refused(self, token: str) -> None:
        """Note that an API has refused *token*. Providers call this after a 401."""
        self._refused.append(Secret(token))

    async def exchange_code(
        self, code: str, redirect_uri: str, code_verifier: str | None = None
    ) -> Tokens:
        """Exchange an authorization code for the first tokens, and save them.

        *redirect_uri* is the one that the authorization had. *code_verifier* is the code verifier
        of PKCE. The code is sent once, because a server may revoke everything if it comes again. If
        this fails, a person must authorise again. A cancellation waits for the response.
        """
        form: Form = {
            "grant_type": "authorization_code",
            "code": Secret(code),
            "redirect_uri": redirect_uri,
            "code_verifier": None if code_verifier is None else Secret(code_verifier),
        }
        del code, code_verifier
        return self._use(await self._refresher.exchange(form))

    async def repeat_refresh(self) -> Tokens:
        """Send a refresh once more although its first outcome is not known.

        Call this after an ``OutcomeUnknownError``, if you prefer the risk to a new authorization:
        if the server did process the first one, it refuses this one, and may revoke all tokens.
        """
        return await self._join(partial(self._refresh, repeat=True))

    async def _join(self, refresh: Callable[[], Coroutine[Any, Any, Tokens]]) -> Tokens:
        """Wait for the refresh of this event loop, and begin it if there is none."""
        loop = asyncio.get_running_loop()
        task = self._refreshes.get(loop)
        if task is None or task.done():
            task = self._refreshes[loop] = self._client.start(refresh())
        try:
            return await asyncio.shield(task)
        except PaysdkError as error:
            # Each task gets a copy of the error, because a listing sets its own checkpoint on it.
            raise copy.copy(error) from None
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if not task.cancelled() or (me and me.cancelling()):
                raise
        raise ConfigurationError(
            "This OAuth2Client was closed while a token was renewed. Enter it again with "
            "'async with', or make another."
        )

    async def _refresh(self, *, repeat: bool = False) -> Tokens:
        return self._use(await self._refresher.refresh(self._is_usable, repeat=repeat))

    def _use(self, tokens: Tokens) -> Tokens:
        """Give these tokens out from now on."""
        self._tokens = tokens
        # A server may give the same token again. Then the API decides whether it is valid.
        token = tokens.access_token and tokens.access_token.reveal()
        others = (other for other in self._refused if other.reveal() != token)
        self._refused = deque(others, maxlen=_REFUSED_REMEMBERED)
        return tokens

    def _is_usable(self, tokens: Tokens) -> bool:
        return self._usable(tokens) is not None

    def _usable(self, tokens: Tokens | None) -> Secret | None:
        """Return the access token, if it can be used."""
        if tokens is None or (tokens.renew_at is not None and tokens.renew_at <= _now()):
            return None
        token = tokens.access_token
        return None if token is None or self._is_refused(token) else token

    def _is_refused(self, token: Secret) -> bool:
        return any(token.reveal() == refused.reveal() for refused in self._refused)


def _now() -> datetime:
    return datetime.now(UTC)
