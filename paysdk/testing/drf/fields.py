"""Parse fields and query parameters, and refuse them, as Django REST framework does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Field",
    "FieldError",
    "check_item",
    "check_items",
    "decode",
    "parse_boolean",
    "parse_day",
    "parse_integer",
    "parse_moment",
    "parse_number",
    "parse_parameters",
    "parse_text",
    "to_microseconds",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_boolean(text: str) -> bool:
    """Parse a boolean. Raises ValueError for any other word."""
    word = text.lower()
    if word not in ("true", "1", "false", "0"):
        raise ValueError("Must be a valid boolean.")
    return word in ("true", "1")


def parse_parameters(
    query: Mapping[str, str], readers: Mapping[str, Callable[[str], object]]
) -> tuple[dict[str, object], dict[str, list[str]]]:
    """Return the parsed query parameters, and the messages about those that cannot be parsed.

    A parameter without a value is ignored. A reader raises ValueError.
    """
    values: dict[str, object] = {}
    errors: dict[str, list[str]] = {}
    for name, read in readers.items():
        if query.get(name):
            try:
                values[name] = read(query[name])
            except ValueError as error:
                errors[name] = [str(error)]
    return values, errors


def to_microseconds(value: datetime) -> int:
    """Return the microseconds since 1970 in UTC. A time without a zone counts as UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def parse_moment(text: str, *, ends_day: bool = False) -> int:
    """Parse an ISO 8601 timestamp or date to microseconds since 1970.

    A date counts as its first moment, or as its last with ``ends_day``. Raises ValueError.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _parse_timestamp(text)
    start = to_microseconds(datetime.combine(day, time()))
    return start + 86_400_000_000 - 1 if ends_day else start


def _parse_timestamp(text: str) -> int:
    try:
        return to_microseconds(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError("Enter a valid date/time.") from None


# The float hook keeps the digits of an amount as they were sent.
decode: Callable[[bytes], Any] = msgspec.json.Decoder(float_hook=Decimal).decode


class FieldError(ValueError):
    """The framework's message about the value of a field."""


@attrs.frozen
class Field:
    """One field of a body.

    ``read`` returns its value, or raises FieldError with the framework's message.
    """

    read: Callable[[object], object]
    required: bool = False


def parse_number(value: object) -> Decimal:
    """Parse a JSON number, or a string of one, within the range of the schema's amounts."""
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


def parse_integer(value: object) -> int:
    """Parse an id. The documents' samples send some ids as strings."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdecimal():
        raise FieldError("A valid integer is required.")
    return int(value)


def parse_text(value: object) -> str:
    """Return a string that is not blank."""
    if not isinstance(value, str):
        raise FieldError("Not a valid string.")
    if not value.strip():
        raise FieldError("This field may not be blank.")
    return value


def parse_day(value: object) -> str:
    """Parse a date, and return it as YYYY-MM-DD."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise FieldError(
            "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
        ) from None


def check_item(
    item: object, fields: Mapping[str, Field]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the values of the known fields of an object, and the messages about wrong ones."""
    if not isinstance(item, dict):
        return {}, {
            "non_field_errors": [
                f"Invalid data. Expected a dictionary, but got {type(item).__name__}."
            ]
        }
    given = msgspec.convert(item, dict[str, object])
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, field in fields.items():
        try:
            values[name] = _parse_value(given, name, field)
        except FieldError as error:
            errors[name] = [str(error)]
    return values, errors


def _parse_value(given: Mapping[str, object], name: str, field: Field) -> object:
    if given.get(name) is not None:
        return field.read(given[name])
    if field.required:
        raise FieldError(
            "This field may not be null." if name in given else "This field is required."
        )
    return None


def check_items(items: object, fields: Mapping[str, Field]) -> tuple[list[dict[str, Any]], object]:
    """Return the objects of a list, and the errors of each member, or ``None`` without errors.

    ``None`` counts as an empty list.
    """
    if items is None:
        return [], None
    if not isinstance(items, list):
        return [], {
            "non_field_errors": [f'Expected a list of items but got type "{type(items).__name__}".']
        }
    results = [check_item(item, fields) for item in msgspec.convert(items, list[object])]
    errors = [wrong for _, wrong in results]
    return [values for values, _ in results], errors if any(errors) else None
