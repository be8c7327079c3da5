"""Parsing the body of a POST, and query parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.testing import drf
from paysdk.testing.drf.fields import (
    Field,
    FieldError,
    check_item,
    check_items,
    decode,
    parse_day,
    parse_integer,
    parse_number,
    parse_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS = {
    "amount": Field(parse_number, required=True),
    "id": Field(parse_integer),
    "memo": Field(parse_text),
    "on": Field(parse_day),
}


def test_digits_survive_decoding() -> None:
    """The digits of a number are kept as sent."""
    assert [Decimal("1200.50"), 150] == decode(b"[1200.50, 150]")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (150, "150"),
        (Decimal("883.33"), "883.33"),
        ("12.50", "12.50"),
        (-1, "-1"),
        (10**18 - 1, "9" * 18),
    ],
)
def test_number(value: object, expected: str) -> None:
    """Numbers and strings of numbers are parsed exactly."""
    assert expected == str(parse_number(value))


@pytest.mark.parametrize("value", [True, "", "ten", "NaN", "Infinity", 10**18, -(10**18), [], 1.5])
def test_no_number(value: object) -> None:
    """A value that is not a finite number in range is refused."""
    with pytest.raises(FieldError, match="A valid number is required"):
        parse_number(value)


@pytest.mark.parametrize("value", [2553, "2553"], ids=repr)
def test_integer(value: object) -> None:
    """Ids come as numbers and as strings in the documents."""
    assert 2553 == parse_integer(value)


@pytest.mark.parametrize("value", [True, "", "x", -1, Decimal("1.0"), []])
def test_no_integer(value: object) -> None:
    """Other values are refused as ids."""
    with pytest.raises(FieldError, match="A valid integer is required"):
        parse_integer(value)


def test_good_object() -> None:
    """Known fields are parsed, unknown fields ignored, and missing ones are None."""
    given = {"amount": 1, "id": "7", "memo": "for you", "on": "2025-07-25", "other": 1}

    assert ({"amount": 1, "id": 7, "memo": "for you", "on": "2025-07-25"}, {}) == check_item(
        given, FIELDS
    )
    assert ({"amount": 1, "id": None, "memo": None, "on": None}, {}) == check_item(
        {"amount": 1, "id": None}, FIELDS
    )


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({}, {"amount": ["This field is required."]}),
        ({"amount": None}, {"amount": ["This field may not be null."]}),
        ({"amount": 1, "memo": 7}, {"memo": ["Not a valid string."]}),
        ({"amount": 1, "memo": " "}, {"memo": ["This field may not be blank."]}),
        (
            {"amount": 1, "on": "25-07-2025"},
            {"on": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]},
        ),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    ],
)
def test_bad_object(given: object, errors: object) -> None:
    """Errors have the framework's messages, by field."""
    assert errors == check_item(given, FIELDS)[1]


def test_lists() -> None:
    """Null is an empty list, and each error is at the place of its member."""
    assert ([], None) == check_items(None, FIELDS)
    assert ([], None) == check_items([], FIELDS)
    assert (
        [],
        {"non_field_errors": ['Expected a list of items but got type "str".']},
    ) == check_items("x", FIELDS)
    assert [{}, {"amount": ["This field is required."]}] == check_items(
        [{"amount": 1}, {}], FIELDS
    )[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)],
)
def test_parse_boolean(text: str, *, expected: bool) -> None:
    """A boolean is a word or a digit, in any case."""
    assert expected is drf.parse_boolean(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:01+0000", 1_000_000),
        ("1970-01-01T02:00:01+02:00", 1_000_000),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-02", 86_400_000_000),
    ],
)
def test_parse_moment(text: str, expected: int) -> None:
    """All forms of ISO 8601 in the documents are parsed, and no zone means UTC."""
    assert expected == drf.parse_moment(text)


def test_moment_ends_a_day() -> None:
    """A date as an end covers the whole day, and a timestamp only itself."""
    assert 2 * 86_400_000_000 - 1 == drf.parse_moment("1970-01-02", ends_day=True)
    assert 1_000_000 == drf.parse_moment("1970-01-01T00:00:01Z", ends_day=True)


def test_parameters_collects_values_and_messages() -> None:
    """Empty and unknown parameters are ignored, and all errors are reported at once."""
    query = {
        "at": "2024-01-01T00:00:00 0000",
        "voided": "perhaps",
        "empty": "",
        "id": "7",
        "other": "x",
    }
    readers: dict[str, Callable[[str], object]] = {
        "at": drf.parse_moment,
        "voided": drf.parse_boolean,
        "empty": int,
        "id": int,
        "absent": int,
    }

    assert (
        {"id": 7},
        {"at": ["Enter a valid date/time."], "voided": ["Must be a valid boolean."]},
    ) == drf.parse_parameters(query, readers)
