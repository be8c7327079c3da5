"""Reading around malformed records, each of which becomes an error with its path: pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, cast

import msgspec

from paysdk.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paysdk.records.page import RawPage, Reader

__all__ = [
    "UNREADABLE",
    "decode_one_by_one",
    "decode_or_raise",
    "has_lone_surrogate",
    "lone_surrogate_path",
    "malformed_error",
    "modified_at",
    "read_id",
]

T = TypeVar("T")
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_AT = re.compile(r" - at `(\$[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_MAX_SHOWN_BYTES = 200
_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


def decode_one_by_one(
    reader: Reader[object],
    page: RawPage,
    set_aside: Callable[[MalformedResponseError], None] | None,
) -> Iterator[Any]:
    """Yield the row of each record of *page*.

    For a malformed record, calls *set_aside* with the error and yields ``None``. Raises
    ``MalformedResponseError`` if *set_aside* is ``None``.
    """
    for number, record in enumerate(map(bytes, page.records)):
        try:
            yield from _read_one(reader, record)
        except UNREADABLE as error:
            fault = malformed_error(error, f"{reader.path}[{number}]", record)
            if set_aside is None:
                raise fault from fault.__cause__
            set_aside(fault)
            yield None


def _read_one(reader: Reader[object], record: bytes) -> list[Any]:
    """The row of *record*, read strictly first, and then liberally if the reader can."""
    try:
        return reader.rows([record])
    except UNREADABLE as error:
        liberally: Callable[[bytes], list[Any]] | None = getattr(reader, "read_liberally", None)
        if liberally is None:
            raise
        try:
            return liberally(record)
        except (*UNREADABLE, ValueError) as still:
            # A validation error of the second reading names what is still wrong. Its other errors
            # have no path.
            found = still if isinstance(still, msgspec.ValidationError) else error
            raise found from found.__cause__


def decode_or_raise(decode: Callable[[bytes], T], body: bytes) -> T:
    """Return ``decode(body)``. Raises ``MalformedResponseError`` if it fails."""
    try:
        return decode(body)
    except UNREADABLE as error:
        raise malformed_error(error, "$", body) from None


def malformed_error(error: Exception, at: str, raw: bytes) -> MalformedResponseError:
    """The error to raise for a decoder's *error* about *raw*, which is at the path *at*.

    If a provider's own code raised another exception, that exception is the ``__cause__`` of
    *error* and of the returned error.
    """
    cause = error.__cause__
    what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    half = lone_surrogate_path(raw) if type(error) is msgspec.DecodeError else None
    if half is not None:
        error = msgspec.ValidationError(
            what := f"Lone surrogate, which UTF-8 cannot encode - at `{half}`"
        )
    within = _AT.search(what)
    path = at + (
        within[1].removeprefix("$").removeprefix("[0]" if at != "$" else "") if within else ""
    )
    # Match only at the beginning: the rest may quote what was sent.
    if missing := _MISSING.match(what):
        path += f".{missing[1]}"
    not_json = not isinstance(error, msgspec.ValidationError | RecursionError)
    found = "The response is not JSON" if not_json else "The response cannot be read"
    message = f"{found}: {_AT.sub('', what)}, at {path}."
    if not_json:
        message += f" It begins with {raw[:_MAX_SHOWN_BYTES]!r}."
    # The decoder's words about a missing field come from our schema. Its other words may quote what
    # was sent.
    said = [] if _MISSING.fullmatch(_AT.sub("", what)) else [_AT.sub("", what)]
    said += [repr(raw[:_MAX_SHOWN_BYTES])] if not_json else []
    said += [path] if half is not None else []
    shown = raw if at != "$" else raw[:_MAX_SHOWN_BYTES]
    fault = MalformedResponseError(message, path=path, raw=shown, not_json=not_json).quoting(*said)
    fault.__cause__ = cause
    return fault


def lone_surrogate_path(raw: bytes) -> str | None:
    """The path of the first lone surrogate in *raw*, if *raw* is JSON and has one."""
    try:
        return next(_find_lone_surrogates(json.loads(raw.decode()), "$"), None)
    except (ValueError, RecursionError):
        return None


def has_lone_surrogate(text: str) -> bool:
    """Whether *text* has a lone surrogate."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _find_lone_surrogates(value: object, path: str) -> Iterator[str]:
    """Yield the path of each text with a lone surrogate, and of each such key's object."""
    if isinstance(value, str):
        if has_lone_surrogate(value):
            yield path
    elif isinstance(value, dict):
        for name, part in cast("dict[str, object]", value).items():
            yield from _find_lone_surrogates(name, path)
            yield from _find_lone_surrogates(part, f"{path}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(cast("list[object]", value)):
            yield from _find_lone_surrogates(part, f"{path}[{index}]")


def modified_at(reader: Reader[object], record: bytes) -> datetime | None:
    """The time when a malformed record was modified, or an earlier one; ``None`` if unknown.

    If *reader* has ``times``, these are the names of the fields to look in, the best one first. The
    result is a second early, because the provider may have rounded the time.
    """
    names: Sequence[str] = getattr(reader, "times", ())
    fields = _read_fields(record)
    values = (fields.get(name) for name in names)
    return next((found for found in map(_read_moment, values) if found is not None), None)


def read_id(reader: Reader[object], record: bytes) -> str | int | None:
    """The id of a malformed record, or ``None`` if it cannot be read.

    If *reader* has an ``id_name``, that is the name of the field to look in.
    """
    found = _read_fields(record).get(getattr(reader, "id_name", None) or "")
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return None if found == "" else found


def _read_fields(record: bytes) -> dict[str, object]:
    try:
        fields = json.loads(record.decode(errors="replace"))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", fields) if isinstance(fields, dict) else {}


def _read_moment(value: object) -> datetime | None:
    try:
        return msgspec.convert(value, _Moment).astimezone(UTC) - timedelta(seconds=1)
    except (msgspec.ValidationError, OverflowError):
        return None
