"""How Django REST framework reads the body of a POST, and what it says about fields that are not right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Field", "FieldError", "checked", "checked_list", "day", "decoded", "integer", "number", "text"]

# The float hook keeps an amount's digits as they were sent.
decoded: Callable[[bytes], Any] = msgspec.json.Decoder(float_hook=Decimal).decode


class FieldError(ValueError):
    """What the framework says about a field's value."""


@attrs.frozen
class Field:
    """One field of a body: ``read`` gives its value or raises FieldError with the framework's message."""

    read: Callable[[object], object]
    required: bool = False


def number(value: object) -> Decimal:
    """A JSON number or a string of one, in the range that the provider's schema gives for amounts."""
    message = "A valid number is required."
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise FieldError(message)
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise FieldError(message) from None
    if not amount.is_finite() or abs(amount) >= 10**18:
        raise FieldError(message)
    return amount


def integer(value: object) -> int:
    """An id: the documents' samples send some of them as strings."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdecimal():
        raise FieldError("A valid integer is required.")
    return int(value)


def text(value: object) -> str:
    """A string that says something."""
    if not isinstance(value, str):
        raise FieldError("Not a valid string.")
    if not value.strip():
        raise FieldError("This field may not be blank.")
    return value


def day(value: object) -> str:
    """A date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise FieldError("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.") from None


def checked(item: object, fields: Mapping[str, Field]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values of an object's known fields, and the messages about those that are not right."""
    if not isinstance(item, dict):
        return {}, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(item).__name__}."]}
    given = msgspec.convert(item, dict[str, object])
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, field in fields.items():
        try:
            values[name] = _value(given, name, field)
        except FieldError as error:
            errors[name] = [str(error)]
    return values, errors


def _value(given: Mapping[str, object], name: str, field: Field) -> object:
    if given.get(name) is not None:
        return field.read(given[name])
    if field.required:
        raise FieldError("This field may not be null." if name in given else "This field is required.")
    return None


def checked_list(items: object, fields: Mapping[str, Field]) -> tuple[list[dict[str, Any]], object]:
    """The objects of a list, ``None`` being an empty one, and what is wrong, member by member, or nothing."""
    if items is None:
        return [], None
    if not isinstance(items, list):
        return [], {"non_field_errors": [f'Expected a list of items but got type "{type(items).__name__}".']}
    results = [checked(item, fields) for item in msgspec.convert(items, list[object])]
    errors = [wrong for _, wrong in results]
    return [values for values, _ in results], errors if any(errors) else None
