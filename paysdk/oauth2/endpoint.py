"""Sends requests to a token endpoint."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import quote_plus, urlencode, urlsplit

from paysdk.errors import APIError, ConfigurationError, MalformedResponseError, PaysdkError
from paysdk.oauth2.tokens import Tokens, read_response
from paysdk.transport.client import Client, Settings
from paysdk.transport.conventions import Conventions
from paysdk.transport.credentials import Secret, redact_error
from paysdk.transport.messages import ErrorDetails, Request
from paysdk.transport.observer import RequestStats
from paysdk.transport.origin import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.transport.messages import RawResponse
    from paysdk.transport.observer import Attempt

__all__ = ["AUTHENTICATIONS", "Form", "TokenEndpoint", "check_authentication", "split_url"]

Form: TypeAlias = dict[str, str | Secret | None]

# The ways to send client_id and client_secret, by the names of RFC 7591, section 2.
AUTHENTICATIONS = ("client_secret_basic", "client_secret_post")
# RFC 6749, section 5.2: what is wrong with the client has one of these.
_ABOUT_THE_CLIENT = frozenset({400, 401})


class TokenEndpoint:
    """A token endpoint, and the client that it knows. *settings* are those of the transport."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: Secret | None,
        authentication: str,
        **settings: Any,  # noqa: ANN401  # of Settings
    ) -> None:
        _check_client(client_id, secret, authentication)
        origin, self._path, self._query = split_url(token_url)
        self.url: str = origin + self._path
        self._client_id = client_id
        self._secret = secret
        self._in_header = secret is not None and authentication == "client_secret_basic"
        key = _basic_credentials(client_id, secret)
        self.client: Client = Client(
            "oauth2",
            "Basic" if self._in_header else "",
            Settings(key=key, default_base_url=origin, **settings),
            Conventions(explain_error=_explain_error),
        )

    async def send(
        self,
        form: Form,
        attempts: list[Attempt],
        *,
        previous: Secret | None = None,
        before_retry: Callable[[], Awaitable[None]] | None = None,
    ) -> Tokens:
        """Send *form*, and return the tokens of the response.

        If the response has no refresh token, the *previous* one stays. With *before_retry* the
        request is retried as a GET is. Otherwise it is retried only if it cannot have been
        processed.
        """
        sent_at = datetime.now(UTC)

        async def note_retry() -> None:
            nonlocal sent_at
            sent_at = datetime.now(UTC)
            if before_retry is not None:
                await before_retry()

        def read(response: RawResponse) -> Tokens:
            return read_response(response.body, sent_at, previous)

        request = Request(
            "POST",
            self._path,
            self._query,
            body=self._encode(form),
            content_type="application/x-www-form-urlencoded",
            repeatable=before_retry is not None,
        )
        try:
            return await self.client.call(
                request, read, RequestStats(), before_retry=note_retry, attempts=attempts
            )
        except PaysdkError as error:
            secrets = (*form.values(), self._secret)
            redact_error(error, [value for value in secrets if isinstance(value, Secret)])
            if isinstance(error, APIError) and error.status in _ABOUT_THE_CLIENT:
                error.add_note("Check token_url, client_id, client_secret and authentication.")
            raise

    def _encode(self, form: Form) -> bytes:
        if not self._in_header:
            form = {**form, "client_id": self._client_id, "client_secret": self._secret}
        return urlencode(
            {
                name: value.reveal() if isinstance(value, Secret) else value
                for name, value in form.items()
                if value is not None
            }
        ).encode()


def _basic_credentials(client_id: str, secret: Secret | None) -> Secret:
    """User and password of the ``Authorization`` header (RFC 6749, section 2.3.1)."""
    password = "" if secret is None else quote_plus(secret.reveal())
    return Secret(base64.b64encode(f"{quote_plus(client_id)}:{password}".encode()).decode())


def _explain_error(response: RawResponse) -> ErrorDetails | None:
    """Return the code of an error and its description (RFC 6749, section 5.2)."""
    sent: object = None
    with suppress(MalformedResponseError):
        sent = response.json()
    if not isinstance(sent, dict):
        return None
    words = cast("dict[str, object]", sent)
    code, description = words.get("error"), words.get("error_description")
    if not isinstance(code, str):
        return None
    return ErrorDetails(detail=f"{code}: {description}" if description else code)


def _check_client(client_id: object, secret: object, authentication: object) -> None:
    if not isinstance(client_id, str) or not client_id:
        raise ConfigurationError(f"client_id must be a non-empty string, not {client_id!r}.")
    if secret is not None and (not isinstance(secret, Secret) or not secret.reveal()):
        raise ConfigurationError("client_secret must be a non-empty string or None.")
    check_authentication(authentication)


def check_authentication(authentication: object) -> None:
    """Raise ``ConfigurationError`` unless this is a way to send the client's words."""
    if authentication not in AUTHENTICATIONS:
        raise ConfigurationError(
            f"authentication must be one of {', '.join(AUTHENTICATIONS)}, not "
            f"{authentication!r}. A public client has no client_secret."
        )


def split_url(token_url: str) -> tuple[str, str, str]:
    """Return the origin, the path and the query of *token_url*."""
    given: object = token_url
    if not isinstance(given, str) or not given.isascii() or not given.isprintable() or " " in given:
        raise ConfigurationError("token_url must be a URL in printable ASCII without spaces.")
    try:
        parts = urlsplit(given)
        host = parts.hostname or ""
    except ValueError as error:
        raise ConfigurationError(f"token_url is not a URL: {error}.") from None
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            "token_url must be https: over http the tokens can be read on their way."
        )
    if parts.scheme not in {"http", "https"} or not host or "#" in given or "@" in parts.netloc:
        raise ConfigurationError(
            "token_url must be the https URL of the token endpoint, such as "
            "https://identity.example.com/connect/token, without a user and a fragment."
        )
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/", parts.query
