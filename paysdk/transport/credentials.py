"""Keys, kept out of sight from the moment that they arrive."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn, TypeAlias, TypeVar, cast

from paysdk.errors import ConfigurationError, PaysdkError, UnsupportedFilterError

__all__ = [
    "KeySource",
    "Secret",
    "check_key",
    "drop_tracebacks",
    "redact",
    "redact_error",
    "redact_passwords",
]

E = TypeVar("E", bound=PaysdkError)

# A shorter text stands in others by chance, and is no key.
_MIN_KEY_CHARS = 8
# A shorter one could not be removed without taking every other word apart.
_SHORTEST_PASSWORD = 3
_USER_IN_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#'\"<>]*@")
# What paysdk itself sets on an error. ``quoted`` goes with the message.
_OUR_OWN = frozenset({"provider", "method", "url", "operation", "checkpoint"})
# Characters of a message: as many as are gone through for a key, and as many as are shown.
_MAX_SEARCHED_CHARS, _MAX_SHOWN_CHARS = 100_000, 2000


class Secret:
    """A text that is shown only by ``reveal``, and cannot be pickled or printed by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def redact(self, text: str) -> str:
        """*text* with ``***`` for the key, also if the key is escaped or cut off at its end."""
        signs = [_sign_pattern(sign) for sign in self._text.rpartition(" ")[2]]
        if len(signs) < _MIN_KEY_CHARS:
            return text
        return re.sub(
            "".join(signs[:_MIN_KEY_CHARS])
            + "".join(f"{sign}?" for sign in signs[_MIN_KEY_CHARS:]),
            "***",
            text,
        )

    def occurs_in(self, text: str) -> bool:
        """Whether the key, or the beginning of it, stands in *text*."""
        return self.redact(text) != text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a provider holds an API key, so it cannot be pickled: make another provider in the "
            "other process"
        )


KeySource: TypeAlias = Secret | Callable[[], Awaitable[str]]


def check_key(key: Secret) -> Secret:
    """*key* itself, if it can be one. Raises ``ConfigurationError``, which does not show it."""
    kind: type[object] = type(
        key.reveal()
    )  # the text itself is kept out of the locals, which a traceback may show
    if not issubclass(kind, str):
        raise ConfigurationError(
            f"api_key must be a str or an async callable that returns one, not {kind.__name__}."
        )
    if not key.reveal():
        raise ConfigurationError("api_key is empty.")
    if not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
        raise ConfigurationError(
            "api_key has a space, a line end or another character that no key has. Give the key "
            "alone, without 'Token' or 'Bearer'."
        )
    return key


def redact_error(error: E, keys: Iterable[Secret]) -> E:
    """*error* as it may be shown, without the keys that a response has brought into it.

    An API may repeat what it was sent. Our own words, the provider's name and the URL stay as they
    are, also if a key looks like them. The error is not chained to its cause, because the frames of
    the cause hold the response, and those of aiohttp the headers of the request.
    """
    drop_tracebacks(error)
    error.__cause__ = error.__context__ = None
    keys = tuple(keys)
    # An error about an argument or a setting repeats nothing that an API has sent.
    quoted = () if isinstance(error, ConfigurationError | UnsupportedFilterError) else error.quoted
    for name, value in vars(error).items():
        if name not in _OUR_OWN and (name != "path" or quoted is None or value in quoted):
            setattr(error, name, _redact_value(value, keys))
    error.args = tuple(_fit_message(value, quoted, keys) for value in error.args)
    return error


def _fit_message(
    message: object, quoted: tuple[str, ...] | None, keys: tuple[Secret, ...]
) -> object:
    # Shortened a little first, as going through megabytes would keep the event loop.
    shorter = _truncate(message, _MAX_SEARCHED_CHARS)
    if quoted is None or not isinstance(shorter, str):
        return _truncate(_redact_value(shorter, keys), _MAX_SHOWN_CHARS)
    for part in quoted:
        # A part that the truncation above cut in the middle is no longer found.
        shorter = (
            shorter.replace(part, redact(part[:_MAX_SEARCHED_CHARS], keys))
            if part in shorter
            else redact(shorter, keys)
        )
    return _truncate(_redact_value(shorter, ()), _MAX_SHOWN_CHARS)


def _truncate(value: object, longest: int) -> object:
    """A message that can be read: a link in it may have megabytes.

    What happened stands at its beginning, what to do at its end.
    """
    return (
        f"{value[: longest * 3 // 4]}…{value[-longest // 4 :]}"
        if isinstance(value, str) and len(value) > longest
        else value
    )


def _redact_value(value: object, keys: Iterable[Secret]) -> object:
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        return redact(text, keys).encode("latin-1")
    if isinstance(value, str):
        # The bytes of a header that are no UTF-8 are surrogates by now, which no log and no
        # terminal can say.
        return redact(value, keys).encode(errors="replace").decode()
    if isinstance(value, dict):
        return {
            _redact_value(name, keys): _redact_value(part, keys)
            for name, part in cast("dict[object, object]", value).items()
        }
    if isinstance(value, list | tuple):
        parts = [_redact_value(part, keys) for part in cast("Iterable[object]", value)]
        return parts if isinstance(value, list) else tuple(parts)
    return value


def redact(text: str, keys: Iterable[Secret]) -> str:
    """*text* without any of the *keys*."""
    for key in keys:
        text = key.redact(text)
    return text


def redact_passwords(text: str, passwords: Iterable[str]) -> str:
    """*text* without the user and password of any URL in it, and without these *passwords*."""
    text = _USER_IN_URL.sub(r"\1***@", text)
    for password in passwords:
        if len(password) >= _SHORTEST_PASSWORD:
            text = re.sub("".join(map(_sign_pattern, password)), "***", text)
    return text


def _sign_pattern(sign: str) -> str:
    """A pattern for a character of a key: as it is, or escaped as JSON, Python or a URL would."""
    code = f"{ord(sign):02x}"
    return rf"(?:\\{{0,4}}(?:{re.escape(sign)}|u00(?i:{code}))|%(?:25)?(?i:{code}))"


def drop_tracebacks(error: BaseException) -> None:
    """Drop the frames of *error* and of its causes, because their locals may hold a key."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        linked = waiting.pop()
        if linked is not None and id(linked) not in seen:
            seen.add(id(linked))
            linked.__traceback__ = None
            waiting += [linked.__cause__, linked.__context__]
