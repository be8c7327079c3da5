"""Checks of single arguments. Each returns the value or raises ``ConfigurationError``."""

from __future__ import annotations

import sys

from paysdk.errors import ConfigurationError

__all__ = ["check_bool", "check_int", "check_seconds", "check_share", "check_text"]

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


def check_text(name: str, value: object) -> str:
    """Return *value* if it is a text of one line with something in it."""
    if not isinstance(value, str) or not value.isprintable() or value.strip() != value or not value:
        raise ConfigurationError(f"{name} must be a text of one line, not {value!r}.")
    return value
