"""Reading a record whose fields have another form than the provider documents: pure.

A reader reads each record strictly first. If that fails, a ``Mender`` rewrites the fields in the
form that their types ask for, as far as the meaning is certain. It never rewrites amounts and
required texts, and never makes a required number of a text.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, TypeVar

import msgspec
from msgspec import inspect

from paysdk.records.malformed import has_lone_surrogate
from paysdk.records.stand_ins import make_decodable
from paysdk.records.times import is_finer, truncate_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ByType: TypeAlias = dict[type[inspect.Type], inspect.Type]

__all__ = ["Mender", "decode_liberally", "find_name", "mend_time"]

T = TypeVar("T")

_INTEGRAL = re.compile(r"(-?(?:0|[1-9][0-9]{0,99}))\.0+")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,99})")
# Java prints a whole minute without seconds. PostgreSQL prints a zone without minutes.
_TIME = re.compile(
    r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.IGNORECASE,
)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTH = {"0": False, "1": True, "false": False, "true": True}
_DAY_CHARS = len("2026-01-31")


class _Number(str):
    """The digits of a number."""

    __slots__ = ()


class _Constant(_Number):
    """NaN, Infinity or -Infinity."""

    __slots__ = ()


class Mender:
    """Rewrites a record in the form that *kind* asks for."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401  # any type that msgspec knows
        self._kind = kind

    def mend(self, sent: bytes, path: str = "$[0]") -> bytes:
        """The record *sent*, at *path*, with only the fields of the type.

        Raises ``ValueError`` if *sent* is not JSON, and ``msgspec.ValidationError`` for NaN,
        Infinity or a lone surrogate in a field of the type.
        """
        parsed = json.loads(
            sent.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_Constant
        )
        return msgspec.json.encode(_mend_value(parsed, self._type, path))

    def truncate_times(self, sent: bytes) -> bytes:
        """*sent* with its times truncated to microseconds."""
        return self._truncate(sent) if is_finer(sent) else sent

    @cached_property
    def _type(self) -> inspect.Type:
        return inspect.type_info(self._kind)

    @cached_property
    def fields_of_time(self) -> frozenset[str]:
        """The names in JSON of the fields that have times."""
        return frozenset(_fields_of_time(self._type))

    @cached_property
    def _truncate(self) -> Callable[[bytes], bytes]:
        return truncate_times(self.fields_of_time)


def decode_liberally(decode: Callable[[bytes], T], mender: Mender, body: bytes) -> tuple[T, bytes]:
    """``decode(body)``, and the bytes for its ``raw``.

    If *decode* refuses *body*, *mender* rewrites *body*, and *decode* reads the result. Raises
    ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    try:
        return decode(body), body
    except msgspec.MsgspecError as error:
        try:
            mended = mender.mend(body, "$")
        except ValueError as still:
            raise (still if isinstance(still, msgspec.ValidationError) else error) from None
    return decode(mended), make_decodable(body)


def find_name(kind: type[Any], name: str) -> str | None:
    """The name in JSON of the field *name* of *kind*, or ``None`` if it has no such field."""
    fields: tuple[inspect.Field, ...] = getattr(inspect.type_info(kind), "fields", ())
    return next((field.encode_name for field in fields if field.name == name), None)


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


def _mend_value(value: object, kind: inspect.Type, path: str, *, optional: bool = False) -> object:
    """*value*, at *path*, in the form of *kind*.

    A value whose meaning is uncertain stays as it is, and msgspec refuses it.
    """
    by_type = {type(member): member for member in _members(kind)}
    if inspect.RawType in by_type:
        return _plain(value, None)
    if inspect.AnyType in by_type or inspect.DecimalType in by_type:
        return _plain(value, path)
    if isinstance(value, _Number):
        return _mend_number(value, by_type, path, optional=optional)
    if isinstance(value, str):
        _check_text(value, path)
    # Some APIs send false for a missing value. In a field of type bool or str, false may be a
    # value.
    is_absent = value is False and by_type.keys().isdisjoint({inspect.BoolType, inspect.StrType})
    if is_absent or _is_empty(value):
        is_text = value == "" and inspect.StrType in by_type and not _day(by_type)
        array = by_type.get(inspect.ListType)
        # Payments are money, so only an empty list means that there are none.
        is_records = isinstance(array, inspect.ListType) and isinstance(
            array.item_type, inspect.RawType
        )
        return None if inspect.NoneType in by_type and not is_text and not is_records else value
    if isinstance(value, str):
        return _mend_text(value, by_type, optional=optional)
    return _mend_parts(value, by_type, path)


def _mend_parts(value: object, by_type: ByType, path: str) -> object:
    shape = by_type.get(inspect.StructType) or by_type.get(inspect.DataclassType)
    if _is_object(value) and isinstance(shape, inspect.StructType | inspect.DataclassType):
        found = [field for field in shape.fields if field.encode_name in value]
        return {
            field.encode_name: _mend_value(
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
            _mend_value(part, array.item_type, f"{path}[{place}]")
            for place, part in enumerate(value)
        ]
    return _plain(value, path)


def _mend_number(value: _Number, by_type: ByType, path: str, *, optional: bool) -> object:
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


def _mend_text(value: str, by_type: ByType, *, optional: bool) -> object:
    if inspect.BoolType in by_type:
        return _TRUTH.get(value.lower(), value)
    if inspect.DateTimeType in by_type:
        return mend_time(value)
    if (inspect.DateType in by_type or _day(by_type)) and _TIME.fullmatch(value[_DAY_CHARS:]):
        return value[:_DAY_CHARS]
    is_whole = inspect.IntType in by_type and inspect.StrType not in by_type
    if is_whole and optional and _WHOLE.fullmatch(value):
        return msgspec.Raw(value.encode())
    return value


def mend_time(text: str) -> str:
    """*text* in the form that msgspec reads, if it certainly is a time with an offset."""
    day, rest = text[:_DAY_CHARS], text[_DAY_CHARS:]
    found = _TIME.fullmatch(rest)
    if found is None or found["zone"] is None or not _DAY.fullmatch(day):
        return text
    try:
        # This truncates a time that is finer than a microsecond.
        return datetime.fromisoformat(text.upper()).isoformat()
    except ValueError:
        return text


def _day(by_type: ByType) -> bool:
    """Whether the type is a string of exactly ten characters, the length of a date."""
    text = by_type.get(inspect.StrType)
    return isinstance(text, inspect.StrType) and text.min_length == text.max_length == _DAY_CHARS


def _plain(value: object, path: str | None) -> object:
    """*value* with its numbers as they were sent.

    NaN, Infinity and a lone surrogate are an error at *path*. If *path* is ``None``, they
    become texts.
    """
    if isinstance(value, _Constant):
        if path is not None:
            raise msgspec.ValidationError(f"{value} is not a number of JSON - at `{path}`")
        return str(value)
    if isinstance(value, _Number):
        return msgspec.Raw(value.encode())
    if isinstance(value, str):
        return _check_text(value, path)
    if _is_object(value):
        return {
            _check_text(name, path): _plain(part, path and f"{path}.{name}")
            for name, part in value.items()
        }
    if _is_list(value):
        return [_plain(part, path and f"{path}[{place}]") for place, part in enumerate(value)]
    return value


def _check_text(text: str, path: str | None) -> str:
    """*text*, or an error at *path* if it has a lone surrogate.

    If *path* is ``None``, the half becomes the text of its escape.
    """
    if not has_lone_surrogate(text):
        return text
    if path is None:
        return text.encode(errors="backslashreplace").decode()
    raise msgspec.ValidationError(f"Lone surrogate, which UTF-8 cannot encode - at `{path}`")


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list | dict) and not value


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
