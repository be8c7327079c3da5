"""Tests of the checks of single arguments."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from paysdk.arguments import (
    as_moment,
    check_bool,
    check_day,
    check_int,
    check_not_blank,
    check_seconds,
    check_share,
    check_text,
    is_id,
)
from paysdk.errors import ConfigurationError

LARGEST = sys.float_info.max
BAD_SECONDS: list[Any] = [
    -1,
    -0.1,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    True,
    "5",
    None,
    [],
    timedelta(seconds=5),
]


@pytest.mark.parametrize("value", BAD_SECONDS, ids=lambda value: repr(value)[:20])
def test_refuses_wrong_seconds(value: object) -> None:
    """A time must be a finite number of seconds, and the message names the setting."""
    with pytest.raises(
        ConfigurationError, match="timeout must be a finite number of seconds above 0, not"
    ):
        check_seconds("timeout", value)
    with pytest.raises(
        ConfigurationError, match="wait must be a finite number of seconds from 0, not"
    ):
        check_seconds("wait", value, allow_zero=True)


@pytest.mark.parametrize("value", [1, 0.001, 60, LARGEST])
def test_accepts_seconds(value: float) -> None:
    """Any finite number above zero is accepted, and zero if it is allowed."""
    assert value == check_seconds("timeout", value)
    assert 0 == check_seconds("wait", 0, allow_zero=True)
    with pytest.raises(ConfigurationError):
        check_seconds("timeout", 0)


@pytest.mark.parametrize("value", [-1, 8, True, 3.0, "3", None])
def test_refuses_wrong_whole_numbers(value: object) -> None:
    """The message has both bounds if there are two."""
    with pytest.raises(ConfigurationError, match="limit must be a whole number from 0 to 7, not"):
        check_int("limit", value, 0, 7)


def test_whole_number_may_have_no_upper_bound() -> None:
    """Then the message has only the lower bound."""
    assert 10**9 == check_int("limit", 10**9, 0)
    with pytest.raises(ConfigurationError, match="limit must be a whole number from 0, not -1"):
        check_int("limit", -1, 0)


@pytest.mark.parametrize("value", [-0.1, 1.01, True, "0.5", None, float("nan")])
def test_refuses_wrong_shares(value: object) -> None:
    """A share is a number from 0 to 1."""
    with pytest.raises(ConfigurationError, match="share must be a number from 0 to 1, not"):
        check_share("share", value)


@pytest.mark.parametrize("value", [0, 0.25, 1])
def test_accepts_a_share(value: float) -> None:
    """A number from 0 to 1 is returned."""
    assert value == check_share("share", value)


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_refuses_what_is_not_a_bool(value: object) -> None:
    """Only True and False are accepted."""
    with pytest.raises(ConfigurationError, match="voided must be True or False, not"):
        check_bool("voided", value)


@pytest.mark.parametrize("value", [True, False])
def test_accepts_a_bool(value: object) -> None:
    """True and False are returned."""
    assert value is check_bool("voided", value)


@pytest.mark.parametrize("value", ["d1", "books 7", "caf\xe9", "x"])
def test_takes_texts_of_one_line(value: str) -> None:
    """A text of one line is returned as it is."""
    assert value == check_text("tenant", value)


@pytest.mark.parametrize(
    "value", ["", " ", " d", "d ", "a\nb", "a\x00b", "a\u2028b", "\ud800", "d\n", 7, None, b"d"]
)
def test_refuses_what_is_no_text_of_one_line(value: object) -> None:
    """Empty texts, control characters and spaces at the ends are refused."""
    with pytest.raises(ConfigurationError, match="tenant must be a string of one line, not"):
        check_text("tenant", value)


@pytest.mark.parametrize("wrong", ["", " \n", None, 7, b"a"])
def test_refuses_a_blank_text(wrong: object) -> None:
    """A text must have something other than space in it, and the message names the argument."""
    with pytest.raises(ConfigurationError, match="account must be a non-empty string, not"):
        check_not_blank("account", wrong)


def test_returns_a_text_that_is_not_blank() -> None:
    """The text comes back with the space around it."""
    assert " a " == check_not_blank("account", " a ")


@pytest.mark.parametrize(
    ("value", "end_of_day", "moment"),
    [
        (date(2026, 1, 31), False, datetime(2026, 1, 31, tzinfo=UTC)),
        (date(2026, 1, 31), True, datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), True, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (
            datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))),
            False,
            datetime(2026, 1, 30, 23, tzinfo=UTC),
        ),
    ],
)
def test_moment(value: datetime | date, *, end_of_day: bool, moment: datetime) -> None:
    """A date is the beginning or the end of its day in UTC; a datetime is converted to UTC."""
    found = as_moment("modified_since", value, end_of_day=end_of_day)
    assert moment == found
    assert UTC is found.tzinfo


class NoZone(tzinfo):
    """A zone without an offset, which makes a datetime naive."""

    def utcoffset(self, dt: datetime | None) -> None:  # noqa: ARG002  # the protocol's
        return None

    dst = tzname = utcoffset


@pytest.mark.parametrize(
    "wrong",
    [
        datetime(2026, 1, 31),  # noqa: DTZ001  # what is refused
        datetime(2026, 1, 31, tzinfo=NoZone()),
    ],
)
def test_naive_moment(wrong: datetime) -> None:
    """A naive datetime is refused."""
    with pytest.raises(
        ConfigurationError, match=r"modified_since must be an aware datetime.*has no zone"
    ):
        as_moment("modified_since", wrong, end_of_day=False)


@pytest.mark.parametrize("wrong", ["2026-01-31", 1769817600, 0.5])
def test_not_a_moment(wrong: object) -> None:
    """Anything except a datetime or a date is refused."""
    with pytest.raises(
        ConfigurationError, match="modified_until must be an aware datetime or a date, not"
    ):
        as_moment("modified_until", wrong, end_of_day=True)  # type: ignore[arg-type]  # refused


@pytest.mark.parametrize("edge", [datetime.min, datetime.max])  # noqa: DTZ901  # made aware below
def test_moment_beyond_the_calendar(edge: datetime) -> None:
    """A moment that UTC cannot express is refused."""
    hours = 14 if edge == datetime.min else -12  # noqa: DTZ901  # as above
    zone = timezone(timedelta(hours=hours))
    with pytest.raises(ConfigurationError, match="modified_since"):
        as_moment("modified_since", edge.replace(tzinfo=zone), end_of_day=False)


@pytest.mark.parametrize(
    "wrong",
    ["2026-01-31", None, 0, datetime(2026, 1, 31, tzinfo=UTC)],
)
def test_refuses_what_is_not_a_day(wrong: object) -> None:
    """A datetime is refused too, although it is a date for Python."""
    with pytest.raises(ConfigurationError, match=r"void_date must be a datetime\.date, not"):
        check_day("void_date", wrong)


def test_returns_a_day() -> None:
    """The day comes back as it is."""
    assert date(2026, 1, 31) == check_day("void_date", date(2026, 1, 31))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, True), ("7", True), ("", False), (True, False), (None, False), (1.5, False)],
    ids=repr,
)
def test_ids_are_whole_numbers_or_strings(value: object, expected: bool) -> None:
    """An empty string, a bool and a float are not ids."""
    assert expected is is_id(value)
