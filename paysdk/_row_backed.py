"""How a payment looks its fields up in the row that it was read from: pure.

Reading a record takes less time than filling in the fields of a payment. So a payment that was read
holds its row and nothing else, and each field is looked up in the row when it is asked for, without
a call of a Python function.

The constructor puts its arguments into a row, too. attrs sets and gets the fields by name, in
``__init__`` and ``evolve``, for pickling and in subclasses, and so comes through the properties
here. All other code meets the frozen class's own ``__setattr__`` first.
"""

from __future__ import annotations

from operator import attrgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["back_by_row", "row_setter", "slot_setters"]

T = TypeVar("T")


class _Described:
    """The base class that holds ``__attrs_attrs__`` for the class that is backed by a row.

    msgspec encodes a class that has these itself from its slots, which would give ``{}``. It refuses
    a class that only inherits them.
    """

    __slots__ = ()


class _Values:
    """The row of a payment that was made by its constructor."""


def _row_property(name: str) -> property:
    def put(made: Any, value: object) -> None:  # noqa: ANN401  # type checkers know no _row
        if not hasattr(made, "_row"):
            cast("Any", type(made))._row.__set__(made, _Values())  # noqa: SLF001  # its own slot
        setattr(made._row, name, value)  # noqa: SLF001  # likewise

    return property(attrgetter(f"_row.{name}"), put, doc="")


def _id_as_text(made: Any) -> str:  # noqa: ANN401  # likewise
    return f"{made._row.id}"  # noqa: SLF001  # likewise


def back_by_row(made: type[T]) -> type[T]:
    """The attrs class *made*, with one slot for a row in place of one for each field."""
    own = {
        name: value
        for name, value in vars(made).items()
        if not isinstance(value, MemberDescriptorType)
    }
    fields = {field.name: _row_property(field.alias) for field in attrs.fields(cast("Any", made))}
    fields["id"] = property(_id_as_text, fields["id"].fset, doc="")
    described: Any = type("_Described", (_Described,), {"__slots__": ()})
    described.__attrs_attrs__ = own.pop("__attrs_attrs__")
    return cast(
        "type[T]", type(made.__name__, (described,), own | fields | {"__slots__": ("_row",)})
    )


def row_setter(kind: type[Any]) -> Callable[[Any, object], None]:
    """The function that gives an empty object of *kind*, which is backed by a row, its row."""
    return cast("Callable[[Any, object], None]", kind._row.__set__)  # noqa: SLF001  # the slot that back_by_row made


def slot_setters(kind: type[Any]) -> list[Callable[[Any, object], None]]:
    """The functions that set the fields of an object of *kind*, in order, although it is frozen."""
    return [getattr(kind, field.name).__set__ for field in attrs.fields(kind)]
