"""Tokens, as they are kept and as a token server sends them. Pure."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import attrs
import msgspec

from paysdk.errors import ConfigurationError, MalformedResponseError
from paysdk.transport.credentials import Secret

__all__ = ["Tokens", "read_response"]

# A token is renewed this long before its end, so that it does not end on its way to the API.
_MARGIN_SECONDS, _MARGIN_SHARE = 60.0, 0.1
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
# Longer than any token lives, and short enough for the calendar.
_MAX_SECONDS = 100 * 366 * 86_400.0
_NO_TOKENS = "This is not JSON that Tokens.to_json() has written."


def _as_secret(text: str | Secret | None) -> Secret | None:
    given: object = text
    if given is None or isinstance(given, Secret):
        return given
    if not isinstance(given, str) or not given:
        del given, text
        raise ConfigurationError("A token must be a non-empty string.")
    return Secret(given)


def _check_moment(
    _: Tokens, field: attrs.Attribute[datetime | None], value: datetime | None
) -> None:
    given: object = value
    if given is not None and (not isinstance(given, datetime) or given.utcoffset() is None):
        raise ConfigurationError(f"{field.name} must be an aware datetime, not {value!r}.")


def _compared(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


@attrs.frozen(kw_only=True)
class Tokens:
    """The tokens of one authorization.

    ``renew_at`` is when the access token is renewed, a little before it expires. If it is ``None``,
    the token is used until an API refuses it. ``refresh_sent_at`` is when a refresh with this
    refresh token was sent whose outcome is not known.

    No token is in the repr, and an object of this class cannot be pickled. ``to_json`` and
    ``from_json`` are for stores.
    """

    access_token: Secret | None = attrs.field(default=None, converter=_as_secret, eq=_compared)
    refresh_token: Secret | None = attrs.field(default=None, converter=_as_secret, eq=_compared)
    renew_at: datetime | None = attrs.field(default=None, validator=_check_moment)
    refresh_sent_at: datetime | None = attrs.field(default=None, validator=_check_moment)

    def to_json(self) -> str:
        """Return the tokens as a text, which must be kept secret."""
        return json.dumps(
            {
                "access_token": _compared(self.access_token),
                "refresh_token": _compared(self.refresh_token),
                "renew_at": self.renew_at and self.renew_at.isoformat(),
                "refresh_sent_at": self.refresh_sent_at and self.refresh_sent_at.isoformat(),
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Tokens:
        """Return the tokens that ``to_json`` has written. Raises ``ValueError`` for other texts."""
        kept: _Kept | None = None
        try:
            kept = msgspec.json.decode(text, type=_Kept)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            del text  # it may hold tokens, and the frames of an error may be shown
        if kept is None:
            raise ValueError(_NO_TOKENS)
        return cls(
            access_token=kept.access_token,
            refresh_token=kept.refresh_token,
            renew_at=kept.renew_at,
            refresh_sent_at=kept.refresh_sent_at,
        )


_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class _Kept(msgspec.Struct):
    access_token: _Text | None
    refresh_token: _Text | None
    renew_at: _Moment | None
    refresh_sent_at: _Moment | None


def read_response(body: bytes, sent_at: datetime, previous: Secret | None = None) -> Tokens:
    """Return the tokens of a token server's response (RFC 6749, section 5.1).

    *sent_at* is when the request was sent. A response without a new refresh token leaves the
    *previous* one valid (section 6). A bad value that is not needed to use the tokens is ignored,
    because refusing the response would lose the new refresh token.

    Raises ``MalformedResponseError``, without the body, because that may hold tokens.
    """
    sent = _decode(body)
    access = sent.get("access_token")
    if not isinstance(access, str) or not access:
        raise MalformedResponseError(
            "The response of the token server has no access_token.", path="$.access_token"
        ).quoting()
    refresh = sent.get("refresh_token")
    return Tokens(
        access_token=access,
        refresh_token=str(refresh) if refresh else previous,
        renew_at=_renew_at(sent.get("expires_in"), sent_at),
    )


def _decode(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        not_json = not isinstance(error, msgspec.ValidationError)
    raise MalformedResponseError(
        "The response of the token server is not a JSON object.", not_json=not_json
    ).quoting()


def _renew_at(expires_in: object, sent_at: datetime) -> datetime | None:
    # Some servers send the number as a text, and section 5.1 does not require it.
    if not _NUMBER.fullmatch(str(expires_in)):
        return None
    seconds = min(float(str(expires_in)), _MAX_SECONDS)
    if not seconds:
        return None
    return sent_at + timedelta(seconds=seconds - min(_MARGIN_SECONDS, _MARGIN_SHARE * seconds))
