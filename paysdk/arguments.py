"""Checks of single arguments. Each returns the value or raises ``ConfigurationError``."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time

from paysdk.errors import ConfigurationError

__all__ = [
    "as_moment",
    "check_bool",
    "check_day",
    "check_int",
    "check_not_blank",
    "check_seconds",
    "check_share",
    "check_text",
    "is_id",
]

# The largest finite float. Infinity and NaN are not times.
_MAX_SECONDS = sys.float_info.max


def check_int(name: str, value: object, least: int, most: int | None = None) -> int:
    """Return *value* if it is a whole number from *least* to *most*."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or value < least
        or (most is not None and value > most)
    ):
        bounds = f"from {least}" if most is None else f"from {least} to {most}"
        raise ConfigurationError(f"{name} must be a whole number {bounds}, not {value!r}.")
    return value


def is_id(value: object) -> bool:
    """Whether *value* can be the id of a record: a whole number, or a string that is not empty."""
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""


def check_seconds(name: str, value: object, *, allow_zero: bool = False) -> float:
    """Return *value* if it is a finite number of seconds above 0, or 0 with *allow_zero*."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value <= _MAX_SECONDS
        or (value == 0 and not allow_zero)
    ):
        raise ConfigurationError(
            f"{name} must be a finite number of seconds {'from' if allow_zero else 'above'} 0, "
            f"not {value!r}."
        )
    return value


def check_share(name: str, value: object) -> float:
    """Return *value* if it is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"{name} must be a number from 0 to 1, not {value!r}.")
    return value


def check_bool(name: str, value: object) -> bool:
    """Return *value* if it is ``True`` or ``False``."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False, not {value!r}.")
    return value


def check_not_blank(name: str, value: object) -> str:
    """Return *value* if it is a string with something other than space in it."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name} must be a non-empty string, not {value!r}.")
    return value


def check_text(name: str, value: object) -> str:
    """Return *value* if it is a string of one line with something in it."""
    if not isinstance(value, str) or not value.isprintable() or value.strip() != value or not value:
        raise ConfigurationError(f"{name} must be a string of one line, not {value!r}.")
    return value


def check_day(name: str, value: object) -> date:
    """Return *value* if it is a day. A datetime, which is also a date in Python, is none."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ConfigurationError(f"{name} must be a datetime.date, not {value!r}.")
    return value


def as_moment(name: str, value: datetime | date, *, end_of_day: bool) -> datetime:
    """A bound in time as a moment in UTC; a date is the beginning or the end of its day, in UTC.

    Raises ``ConfigurationError`` for a naive datetime, and for one that UTC cannot express.
    """
    given: object = value
    if isinstance(given, datetime):
        if given.tzinfo is None or given.utcoffset() is None:
            raise ConfigurationError(
                f"{name} must be an aware datetime, such as datetime(2026, 1, 31, tzinfo=UTC), "
                f"or a date; {given!r} has no zone."
            )
        try:
            return given.astimezone(UTC)
        except OverflowError:
            raise ConfigurationError(f"{name} is outside the calendar in UTC: {given!r}.") from None
    if isinstance(given, date):
        return datetime.combine(given, time.max if end_of_day else time.min, UTC)
    raise ConfigurationError(f"{name} must be an aware datetime or a date, not {value!r}.")
