"""Requests that paysdk does not model are built exactly, or refused."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from paysdk import ConfigurationError
from paysdk.transport.messages import Request
from paysdk.transport.raw_request import build_request

AMSTERDAM = timezone(timedelta(hours=1))
NOON = datetime(2026, 1, 31, 12, tzinfo=AMSTERDAM)


def test_query_has_texts_of_all_kinds_of_values() -> None:
    """Numbers keep their digits, times go out in UTC, and ``None`` is left out."""
    query = {
        "text": "a+b &c",
        "number": 7,
        "amount": Decimal("1E+2"),
        "yes": True,
        "no": False,
        "day": date(2026, 1, 31),
        "at": NOON,
        "id": UUID(int=5),
        "none": None,
        "several": ["x", None, 2],
    }
    expected = (
        "text=a%2Bb+%26c&number=7&amount=100&yes=true&no=false&day=2026-01-31"
        "&at=2026-01-31T11:00:00Z"
        "&id=00000000-0000-0000-0000-000000000005&several=x&several=2"
    )
    assert expected == build_request("GET", "/v1/things", query).query


def test_json_keeps_the_digits_of_amounts() -> None:
    """A ``Decimal`` goes out as a number with exactly its digits."""
    sent = {"amount": Decimal("10.50"), "lines": [{"n": 1}, None], "on": date(2026, 1, 31)}
    expected = Request(
        "POST", "/pay", body=b'{"amount":10.50,"lines":[{"n":1},null],"on":"2026-01-31"}'
    )
    assert expected == build_request("POST", "/pay", json=sent)


def test_form_body() -> None:
    """A form is encoded, and says its content type."""
    expected = Request(
        "POST",
        "/pay",
        body=b"amount=10.50&note=a+b",
        content_type="application/x-www-form-urlencoded",
    )
    form = {"amount": Decimal("10.50"), "note": "a b", "none": None}
    assert expected == build_request("POST", "/pay", form=form)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "things",
        "//evil.example/things",
        "https://evil.example/things",
        "/things?a=1",
        "/things#a",
        "/a/../b",
        "/a/%2e%2E/b",
        "/a/./b",
        "/a b",
        "/é",
        "/a\r\nHost: b",
        "\\a",
        None,
        7,
    ],
)
def test_path_stays_within_the_api(path: str) -> None:
    """A path with a host, a query, steps upwards or other signs is refused."""
    with pytest.raises(ConfigurationError, match="path must"):
        build_request("GET", path)


@pytest.mark.parametrize("method", ["get", "", "GET /x", None, "G\n"])
def test_method_is_a_name(method: str) -> None:
    """A method that is no name in capitals is refused."""
    with pytest.raises(ConfigurationError, match="method must be a name in capitals"):
        build_request(method, "/x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"json": {}, "form": {}}, "one body"),
        ({"method": "GET", "json": {}}, "A GET request has no body"),
        ({"method": "HEAD", "form": {}}, "A HEAD request has no body"),
        ({"query": "a=1"}, "query must map names to values"),
        ({"form": [("a", "b")]}, "form must map names to values"),
        ({"query": {"a": "\ud800"}}, r"query\['a'\] has a lone surrogate"),
        ({"form": {"a": "\ud800"}}, r"form\['a'\] has a lone surrogate"),
        ({"json": ["\ud800"]}, r"json\[0\] has a lone surrogate"),
        ({"query": {"a": 1.5}}, r"query\['a'\] must be a string"),
        ({"query": {"a": [object()]}}, r"query\['a'\] must be a string"),
        ({"query": {"a": Decimal("NaN")}}, r"query\['a'\] must be a string"),
        (
            {"query": {"a": datetime(2026, 1, 1)}},  # noqa: DTZ001  # what is refused
            r"query\['a'\] must be an aware datetime",
        ),
        ({"json": {"a": [Decimal("NaN")]}}, r"json.a\[0\] is NaN"),
        ({"json": {"a": float("inf")}}, "json.a is inf"),
        (
            {"json": {"a": datetime(2026, 1, 1)}},  # noqa: DTZ001  # what is refused
            "json.a must be an aware datetime",
        ),
        ({"json": {1: 2}}, "json has the name 1"),
        ({"json": {"a": {1, 2}}}, "json.a must be a value of JSON"),
        ({"json": {"a": b"x"}}, "json.a must be a value of JSON"),
    ],
)
def test_what_cannot_be_sent_as_it_is(arguments: dict[str, Any], message: str) -> None:
    """An argument that would be changed or dropped on its way is refused."""
    with pytest.raises(ConfigurationError, match=message):
        build_request(**{"method": "POST", "path": "/x", **arguments})


def test_aware_time_in_json() -> None:
    """An aware time goes out with its zone."""
    body = build_request("POST", "/x", json=[NOON.astimezone(UTC)]).body
    assert b'["2026-01-31T11:00:00Z"]' == body


def test_time_does_not_depend_on_the_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time is sent in UTC, also if the machine has another zone."""
    monkeypatch.setenv("TZ", "JST-9")
    set_zone = getattr(time, "tzset", lambda: None)  # Windows has no such function
    set_zone()
    try:
        assert "at=2026-01-31T11:00:00Z" == build_request("GET", "/x", query={"at": NOON}).query
    finally:
        monkeypatch.undo()
        set_zone()
