"""The days on which payments were made."""

from __future__ import annotations

from datetime import UTC, date, datetime

import attrs
import pytest

from paysdk import ConfigurationError
from paysdk.paid import PaidRange, check_paid_range
from tests.payments import REQUIRED

MAY = (date(2026, 5, 1), date(2026, 5, 31))


@pytest.mark.parametrize(
    ("day", "since", "until", "included"),
    [
        (date(2026, 4, 30), *MAY, False),
        (date(2026, 5, 1), *MAY, True),
        (date(2026, 5, 31), *MAY, True),
        (date(2026, 6, 1), *MAY, False),
        (date(2026, 6, 1), MAY[0], None, True),
        (date(2026, 4, 30), MAY[0], None, False),
        (date(2026, 4, 30), None, MAY[1], True),
        (date(2026, 6, 1), None, MAY[1], False),
        (None, MAY[0], None, False),
        (None, None, MAY[1], False),
        (None, None, None, True),
    ],
)
def test_both_bounds_are_included(
    day: date | None, since: date | None, until: date | None, *, included: bool
) -> None:
    """Both days belong to the range, and a payment without a date only to the unlimited one."""
    payment = attrs.evolve(REQUIRED, payment_date=day)

    assert included is check_paid_range(since, until).includes(payment)


def test_one_day_is_a_range() -> None:
    """The same day may be both bounds."""
    assert PaidRange(since=MAY[0], until=MAY[0]) == check_paid_range(MAY[0], MAY[0])


@pytest.mark.parametrize("given", ["2026-05-01", 20260501, datetime(2026, 5, 1, tzinfo=UTC)])
@pytest.mark.parametrize("name", ["paid_since", "paid_until"])
def test_a_bound_is_a_date(name: str, given: object) -> None:
    """A text, a number or a time is refused, because a payment has only a day."""
    bounds = {"since": None, "until": None} | {name.removeprefix("paid_"): given}

    with pytest.raises(ConfigurationError, match=f"{name} must be a datetime.date, not"):
        check_paid_range(bounds["since"], bounds["until"])


def test_bounds_are_in_order() -> None:
    """A range that cannot contain a day is a mistake."""
    with pytest.raises(ConfigurationError, match=r"paid_since \(2026-05-31\) is after paid_until"):
        check_paid_range(*reversed(MAY))
