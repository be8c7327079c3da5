"""Errors that a provider's own code raises about a record: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.records.page import RawPage

__all__ = ["BAD_VALUE", "FieldError", "as_validation_error", "open_or_raise"]

PageType = TypeVar("PageType")


class FieldError(ValueError):
    """A field of a record has a value that a provider's own code cannot use.

    *field* is the path of the field in the record, such as ``amount.value`` or ``lines[0].price``.
    The ``MalformedResponseError`` has that path.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# The errors that Python raises for a bad value.
BAD_VALUE = (ValueError, LookupError, ArithmeticError)


def open_or_raise(open_page: Callable[[PageType], RawPage], page: PageType) -> RawPage:
    """``open_page(page)``. Raises ``msgspec.ValidationError`` if it raises a ``BAD_VALUE``."""
    try:
        return open_page(page)
    except BAD_VALUE as error:
        raise as_validation_error(error) from error


def as_validation_error(error: Exception) -> msgspec.ValidationError:
    """Return the error to raise for one of the ``BAD_VALUE`` errors."""
    if isinstance(error, FieldError):
        return msgspec.ValidationError(f"{error} - at `$[0].{error.field}`")
    return msgspec.ValidationError(
        str(error)
        if isinstance(error, ValueError | msgspec.ValidationError)
        else f"{type(error).__name__}: {error}"
    )
