"""A token server on this machine, for tests of applications whose keys end."""

from __future__ import annotations

import base64
import json
import time
from typing import ClassVar
from urllib.parse import parse_qsl, quote_plus

import attrs

from paysdk.testing.exchange import Request, Response
from paysdk.testing.server import Sandbox

__all__ = ["TokenSandbox"]

_CLIENT_ID, _CLIENT_SECRET = "sandbox-client", "sandbox-client-words"
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def _basic(client_id: str, client_secret: str) -> str:
    words = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return base64.b64encode(words.encode()).decode()


@attrs.define(kw_only=True, eq=False)
class TokenSandbox(Sandbox):
    """An OAuth2 token endpoint whose refresh tokens rotate (RFC 6749; RFC 9700, section 4.14.2).

    Each refresh replaces the refresh token. For *grace_seconds* the replaced token is accepted
    again. After that its use revokes all tokens. Access tokens last *expires_in* seconds; ``None``
    leaves the field out of the responses, and they last until ``revoke_access_tokens``.
    ``authorise`` does what a person does in a browser, and returns the code.
    """

    scheme: ClassVar[str] = "Basic"

    client_id: str = _CLIENT_ID
    client_secret: str = attrs.field(default=_CLIENT_SECRET, repr=False)
    api_key: str = attrs.field(
        default=attrs.Factory(
            lambda self: _basic(self.client_id, self.client_secret), takes_self=True
        ),
        repr=False,
    )
    expires_in: float | None = 1800
    grace_seconds: float = 0.0
    refreshes: int = attrs.field(init=False, default=0)
    _number: int = attrs.field(init=False, default=0)
    _codes: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _refresh_token: str | None = attrs.field(init=False, default=None, repr=False)
    _replaced: dict[str, float] = attrs.field(init=False, factory=dict[str, float], repr=False)
    _access: dict[str, float] = attrs.field(init=False, factory=dict[str, float], repr=False)

    @property
    def token_url(self) -> str:
        """The URL of the token endpoint."""
        return f"{self.url}/connect/token"

    def authorise(self) -> str:
        """Return a new authorization code."""
        self._number += 1
        code = f"sandbox-code-{self._number}"
        self._codes.add(code)
        return code

    def accepts(self, access_token: str | None) -> bool:
        """Whether an API accepts this access token now."""
        return time.monotonic() < self._access.get(access_token or "", 0.0)

    def revoke_access_tokens(self) -> None:
        """Let no access token be accepted any longer. The refresh token stays."""
        self._access.clear()

    def revoke_all(self) -> None:
        """Let no token be accepted any longer."""
        self._access.clear()
        self._replaced.clear()
        self._refresh_token = None

    def respond(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode("ascii", "replace")))
        if (request.method, request.path) != ("POST", "/connect/token"):
            return _refuse("invalid_request", "There is nothing here.", 404)
        if not self._knows_client(request, form):
            return _refuse("invalid_client", "This client is not known.", 401)
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(form.get("code", ""))
            case "refresh_token":
                return self._refresh(form.get("refresh_token", ""))
            case other:
                return _refuse("unsupported_grant_type", f"Not {other}.")

    def _knows_client(self, request: Request, form: dict[str, str]) -> bool:
        sent = (form.get("client_id"), form.get("client_secret"))
        return self.is_authorised(request) or sent == (self.client_id, self.client_secret)

    def _exchange(self, code: str) -> Response:
        if code not in self._codes:
            return _refuse("invalid_grant", "This code was used or never issued.")
        self._codes.remove(code)
        self.revoke_all()
        return self._issue()

    def _refresh(self, token: str) -> Response:
        now = time.monotonic()
        if token != self._refresh_token and self._replaced.get(token, 0.0) <= now:
            self.revoke_all()  # a replaced token may have been stolen
            return _refuse("invalid_grant", "This refresh token is not valid.")
        self.refreshes += 1
        self._replaced.setdefault(token, now + self.grace_seconds)
        return self._issue()

    def _issue(self) -> Response:
        self._number += 1
        access, refresh = f"sandbox-access-{self._number}", f"sandbox-refresh-{self._number}"
        self._refresh_token = refresh
        lasts = float("inf") if self.expires_in is None else self.expires_in
        self._access[access] = time.monotonic() + lasts
        sent = {"access_token": access, "token_type": "Bearer", "refresh_token": refresh}
        expiry = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return Response(200, json.dumps(sent | expiry).encode(), _HEADERS)


def _refuse(error: str, description: str, status: int = 400) -> Response:
    words = {"error": error, "error_description": description}
    return Response(status, json.dumps(words).encode(), _HEADERS)
