"""Exact numbers, amounts and times."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal, localcontext

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.exact import (
    add_exactly,
    decode_exactly,
    exact_amount,
    exact_number,
    in_utc,
    sums_of_some,
)


@settings(max_examples=60)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_digits_are_those_that_were_sent(number: float) -> None:
    """A number keeps the digits that were sent."""
    text = json.dumps(number)
    assert Decimal(text) == decode_exactly(text.encode())
    assert str(Decimal(text)) == str(decode_exactly(text.encode()))


def test_number_beyond_a_decimal_is_its_digits() -> None:
    """A number that no Decimal can hold is the text of its digits."""
    assert Decimal("1E+9") == exact_number("1E+9")
    assert "1E+99999999999999999999" == exact_number("1E+99999999999999999999")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (Decimal("1.50"), "1.50"),
        (7, "7"),
        (10**30, str(10**30)),
        ("1.5", "1.5"),
        ("-1E+2", "-1E+2"),
    ],
    ids=str,
)
def test_exact_amount_of_what_was_sent(sent: object, expected: str) -> None:
    """A number, or a text with a plain number, becomes the Decimal of its digits."""
    assert expected == str(exact_amount(sent, "$.amount"))


@pytest.mark.parametrize(
    "sent", [True, None, 1.5, [], {}, "", "NaN", "1_0", "1e99999999999999999999"], ids=repr
)
def test_inexact_amount_is_refused_at_its_path(sent: object) -> None:
    """Any other value is refused, and the message names the path."""
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.lines\[2\]\.rate`"):
        exact_amount(sent, "$.lines[2].rate")


def test_moments_come_out_in_utc() -> None:
    """A time is converted to UTC, and is refused if that is before the year 1."""
    zone = timezone(timedelta(hours=2))
    moment = in_utc(datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone), "$.created_at")
    assert (datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), UTC) == (moment, moment.tzinfo)
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.created_at`"):
        in_utc(datetime(1, 1, 1, tzinfo=zone), "$.created_at")


def test_sum_has_all_digits() -> None:
    """A sum is exact in any context, and that of nothing is 0."""
    with localcontext(Context(prec=1)):
        assert "1000000.01" == str(add_exactly([Decimal(1000000), Decimal("0.01")]))
        assert Decimal(0) == add_exactly([])


def test_sums_of_some_amounts() -> None:
    """Every choice of amounts adds up to one of the sums, with all its digits."""
    amounts = [Decimal("1.10"), Decimal("2.205")]
    assert {Decimal(0), *amounts, Decimal("3.305")} == sums_of_some(amounts)
