"""Tests of the checks of single arguments."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from paysdk.arguments import (
    check_bool,
    check_int,
    check_not_blank,
    check_seconds,
    check_share,
    check_text,
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
    with pytest.raises(ConfigurationError, match="tenant must be a text of one line, not"):
        check_text("tenant", value)


@pytest.mark.parametrize("wrong", ["", " \n", None, 7, b"a"])
def test_refuses_a_blank_text(wrong: object) -> None:
    """A text must have something other than space in it, and the message names the argument."""
    with pytest.raises(ConfigurationError, match="account must be a non-empty text, not"):
        check_not_blank("account", wrong)


def test_returns_a_text_that_is_not_blank() -> None:
    """The text comes back with the space around it."""
    assert " a " == check_not_blank("account", " a ")
