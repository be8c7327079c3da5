"""How payments, and their references to invoices and customers, are made fast: pure.

Filling in the fields of a payment takes longer than reading its record. So a payment that was read
holds only its row. A property looks each field up in the row. For most fields it calls no Python
function.

The constructor puts its arguments into a row, too. attrs sets and gets fields by name (in
``__init__`` and ``evolve``, for pickling, and in subclasses), so it uses these properties. Other
code cannot set a field, because the frozen class has a ``__setattr__`` that refuses.

A reference has few fields. So it has no row: it is a struct of msgspec.
"""

from __future__ import annotations

from operator import attrgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["as_struct", "back_by_row", "row_setter"]

T = TypeVar("T")


class _Values:
    """The row of a payment that its constructor made."""


def _row_property(name: str) -> property:
    def put(made: Any, value: object) -> None:  # noqa: ANN401  # type checkers do not know _row
        if not hasattr(made, "_row"):
            cast("Any", type(made))._row.__set__(made, _Values())  # noqa: SLF001  # its own slot
        setattr(made._row, name, value)  # noqa: SLF001  # likewise

    return property(attrgetter(f"_row.{name}"), put, doc="")


def _id_as_text(made: Any) -> str:  # noqa: ANN401  # likewise
    return f"{made._row.id}"  # noqa: SLF001  # likewise


def back_by_row(made: type[T]) -> type[T]:
    """Return the attrs class *made* with one slot for a row, instead of a slot for each field."""
    own = {
        name: value
        for name, value in vars(made).items()
        if not isinstance(value, MemberDescriptorType)
    }
    fields = {field.name: _row_property(field.alias) for field in attrs.fields(cast("Any", made))}
    fields["id"] = property(_id_as_text, fields["id"].fset, doc="")
    # If a class has this attribute, msgspec takes its slots for its fields, and would encode a
    # payment as `{}`. If a class inherits the attribute, msgspec raises an error instead.
    described = type(
        "_Described", (), {"__slots__": (), "__attrs_attrs__": own.pop("__attrs_attrs__")}
    )
    return cast(
        "type[T]", type(made.__name__, (described,), own | fields | {"__slots__": ("_row",)})
    )


def row_setter(kind: type[Any]) -> Callable[[Any, object], None]:
    """Return the function that sets the row of an empty object of *kind*."""
    return cast("Callable[[Any, object], None]", kind._row.__set__)  # noqa: SLF001  # likewise


def as_struct(made: type[T]) -> type[T]:
    """Return the frozen attrs class *made* as a msgspec struct with the same fields.

    The ``__init__`` of a frozen attrs class calls ``object.__setattr__`` for each field. C code
    fills in a struct, in an eighth of the time. attrs cannot make a subclass of a struct.
    """
    attributes = attrs.fields(cast("Any", made))
    fields = [
        (each.name, each.type)
        if each.default is attrs.NOTHING
        else (each.name, each.type, each.default)
        for each in attributes
    ]
    kept = ("__doc__", "__attrs_attrs__", "__attrs_props__")
    namespace = {name: value for name, value in vars(made).items() if name in kept}
    struct = msgspec.defstruct(
        made.__name__, fields, frozen=True, module=made.__module__, namespace=namespace
    )
    return cast("type[T]", struct)
