"""Errors that a provider's own code raises about a record."""

from __future__ import annotations

from decimal import InvalidOperation
from typing import Any

import msgspec
import pytest

from paysdk.records.errors import FieldError, open_or_raise, reading_records


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no such day"), "no such day"),
        (KeyError("next"), "KeyError: 'next'"),
        (TypeError("None has no length"), "TypeError: None has no length"),
        (UnboundLocalError("total"), "UnboundLocalError: total"),
        (InvalidOperation("digits"), "InvalidOperation: digits"),
        (FieldError("lines[0].price", "missing"), "missing - at `$[0].lines[0].price`"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error_keeps_its_words_and_gets_its_field(error: Exception, message: str) -> None:
    """The words of an error are kept, with its type or its field if the words need that."""
    with pytest.raises(msgspec.ValidationError) as raised, reading_records():
        raise error
    assert (message, error) == (str(raised.value), raised.value.__cause__)


@pytest.mark.parametrize(
    "error", [msgspec.ValidationError("too long - at `$.a`"), RecursionError(), MemoryError()]
)
def test_other_errors_pass(error: Exception) -> None:
    """An error of the decoder, or of the machine, is raised as it is."""
    with pytest.raises(type(error)) as raised, reading_records():
        raise error
    assert (error, None) == (raised.value, raised.value.__cause__)


@pytest.mark.parametrize("name", ["next", "upper"])
def test_page_that_a_function_cannot_open_is_malformed(name: str) -> None:
    """Any exception of the function makes a page malformed."""
    page: Any = {}
    with pytest.raises(msgspec.ValidationError, match=rf"AttributeError: .*{name}"):
        open_or_raise(lambda page: getattr(page, name), page)
