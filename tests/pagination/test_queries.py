"""Reading and writing queries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from paysdk.errors import PaginationError
from paysdk.pagination.queries import (
    added_filter,
    contradicted,
    encode_query,
    marks_from,
    moment_of,
    parameters_of,
    parse_int,
    query_of,
    same_request,
    same_value,
    truncate_for_message,
    values_of,
    with_parameter,
    without_parameters,
)


def test_plus_is_encoded() -> None:
    """A plus in a time is encoded, because a server would read it as a space."""
    query = encode_query(
        [("last_modified_at__gte", "2026-01-01T00:00:00+00:00"), ("external_id", "a b&é")]
    )
    assert "last_modified_at__gte=2026-01-01T00:00:00%2B00:00&external_id=a+b%26%C3%A9" == query


def test_query_of_a_link_is_encoded_once() -> None:
    """Characters that a request line must not have are encoded, and encoded ones stay."""
    assert "cursor=a%20b%2B" == query_of("https://api.example.org/?cursor=a b%2B#end")


def test_link_that_is_not_a_url_raises() -> None:
    """A link that cannot be split raises an error that quotes it."""
    with pytest.raises(PaginationError, match=r"is not a URL: 'https://\[::1'\."):
        query_of("https://[::1")


def test_last_value_of_a_repeated_parameter_counts() -> None:
    """A repeated parameter has its last value, and all its values can be listed."""
    assert {"a": "2", "b": ""} == parameters_of("a=1&b=&a=2")
    assert ["1", "2"] == values_of("a=1&b=&a=2", "a")
    assert [] == values_of("b=", "a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("42", 42), ("", None), ("-1", None), ("1_0", None), ("7" * 19, None), ("²", None)],
)
def test_only_whole_numbers_are_parsed(text: str, expected: int | None) -> None:
    """Signs, other digits than 0 to 9, and numbers with too many digits are refused."""
    assert expected == parse_int(text)


def test_other_parameters_stay_unchanged() -> None:
    """Setting a parameter replaces all its values, and no other character of the query."""
    assert "b=%2b&=x&limit=5" == with_parameter(
        "limit=1&b=%2b&=x&&li%6Dit=2&limit=a=b", "limit", "5"
    )


def test_parameters_can_be_removed() -> None:
    """The others stay as they are, also if a value has an equals sign."""
    query = "limit=1&b=%2b&cursor=a=b&c=1"
    assert "b=%2b&c=1" == without_parameters(query, ["limit", "cursor"])


def test_order_of_parameters_does_not_matter() -> None:
    """Two queries request the same if only the order of their parameters differs."""
    assert same_request("a=1&b=2") == same_request("b=2&a=1")
    assert same_request("a=1&b=2") != same_request("a=2&b=1")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("true", "True", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", False),
        ("2026-01-01", "2026-01-02", False),
        ("1", "01", False),
    ],
)
def test_values_may_be_written_in_two_ways(one: str, other: str, expected: bool) -> None:
    """Case does not matter, and neither does the zone in which a time is written."""
    assert expected == same_value(one, other)


def test_time_without_a_zone_is_not_a_time() -> None:
    """Only a time with a zone names a moment."""
    assert datetime(2026, 1, 1, tzinfo=UTC) == moment_of("2026-01-01T00:00:00Z")
    assert moment_of("2026-01-01T00:00:00") is None
    assert moment_of("soon") is None


@pytest.mark.parametrize(
    ("query", "kept", "expected"),
    [
        ("a=1&b=2", None, None),
        ("a=1", None, "b"),
        ("a=1", ["a"], None),
        ("a=1&b=3", ["a"], "b"),
        ("a=1&a=2&b=2", None, "a"),
    ],
)
def test_filters_must_be_in_the_query(
    query: str, kept: list[str] | None, expected: str | None
) -> None:
    """A filter that is missing or has another value is named."""
    assert expected == contradicted(query, {"a": "1", "b": "2"}, kept)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=paid&page=2", None),
        ("kind=paid&day=1", "day"),
        ("kind=paid&day=", None),
        ("day=1&day=", "day"),
        ("kind=paid&kind__in=open", "kind__in"),
        ("kind=paid&day[gte]=1", "day[gte]"),
        ("kind=paid&kinds=open&format=json&_=1", None),
        ("kind=paid&day_count=5", None),
        ("kind=paid&day__page=5", None),
    ],
)
def test_added_filter_is_found(query: str, expected: str | None) -> None:
    """A filter that is not allowed is found, with a lookup too; other parameters may be there."""
    assert expected == added_filter(query, ("kind", "day"), {"kind", "day__page"})


def test_text_is_truncated_for_a_message() -> None:
    """A text of up to 200 characters is shown as a whole."""
    assert repr("x" * 200) == truncate_for_message("x" * 200)
    assert repr("x" * 200 + "…") == truncate_for_message("x" * 201)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("a", ["a", b'{"id": "b"}', 7]),
        ("b", [b'{"id": "b"}', 7]),
        ("7", [7]),
        ("c", []),
    ],
)
def test_marks_begin_with_an_id(first: str, expected: list[object]) -> None:
    """The marks start at the record with the id, also if that record is malformed."""
    assert expected == marks_from(["a", b'{"id": "b"}', 7], first)
