"""Keys, kept out of sight from the moment that they arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeAlias

from paysdk.errors import ConfigurationError

__all__ = ["KeySource", "Secret", "checked_key"]


# A shorter text stands in others by chance, and is no key.
_TELLING = 8


class Secret:
    """A text that shows itself only when asked, and can be neither copied into a pickle nor printed by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def out_of(self, text: str) -> str:
        """*text* with the key blotted out, if it stands there: an API may repeat in its answer what it was sent."""
        key = self._text.rpartition(" ")[2]
        return text.replace(key, "***") if len(key) >= _TELLING else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a provider holds an API key and cannot be pickled: make another one in the other process")


KeySource: TypeAlias = Secret | Callable[[], Awaitable[str]]


def checked_key(key: Secret) -> Secret:
    """*key* itself, if it can be one. Raises ``ConfigurationError``, which does not show it."""
    kind: type[object] = type(key.reveal())  # the text itself is kept out of the locals, which a traceback may show
    if not issubclass(kind, str):
        raise ConfigurationError(f"api_key must be a str or an async callable that gives one, not {kind.__name__}.")
    if not key.reveal():
        raise ConfigurationError("api_key is empty.")
    if not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
        raise ConfigurationError(
            "api_key has a space, a line end or another character that no key has. Give the key alone, without 'Token' or 'Bearer'."
        )
    return key
