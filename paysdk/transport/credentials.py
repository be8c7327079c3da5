"""API keys and passwords: how they are held, and how they are removed from what is shown."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn, TypeAlias, TypeVar, cast

from paysdk.errors import (
    ConfigurationError,
    MalformedResponseError,
    PaysdkError,
    UnsupportedFilterError,
)

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

# A shorter text occurs in other texts by chance, and is too short for a key.
_MIN_KEY_CHARS = 8
# Removing a shorter password would also remove parts of other words.
_MIN_PASSWORD_CHARS = 3
_USER_IN_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#'\"<>]*@")
# The attributes that paysdk itself sets on an error. ``quoted`` is not one of them: it has words
# from outside.
_SET_BY_PAYSDK = frozenset({"provider", "method", "url", "operation", "checkpoint"})
# How many characters of a message are searched for a key, and how many are shown.
_MAX_SEARCHED_CHARS, _MAX_SHOWN_CHARS = 100_000, 2000


class Secret:
    """A text that only ``reveal`` returns. It cannot be pickled or printed by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def redact(self, text: str) -> str:
        """Return *text* with ``***`` for the key, even if it is escaped or cut off at its end."""
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
        """Whether *text* contains the key or the beginning of it."""
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
    """Return *key* if it can be a key, or else raise ``ConfigurationError`` without the key."""
    # No local holds the text itself, because a traceback may show locals.
    kind: type[object] = type(key.reveal())
    if not issubclass(kind, str):
        raise ConfigurationError(
            f"api_key must be a str or an async callable that returns one, not {kind.__name__}."
        )
    if not key.reveal():
        raise ConfigurationError("api_key is empty.")
    if not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
        raise ConfigurationError(
            "api_key contains a space, a line end or another character that no key has. Pass only "
            "the key, without 'Token' or 'Bearer'."
        )
    return key


def redact_error(error: E, keys: Iterable[Secret]) -> E:
    """Remove *keys* from *error*, and return it.

    An API may repeat in its response what it received. The words of paysdk, the provider's name and
    the URL do not change, even if a key looks like them. The error is not chained to its cause: the
    frames of the cause hold the response, and the frames of aiohttp hold the request's headers. But
    a ``MalformedResponseError`` gets a copy of the cause: the exception of a provider's own code.
    """
    keys = tuple(keys)
    drop_tracebacks(error)
    cause = error.__cause__ if isinstance(error, MalformedResponseError) else None
    error.__cause__ = None if cause is None else _copy_with_words_only(cause, keys)
    error.__context__ = None
    # An error about an argument or a setting contains nothing from an API.
    quoted = () if isinstance(error, ConfigurationError | UnsupportedFilterError) else error.quoted
    for name, value in vars(error).items():
        if name not in _SET_BY_PAYSDK and (name != "path" or quoted is None or value in quoted):
            setattr(error, name, _redact_value(value, keys))
    error.args = tuple(_fit_message(value, quoted, keys) for value in error.args)
    return error


def _copy_with_words_only(error: BaseException, keys: tuple[Secret, ...]) -> BaseException:
    """An exception like *error*, without its frames and attributes: they may hold the response."""
    kind = type(error)
    # This does not call __init__, which may expect other arguments.
    return kind.__new__(kind, *(_fit_message(word, None, keys) for word in error.args))


def _fit_message(
    message: object, quoted: tuple[str, ...] | None, keys: tuple[Secret, ...]
) -> object:
    # Truncate first: a search through megabytes would block the event loop.
    shorter = _truncate(message, _MAX_SEARCHED_CHARS)
    if quoted is None or not isinstance(shorter, str):
        return _truncate(_redact_value(shorter, keys), _MAX_SHOWN_CHARS)
    for part in quoted:
        # The truncation above may have cut a part in the middle. Then it is not found here.
        shorter = (
            shorter.replace(part, redact(part[:_MAX_SEARCHED_CHARS], keys))
            if part in shorter
            else redact(shorter, keys)
        )
    return _truncate(_redact_value(shorter, ()), _MAX_SHOWN_CHARS)


def _truncate(value: object, longest: int) -> object:
    """Shorten a message, which may contain a link of megabytes.

    The beginning says what happened and the end says what to do, so the middle is cut out.
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
        # Bytes of a header that are not UTF-8 were decoded to surrogates, which cannot be printed.
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
    """Return *text* without any of the *keys*."""
    for key in keys:
        text = key.redact(text)
    return text


def redact_passwords(text: str, passwords: Iterable[str]) -> str:
    """Return *text* without these *passwords*, and without the user and password of any URL."""
    text = _USER_IN_URL.sub(r"\1***@", text)
    for password in passwords:
        if len(password) >= _MIN_PASSWORD_CHARS:
            text = re.sub("".join(map(_sign_pattern, password)), "***", text)
    return text


def _sign_pattern(sign: str) -> str:
    """Return a pattern for a character of a key, plain or escaped as in JSON, Python or a URL."""
    code = f"{ord(sign):02x}"
    return (
        rf"(?:\\{{0,4}}(?:{re.escape(sign)}|u00(?i:{code}))"
        rf"|\\{{1,4}}x(?i:{code})|%(?:25)?(?i:{code}))"
    )


def drop_tracebacks(error: BaseException) -> None:
    """Remove the frames of *error* and of its causes, because their locals may hold a key."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        linked = waiting.pop()
        if linked is not None and id(linked) not in seen:
            seen.add(id(linked))
            linked.__traceback__ = None
            waiting += [linked.__cause__, linked.__context__]
