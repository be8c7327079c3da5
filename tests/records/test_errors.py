"""Errors that a provider's own code raises about a record."""

from __future__ import annotations

from decimal import InvalidOperation
from typing import Any

import msgspec
import pytest

from paysdk.records.errors import FieldError, as_validation_error, open_or_raise


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no such day"), "no such day"),
        (msgspec.ValidationError("too long - at `$.a`"), "too long - at `$.a`"),
        (KeyError("next"), "KeyError: 'next'"),
        (InvalidOperation("digits"), "InvalidOperation: digits"),
        (FieldError("lines[0].price", "missing"), "missing - at `$[0].lines[0].price`"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error_keeps_its_words_and_gets_its_field(error: Exception, message: str) -> None:
    """The words of an error are kept, with its type or its field if the words need that."""
    assert message == str(as_validation_error(error))


def test_mistake_in_a_function_is_not_a_malformed_page() -> None:
    """Only errors about values make a page malformed."""
    page: Any = {}
    with pytest.raises(msgspec.ValidationError, match="KeyError: 'next'"):
        open_or_raise(lambda page: page["next"], page)
    with pytest.raises(AttributeError):
        open_or_raise(lambda page: page.next, page)
