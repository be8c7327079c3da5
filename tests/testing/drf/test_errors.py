"""Error responses and query parameters of Django REST framework."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.testing import drf

if TYPE_CHECKING:
    from collections.abc import Callable


def test_amounts_are_numbers_with_their_digits() -> None:
    """A Decimal is sent as a JSON number, with trailing zeros."""
    assert b'{"amount":1200.50}' == drf.json_response(200, {"amount": Decimal("1200.50")}).body


def test_detail() -> None:
    """An error about no field has its text in detail, and the given headers."""
    response = drf.detail_response(401, "No.", {"WWW-Authenticate": "Token"})

    assert (401, b'{"detail":"No."}') == (response.status, response.body)
    assert {"Content-Type": "application/json", "WWW-Authenticate": "Token"} == response.headers


def test_not_found_page_is_html_and_escaped() -> None:
    """The requested path is shown, escaped."""
    response = drf.not_found_page("/<b>")

    assert (404, "text/html; charset=utf-8") == (response.status, response.headers["Content-Type"])
    assert b"<p>/&lt;b&gt;</p>" in response.body


@pytest.mark.parametrize(
    ("url", "parameters", "expected"),
    [
        ("http://a/b?z=1&limit=5", {"limit": 7}, "http://a/b?limit=7&z=1"),
        ("http://a/b?cursor=&z=%2B0", {"cursor": "x="}, "http://a/b?cursor=x%3D&z=%2B0"),
        ("http://a/b?offset=5", {"offset": None}, "http://a/b"),
        ("http://a/b?empty=", {"offset": None}, "http://a/b?empty="),
    ],
)
def test_with_parameters(url: str, parameters: dict[str, object], expected: str) -> None:
    """Only the named parameters change, and all are sorted."""
    assert expected == drf.with_parameters(url, parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), ("99", 50), ("0", 10), ("-1", 10), ("junk", 10), ("", 10), (None, 10)],
)
def test_parse_positive(text: str | None, expected: int) -> None:
    """A large number is cut, and invalid text gives the default."""
    assert expected == drf.parse_positive(text, 10, largest=50)


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("5", 5), ("-1", 0)])
def test_positive_without_bound(text: str, expected: int) -> None:
    """An offset may be zero or more."""
    assert expected == drf.parse_positive(text, 0)


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
