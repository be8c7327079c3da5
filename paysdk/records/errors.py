"""Errors that a provider's own code raises about a record: pure."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from paysdk.records.page import RawPage

__all__ = ["PASSED_ON", "FieldError", "as_validation_error", "open_or_raise", "reading_records"]

PageType = TypeVar("PageType")

# An error of the decoder has its path already, and the others are not about the record.
PASSED_ON = (msgspec.MsgspecError, RecursionError, MemoryError)


class FieldError(ValueError):
    """A field of a record has a value that a provider's own code cannot use.

    *field* is the path of the field in the record, such as ``amount.value`` or ``lines[0].price``.
    The ``MalformedResponseError`` has that path.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@contextmanager
def reading_records() -> Generator[None]:
    """Raise ``msgspec.ValidationError`` for what the provider's own code raises about a record.

    A bad value can make such code raise anything, for example ``TypeError`` for ``None``.
    """
    try:
        yield
    except PASSED_ON:
        raise
    except Exception as error:
        raise as_validation_error(error) from error


def open_or_raise(open_page: Callable[[PageType], RawPage], page: PageType) -> RawPage:
    """``open_page(page)``. Raises ``msgspec.ValidationError`` for what it raises."""
    with reading_records():
        return open_page(page)


def as_validation_error(
    error: Exception, path: str = "", *, from_property: str | None = None
) -> msgspec.ValidationError:
    """The error for *error*, which a provider's own code raised about the field at *path*.

    *from_property* is the property of a record that raised it, if it came from one.
    """
    what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    if isinstance(error, FieldError):
        path = f"$[0].{error.field}"
    elif from_property is not None:
        what += f", in the property {from_property!r}"
    return msgspec.ValidationError(f"{what} - at `{path}`" if path else what)
