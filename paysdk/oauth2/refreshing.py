"""Refreshes tokens in a store. Neither a crash nor a lost response is hidden."""

from __future__ import annotations

import copy
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from paysdk.cancellation import run_to_end
from paysdk.errors import APIError, ConfigurationError, OutcomeUnknownError, PaysdkError
from paysdk.oauth2.errors import AuthorizationEndedError
from paysdk.transport.observer import may_have_been_processed

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.oauth2.endpoint import Form, TokenEndpoint
    from paysdk.oauth2.stores import LockedTokens, TokenStore
    from paysdk.oauth2.tokens import Tokens
    from paysdk.transport.credentials import Secret
    from paysdk.transport.observer import Attempt

__all__ = ["Refresher"]

_AUTHORISE_AGAIN = "Let a person authorise again, and pass the code to exchange_code()."


class Refresher:
    """Refreshes the tokens of a store, under its lock.

    The order of the steps keeps the refresh token. The store notes that a refresh is sent, then it
    is sent, then the new tokens replace the old ones and the note. A process that is killed in
    between leaves the note, so the next one knows that the refresh token may be used up. The note
    is removed if the request cannot have been processed.
    """

    def __init__(
        self, store: TokenStore, endpoint: TokenEndpoint, grace_seconds: float | None
    ) -> None:
        self._store = store
        self._endpoint = endpoint
        self._grace_seconds = grace_seconds
        # The tokens that were replaced, and the new ones, which could not be saved.
        self._unsaved: tuple[Tokens | None, Tokens] | None = None
        # The refresh token that the server has refused, and the error.
        self._ended: tuple[Secret, AuthorizationEndedError] | None = None

    async def exchange(self, form: Form) -> Tokens:
        """Send the *form* of an authorization code, and save the tokens that come."""
        async with self._store.lock() as locked:
            return await run_to_end(self._exchange_locked(form, locked))

    async def refresh(self, is_usable: Callable[[Tokens], bool], *, repeat: bool = False) -> Tokens:
        """Return the stored tokens if they are usable by now, and refreshed ones otherwise.

        With *repeat* the refresh token is sent although it may be used up.
        """
        async with self._store.lock() as locked:
            return await run_to_end(self._refresh_locked(is_usable, locked, repeat=repeat))

    async def _exchange_locked(self, form: Form, locked: LockedTokens) -> Tokens:
        replaced: Tokens | None = None
        with suppress(PaysdkError):  # new tokens may replace some that cannot be read
            replaced = await locked.load()
        tokens = await self._endpoint.send(form, [])
        self._ended = None
        await self._save(locked, replaced, tokens)
        return tokens

    async def _refresh_locked(
        self, is_usable: Callable[[Tokens], bool], locked: LockedTokens, *, repeat: bool
    ) -> Tokens:
        stored = await self._load(locked)
        if is_usable(stored):
            return stored
        refresh_token = self._check_refreshable(stored, repeat=repeat)
        marked = attrs.evolve(stored, refresh_sent_at=stored.refresh_sent_at or datetime.now(UTC))
        # Even if this fails, the note may have been written.
        self._unsaved = marked, stored
        await locked.save(marked)
        self._unsaved = None
        attempts: list[Attempt] = []
        try:
            fresh = await self._send_refresh(refresh_token, marked, attempts)
        except BaseException as error:
            if may_have_been_processed(attempts):
                self._raise_if_unknown(error)
            else:
                await self._save(locked, marked, stored)
                self._raise_if_ended(error, refresh_token)
            raise
        await self._save(locked, marked, fresh)
        return fresh

    async def _send_refresh(
        self, refresh_token: Secret, marked: Tokens, attempts: list[Attempt]
    ) -> Tokens:
        async def check_grace() -> None:
            if may_have_been_processed(attempts) and not self._in_grace(marked):
                raise _unknown_outcome("A refresh was sent, and its outcome is unknown.")

        return await self._endpoint.send(
            {"grant_type": "refresh_token", "refresh_token": refresh_token},
            attempts,
            previous=refresh_token,
            before_retry=None if self._grace_seconds is None else check_grace,
        )

    async def _load(self, locked: LockedTokens) -> Tokens:
        """Return the stored tokens. First save what could not be saved before."""
        stored = await locked.load()
        if self._unsaved is not None:
            replaced, tokens = self._unsaved
            if stored == replaced:
                await self._save(locked, replaced, tokens)
                return tokens
            self._unsaved = None  # another process has newer ones
        if stored is None:
            raise ConfigurationError(
                "The store has no tokens yet. Call exchange_code() with the code of an "
                "authorization, or save(Tokens(refresh_token=...)) of the store."
            )
        return stored

    async def _save(self, locked: LockedTokens, replaced: Tokens | None, tokens: Tokens) -> None:
        self._unsaved = replaced, tokens
        try:
            await locked.save(tokens)
        except PaysdkError as error:
            error.add_note(
                "The tokens that could not be saved are kept in memory. The next call saves them."
            )
            raise
        self._unsaved = None

    def _check_refreshable(self, stored: Tokens, *, repeat: bool) -> Secret:
        """Return the refresh token. Raises if it cannot be sent."""
        if stored.refresh_token is None:
            raise AuthorizationEndedError(
                "The access token has ended, and no refresh token is stored to renew it with. "
                f"{_AUTHORISE_AGAIN}"
            )
        if self._ended is not None and self._ended[0].reveal() == stored.refresh_token.reveal():
            raise copy.copy(self._ended[1])
        if stored.refresh_sent_at is not None and not repeat and not self._in_grace(stored):
            raise _unknown_outcome(
                f"A refresh was sent at {stored.refresh_sent_at:%Y-%m-%d %H:%M:%S} UTC, and its "
                "new tokens never reached the store."
            )
        return stored.refresh_token

    def _in_grace(self, marked: Tokens) -> bool:
        """Whether the server accepts this refresh token again although it may be used up."""
        sent_at = marked.refresh_sent_at
        if self._grace_seconds is None or sent_at is None:
            return False
        # A time in the future was written by a clock that was wrong, so it cannot be trusted.
        return abs((datetime.now(UTC) - sent_at).total_seconds()) < self._grace_seconds

    def _raise_if_unknown(self, error: BaseException) -> None:
        """Say that the refresh token may be used up, if it cannot be sent again."""
        if isinstance(error, PaysdkError) and self._grace_seconds is None:
            raise _unknown_outcome(
                f"A refresh was sent, and its outcome is unknown: {error}.", str(error)
            ) from None

    def _raise_if_ended(self, error: BaseException, refresh_token: Secret) -> None:
        """Raise ``AuthorizationEndedError`` if the server refuses the refresh token."""
        if not isinstance(error, APIError) or "invalid_grant" not in error.detail:
            return
        words = error.detail.rstrip(".")
        ended = AuthorizationEndedError(
            f"The token server refused the refresh token: {words}. It has expired, was "
            f"revoked, or was used before. {_AUTHORISE_AGAIN}",
            status=error.status,
            detail=error.detail,
            fields=error.fields,
            request_id=error.request_id,
            headers=error.headers,
        ).quoting(words)
        ended.provider, ended.method, ended.url = error.provider, error.method, error.url
        self._ended = refresh_token, ended
        raise copy.copy(ended) from None


def _unknown_outcome(what: str, found: str = "") -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{what} The refresh token may be used up. If your server still accepts a replaced token "
        "for some time, set grace_seconds. Otherwise let a person authorise again "
        "(exchange_code()), or take the risk of repeat_refresh().",
        operation="refresh of the access token",
        found=found,
    ).quoting(*([found] if found else []))
