"""Reading an envelope's link, count and error, in any form whose meaning is certain: pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

__all__ = ["NULL", "open_object", "read_count", "read_link", "refuse_error"]

NULL = msgspec.Raw(b"null")

S = TypeVar("S", bound=msgspec.Struct)

_decode_any = msgspec.json.Decoder().decode
_COUNT = re.compile(rb'"?(-?[0-9]{1,100})(?:\.0+)?"?')


def read_count(sent: bytes | msgspec.Raw) -> int | None:
    """The number of payments that an envelope reports, or ``None`` for anything else.

    The count never decides which payments are listed, so no value of it is an error.
    """
    found = _COUNT.fullmatch(sent)
    return int(found[1]) if found else None


def read_link(sent: bytes | msgspec.Raw, path: str) -> str | None:
    """The link at *path*, or ``None`` for null, false or an empty value.

    Raises ``msgspec.ValidationError`` for anything else, because it may lead to more payments.
    """
    link = _decode(sent, path)
    if isinstance(link, str) and link:
        return link
    if _is_nothing(link):
        return None
    raise _unexpected("str | null", link, path)


def refuse_error(records: Sized, **sent: msgspec.Raw) -> None:
    """Refuse a page without records if one of these fields has an error.

    Raises ``msgspec.ValidationError``. Such a page does not mean that there are no payments.
    """
    for name, value in sent.items():
        if not records and _decode(value, f"$.{name}"):
            raise msgspec.ValidationError(f"An error instead of payments - at `$.{name}`")


def open_object(sent: bytes | msgspec.Raw, decode: Callable[[bytes], S], path: str) -> S | None:
    """The object at *path*, or ``None`` for null, false or an empty value.

    Raises ``msgspec.ValidationError`` for anything else.
    """
    raw = bytes(sent)
    if raw.startswith(b"{"):
        return decode(raw)
    if _is_nothing(found := _decode(raw, path)):
        return None
    raise _unexpected("object | null", found, path)


def _decode(sent: bytes | msgspec.Raw, path: str) -> object:
    """The value in *sent*. An error about a number that is out of range gets the *path*."""
    try:
        return _decode_any(sent)
    except msgspec.ValidationError as error:
        words = str(error).partition(" - at `")[0]
        raise msgspec.ValidationError(f"{words} - at `{path}`") from None


def _is_nothing(value: object) -> bool:
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def _unexpected(wanted: str, found: object, path: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(
        f"Expected `{wanted}`, got `{type(found).__name__}` - at `{path}`"
    )
