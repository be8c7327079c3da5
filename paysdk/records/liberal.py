"""Reading what a provider sends in another form than it documents, as far as its meaning is certain: pure.

A page whose envelope differs is read at once. A record is read strictly first, and only one that
cannot be read so is looked at here: its fields are written anew in the form that its type asks for.
Amounts, required texts and links are never rewritten.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, TypeVar

import msgspec
from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sized

    ByType: TypeAlias = dict[type[inspect.Type], inspect.Type]

__all__ = [
    "NULL",
    "Mender",
    "hide_constants",
    "is_finer",
    "open_object",
    "quote_constants",
    "read_count",
    "read_link",
    "refuse_error",
    "truncate_times",
]

NULL = msgspec.Raw(b"null")

S = TypeVar("S", bound=msgspec.Struct)

_decode_any = msgspec.json.Decoder().decode
# Python's json module writes these three for numbers that JSON does not have. A text is matched
# first, so that none is found inside one.
_CONSTANT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|(-?Infinity|NaN)', re.DOTALL)
_COUNT = re.compile(rb'"?(-?[0-9]{1,100})(?:\.0+)?"?')
_INTEGRAL = re.compile(r"(-?(?:0|[1-9][0-9]{0,99}))\.0+")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,99})")
# Also without seconds, as Java prints a whole minute, and with hours only in the zone, as
# PostgreSQL does.
_TIME = re.compile(
    r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.IGNORECASE,
)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTH = {"0": False, "1": True, "false": False, "true": True}
_DAY_CHARS = len("2026-01-31")
_FINER = re.compile(rb"\.[0-9]{7}")


class _Number(str):
    """The digits of a number."""

    __slots__ = ()


class _Constant(_Number):
    """NaN, Infinity or -Infinity."""

    __slots__ = ()


def read_count(sent: bytes | msgspec.Raw) -> int | None:
    """The number of payments that an envelope reports, if it is one.

    It is only for information, so nothing else is an error.
    """
    found = _COUNT.fullmatch(sent)
    return int(found[1]) if found else None


def read_link(sent: bytes | msgspec.Raw, path: str) -> str | None:
    """The link at *path*, or ``None`` for whatever says that there is none.

    Raises ``msgspec.ValidationError`` for anything else: it might be the way to more payments.
    """
    link = _decode(sent, path)
    if isinstance(link, str) and link:
        return link
    if _is_nothing(link):
        return None
    raise _unexpected("str | null", link, path)


def refuse_error(records: Sized, **sent: msgspec.Raw) -> None:
    """Refuse a page without records whose envelope says in one of these fields that something went wrong.

    Such a page does not say that there are no payments. Raises ``msgspec.ValidationError``.
    """
    for name, value in sent.items():
        if not records and _decode(value, f"$.{name}"):
            raise msgspec.ValidationError(f"An error instead of payments - at `$.{name}`")


def open_object(sent: bytes | msgspec.Raw, decode: Callable[[bytes], S], path: str) -> S | None:
    """The object at *path*, or ``None`` for whatever says that there is none.

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
    return value is None or value is False or _is_empty(value)


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list | dict) and not value


def _unexpected(wanted: str, found: object, path: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(
        f"Expected `{wanted}`, got `{type(found).__name__}` - at `{path}`"
    )


def hide_constants(body: bytes) -> bytes:
    """*body*, of the same length, with a number in the place of each NaN and Infinity.

    No link and no count is read from that.
    """
    return _without_constants(body, lambda constant: b"0e".ljust(len(constant), b"0"))


def quote_constants(record: bytes) -> bytes:
    """*record* with each NaN and Infinity as a text, so that it is JSON."""
    return _without_constants(record, lambda constant: b'"%b"' % constant)


def _without_constants(sent: bytes, stand_in: Callable[[bytes], bytes]) -> bytes:
    if b"NaN" not in sent and b"Infinity" not in sent:
        return sent
    return _CONSTANT.sub(lambda found: stand_in(found[1]) if found[1] else found[0], sent)


def is_finer(sent: bytes) -> bool:
    """Whether *sent* may have a time that is finer than a microsecond."""
    return _FINER.search(sent) is not None


def truncate_times(names: Iterable[str]) -> Callable[[bytes], bytes]:
    """What takes from the times in the fields *names* all that is finer than a microsecond.

    msgspec rounds such a time to the nearest microsecond. ``modified_since=`` the result would then
    miss the record itself.
    """
    fields = b"|".join(re.escape(name.encode()) for name in sorted(names)) or b"(?!)"
    pattern = (
        rb'("(?:%b)"\s*:\s*"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}\.[0-9]{6})[0-9]+' % fields
    )
    return partial(re.compile(pattern).sub, rb"\1")


class Mender:
    """Writes a record anew, in the form that *kind* asks for."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401  # any type that msgspec knows
        self._kind = kind

    def mend(self, sent: bytes, path: str = "$[0]") -> bytes:
        """The record *sent*, with only those fields that are read.

        Raises ``ValueError`` for what is no JSON, and ``msgspec.ValidationError`` for a number that
        is none in a field that is read.
        """
        parsed = json.loads(
            sent.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_Constant
        )
        return msgspec.json.encode(_mended(parsed, self._type, path))

    def truncate_times(self, sent: bytes) -> bytes:
        """*sent* with no time that is finer than a microsecond."""
        return self._truncate(sent) if is_finer(sent) else sent

    @cached_property
    def _type(self) -> inspect.Type:
        return inspect.type_info(self._kind)

    @cached_property
    def fields_of_time(self) -> frozenset[str]:
        """The names that fields for times have in JSON."""
        return frozenset(_fields_of_time(self._type))

    @cached_property
    def _truncate(self) -> Callable[[bytes], bytes]:
        return truncate_times(self.fields_of_time)


def _fields_of_time(kind: inspect.Type) -> Iterator[str]:
    for part in _members(kind):
        if isinstance(part, inspect.StructType | inspect.DataclassType):
            for field in part.fields:
                if any(isinstance(member, inspect.DateTimeType) for member in _members(field.type)):
                    yield field.encode_name
                yield from _fields_of_time(field.type)
        elif isinstance(part, inspect.ListType | inspect.VarTupleType):
            yield from _fields_of_time(part.item_type)


def _members(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(kind, inspect.Metadata):
        return _members(kind.type)
    if isinstance(kind, inspect.UnionType):
        return tuple(member for part in kind.types for member in _members(part))
    return (kind,)


def _mended(value: object, kind: inspect.Type, path: str, *, optional: bool = False) -> object:
    """*value*, at *path*, as *kind* takes it; as it is where that is not certain, for msgspec to refuse it."""
    by_type = {type(member): member for member in _members(kind)}
    if inspect.RawType in by_type:
        return _plain(value, None)
    if inspect.AnyType in by_type or inspect.DecimalType in by_type:
        return _plain(value, path)
    if isinstance(value, _Number):
        return _mended_number(value, by_type, path, optional=optional)
    # Some APIs send false for whatever is not there. In a text it might be a value.
    is_absent = value is False and by_type.keys().isdisjoint({inspect.BoolType, inspect.StrType})
    if is_absent or _is_empty(value):
        is_text = value == "" and inspect.StrType in by_type and not _day(by_type)
        array = by_type.get(inspect.ListType)
        # Payments are money: only a list says that there are none.
        is_records = isinstance(array, inspect.ListType) and isinstance(
            array.item_type, inspect.RawType
        )
        return None if inspect.NoneType in by_type and not is_text and not is_records else value
    if isinstance(value, str):
        return _mended_text(value, by_type)
    return _mended_parts(value, by_type, path)


def _mended_parts(value: object, by_type: ByType, path: str) -> object:
    shape = by_type.get(inspect.StructType) or by_type.get(inspect.DataclassType)
    if _is_object(value) and isinstance(shape, inspect.StructType | inspect.DataclassType):
        found = [field for field in shape.fields if field.encode_name in value]
        return {
            field.encode_name: _mended(
                value[field.encode_name],
                field.type,
                f"{path}.{field.encode_name}",
                optional=not field.required,
            )
            for field in found
        }
    array = by_type.get(inspect.ListType) or by_type.get(inspect.VarTupleType)
    if _is_list(value) and isinstance(array, inspect.ListType | inspect.VarTupleType):
        return [
            _mended(part, array.item_type, f"{path}[{place}]") for place, part in enumerate(value)
        ]
    return _plain(value, path)


def _mended_number(value: _Number, by_type: ByType, path: str, *, optional: bool) -> object:
    if not isinstance(value, _Constant):
        if inspect.BoolType in by_type:
            return _TRUTH.get(value, msgspec.Raw(value.encode()))
        integral = _INTEGRAL.fullmatch(value)
        digits = integral[1] if integral else str(value)
        if inspect.IntType in by_type:
            return msgspec.Raw(digits.encode())
        if inspect.StrType in by_type and optional and not _day(by_type):
            return digits
    return _plain(value, path)


def _mended_text(value: str, by_type: ByType) -> object:
    if inspect.BoolType in by_type:
        return _TRUTH.get(value.lower(), value)
    if inspect.DateTimeType in by_type:
        return _mended_time(value)
    if (inspect.DateType in by_type or _day(by_type)) and _TIME.fullmatch(value[_DAY_CHARS:]):
        return value[:_DAY_CHARS]
    if inspect.IntType in by_type and inspect.StrType not in by_type and _WHOLE.fullmatch(value):
        return msgspec.Raw(value.encode())
    return value


def _mended_time(text: str) -> str:
    day, rest = text[:_DAY_CHARS], text[_DAY_CHARS:]
    found = _TIME.fullmatch(rest)
    if found is None or found["zone"] is None or not _DAY.fullmatch(day):
        return text
    try:
        # What is finer than a microsecond is cut off.
        return datetime.fromisoformat(text.upper()).isoformat()
    except ValueError:
        return text


def _day(by_type: ByType) -> bool:
    """Whether the type is a text that has the length of a day."""
    text = by_type.get(inspect.StrType)
    return isinstance(text, inspect.StrType) and text.min_length == text.max_length == _DAY_CHARS


def _plain(value: object, path: str | None) -> object:
    """*value* with its numbers as they were sent.

    One that JSON does not have is an error at *path*, or a text where there is none.
    """
    if isinstance(value, _Constant):
        if path is not None:
            raise msgspec.ValidationError(f"{value} is not a number of JSON - at `{path}`")
        return str(value)
    if isinstance(value, _Number):
        return msgspec.Raw(value.encode())
    if _is_object(value):
        return {name: _plain(part, path and f"{path}.{name}") for name, part in value.items()}
    if _is_list(value):
        return [_plain(part, path and f"{path}[{place}]") for place, part in enumerate(value)]
    return value


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
