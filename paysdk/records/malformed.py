"""What is wrong with a record, as an error with its path: pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import msgspec

from paysdk.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["UNREADABLE", "lone_surrogate_path", "malformed_error"]

UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_AT = re.compile(r" - at `(\$[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_MAX_SHOWN_BYTES = 200


def _find_lone_surrogates(value: object, path: str) -> Iterator[str]:
    """The paths of the texts and the objects in which half of a surrogate pair stands."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield path
    elif isinstance(value, dict):
        for name, part in cast("dict[str, object]", value).items():
            yield from _find_lone_surrogates(name, path)
            yield from _find_lone_surrogates(part, f"{path}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(cast("list[object]", value)):
            yield from _find_lone_surrogates(part, f"{path}[{index}]")


def lone_surrogate_path(raw: bytes) -> str | None:
    """Where half of a surrogate pair stands in *raw*, if it is JSON but for that."""
    try:
        return next(_find_lone_surrogates(json.loads(raw.decode()), "$"), None)
    except (ValueError, RecursionError):
        return None


def malformed_error(error: Exception, at: str, raw: bytes) -> MalformedResponseError:
    """The error about *error*, which a decoder raised of *raw*; *at* is the path of what was decoded."""
    what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    half = lone_surrogate_path(raw) if type(error) is msgspec.DecodeError else None
    if half is not None:
        error = msgspec.ValidationError(
            what := f"Half of a surrogate pair, which UTF-8 cannot encode - at `{half}`"
        )
    within = _AT.search(what)
    path = at + (
        within[1].removeprefix("$").removeprefix("[0]" if at != "$" else "") if within else ""
    )
    if missing := _MISSING.match(
        what
    ):  # at the beginning, for what was sent may say the same further on
        path += f".{missing[1]}"
    not_json = not isinstance(error, msgspec.ValidationError | RecursionError)
    found = "The response is not JSON" if not_json else "The response cannot be read"
    message = f"{found}: {_AT.sub('', what)}, at {path}."
    if not_json:
        message += f" It begins with {raw[:_MAX_SHOWN_BYTES]!r}."
    # What the decoder says of a missing field is about our schema, and the rest may repeat what was
    # sent.
    said = [] if _MISSING.fullmatch(_AT.sub("", what)) else [_AT.sub("", what)]
    said += [repr(raw[:_MAX_SHOWN_BYTES])] if not_json else []
    said += [path] if half is not None else []
    shown = raw if at != "$" else raw[:_MAX_SHOWN_BYTES]
    return MalformedResponseError(message, path=path, raw=shown, not_json=not_json).quoting(*said)
