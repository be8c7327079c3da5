"""Converts the fields of decoded records: amounts to exact numbers, and times to UTC. Pure.

The type of a field says whether it is converted: ``Amount``, ``datetime``, or a type with
``converted(...)``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union, get_args, get_origin

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.exact import exact_amount, in_utc
from paysdk.records.errors import PASSED_ON, as_validation_error

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Amount", "check_converted", "compile_finish", "converted", "has_times"]

_CACHED_TEXTS = 8192  # a page has few different amounts and days


# attrs makes a class without eq and repr in a third of the time.
@attrs.frozen(eq=False, repr=False)
class _Conversion:
    """How to convert the decoded value of a field. A value of ``None`` is not converted.

    ``convert`` takes the value and its path. ``look`` is an expression that uses the name
    ``value``. If its result is ``done``, the value needs no conversion.
    """

    convert: Callable[[Any, str], object]
    look: str = "None"
    done: object = object


def converted(convert: Callable[[Any, str], object]) -> msgspec.Meta:
    """Return the annotation of a field whose decoded value *convert* converts.

    *convert* takes the value and its path, and returns the new value. If the type of the field
    allows ``None``, *convert* is not called for ``None``. Whatever it raises makes the record
    malformed, at that path. Its results for texts are cached, so it must return the same value for
    the same text.
    """
    if not callable(convert):
        raise ConfigurationError(f"converted takes a function, not {convert!r}.")

    def convert_at(value: object, path: str) -> object:
        try:
            return convert(value, path)
        except PASSED_ON:
            raise
        except Exception as error:  # a bad value can make such code raise anything
            raise as_validation_error(error, path) from error

    return msgspec.Meta(extra={"paysdk": _Conversion(convert_at)})


def _read_moment(moment: datetime, path: str) -> datetime:
    if moment.tzinfo is None:
        raise msgspec.ValidationError(f"Expected a time with an offset - at `{path}`")
    return in_utc(moment, path)


_AMOUNT = _Conversion(exact_amount, "type(value)", Decimal)
_MOMENT = _Conversion(_read_moment, "value.tzinfo", UTC)

if TYPE_CHECKING:
    Amount: TypeAlias = Decimal
else:
    # The decoder accepts a number or a text as it is. `exact_amount` checks texts more closely than
    # msgspec does.
    Amount = Annotated[Any, msgspec.Meta(extra={"paysdk": _AMOUNT})]


@attrs.frozen(eq=False, repr=False)
class _Column:
    """A field with a conversion. ``owner`` is the expression for the struct with the field."""

    owner: str
    name: str
    path: str
    conversion: _Conversion
    may_be_none: bool

    def write(self, number: int) -> Iterator[str]:
        """Yield the lines of code that convert the field.

        *number* makes the names in these lines different from those of other columns.
        """
        if self.owner == "row":
            owner = "row"
            yield f"  value = row.{self.name}"
        else:
            owner = "owner"
            yield f"  owner = {self.owner}"
            yield f"  value = owner and owner.{self.name}"
        unless_none = ""
        if self.may_be_none:
            unless_none = "value is not None and "
        elif owner != "row":
            unless_none = "owner is not None and "
        yield f"  if {unless_none}{self.conversion.look} is not done{number}:"
        yield f"   convert = texts{number} if type(value) is str else convert{number}"
        yield f"   {owner}.{self.name} = convert(value, path{number})"


@cache
def compile_finish(kind: type[Any], settings: tuple[str, ...]) -> Callable[..., None]:
    """Return a function ``finish(rows, records, *settings)`` for rows of *kind*.

    The function sets ``raw`` of each row to the bytes of its record, sets the attributes that
    *settings* names, and converts the fields in place. It is compiled for the fields of *kind*, as
    attrs compiles ``__init__``. A loop over the names of the fields would take a third as long as
    the decoding.
    """
    lines = [
        f"def finish({', '.join(['rows', 'records', *settings])}):",
        " for row, record in zip(rows, records):",
        "  row.raw = record",
        *(f"  row.{name} = {name}" for name in settings),
    ]
    scope: dict[str, Any] = {}
    for number, column in enumerate(_find_columns(kind)):
        conversion = column.conversion
        lines += column.write(number)
        scope |= {
            f"convert{number}": conversion.convert,
            # Only texts are cached. Equal numbers may have different digits, such as 1.5 and 1.50.
            f"texts{number}": lru_cache(_CACHED_TEXTS)(conversion.convert),
            f"done{number}": conversion.done,
            f"path{number}": column.path,
        }
    exec("\n".join(lines), scope)  # noqa: S102  # only names of fields are in it
    finish: Callable[..., None] = scope["finish"]
    return finish


def has_times(kind: type[Any]) -> bool:
    """Whether a record of this type has a field with a time."""
    return any(column.conversion is _MOMENT for column in _find_columns(kind))


@cache
def check_converted(kind: type[Any], *, in_table: bool) -> None:
    """Raise ``ConfigurationError`` for an ``Amount`` or ``converted(...)`` that has no effect.

    A ``TableReader`` converts the fields of a record and of the objects in it, but not those in a
    list. A ``SchemaReader`` converts no fields.
    """
    has_effect = {column.path for column in _find_columns(kind)} if in_table else set[str]()
    for path in _find_declared(kind, "$[0]", frozenset()):
        if path not in has_effect:
            where = "in a list of a table" if in_table else "in a SchemaReader"
            raise ConfigurationError(
                f"{kind.__name__}: the field {path.removeprefix('$[0].')} is an Amount or has "
                f"converted(...). That has no effect {where}. Declare the type that is sent, such "
                "as Any for an amount, and convert the value yourself, as exact_amount does."
            )


def _find_declared(
    kind: Any,  # noqa: ANN401  # any type that msgspec knows
    path: str,
    within: frozenset[object],
) -> Iterator[str]:
    """Yield the path of each field that says how it is converted, except times."""
    if get_origin(kind) is Annotated:
        notes = [note for note in get_args(kind)[1:] if isinstance(note, msgspec.Meta)]
        if any("paysdk" in (note.extra or {}) for note in notes):
            yield path
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in within:
        for field in msgspec.structs.fields(kind):
            yield from _find_declared(field.type, f"{path}.{field.encode_name}", within | {kind})
        return
    is_union = get_origin(kind) in {Union, UnionType, Annotated}
    for part in get_args(kind):
        yield from _find_declared(part, path if is_union else f"{path}[]", within)


def _find_columns(kind: type[Any], owner: str = "row", path: str = "$[0]") -> Iterator[_Column]:
    for field in msgspec.structs.fields(kind):
        at = f"{path}.{field.encode_name}"
        parts = list(_flatten(field.type))
        for part in parts:
            if isinstance(part, _Conversion):
                yield _Column(owner, field.name, at, part, NoneType in parts)
            elif isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from _find_columns(part, f"{owner}.{field.name}", at)


def _flatten(kind: Any) -> Iterator[object]:  # noqa: ANN401  # any type that msgspec knows
    """Yield the conversion of a field of this type or, if it has none, the types of the field."""
    if kind is datetime:
        yield _MOMENT
    elif get_origin(kind) is Annotated:
        extras = [note.extra or {} for note in get_args(kind)[1:] if isinstance(note, msgspec.Meta)]
        found = [extra["paysdk"] for extra in extras if "paysdk" in extra]
        yield from found or _flatten(get_args(kind)[0])
    elif get_origin(kind) in {Union, UnionType}:
        for part in get_args(kind):
            yield from _flatten(part)
    else:
        yield kind
