"""The texts of options, as values."""

from __future__ import annotations

import re
import sys
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.parsing import parse_faults, parse_locale, parse_paid
from paysdk.errors import ConfigurationError
from paysdk.paid import PaidRange
from paysdk.testing import FaultPlan, reset, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

    Command = Callable[..., Outcome]


def test_times_with_a_zone_are_accepted(paysdk: Command) -> None:
    """Both bounds may be moments: the first three payments are at 08:00:00 UTC."""
    bounds = ("--since", "2025-01-01T09:00+01:00", "--until", "2025-01-01T08:00:30Z")
    outcome = paysdk("list", "campfire", "--sandbox", "--sandbox-payments", "5", *bounds)

    assert (0, "campfire: 3 payments") == (outcome.code, outcome.out.splitlines()[-1])


def test_faults_are_a_kind_and_how_often_it_comes() -> None:
    """A kind is a status or the name of a way to fail."""
    assert parse_faults(None) is None
    assert FaultPlan().every(10, status(503)).every(7, reset()) == parse_faults(
        ["503=10", "reset=07"]
    )


@pytest.mark.parametrize(
    "option", ["503", "503=", "503=0", "503=x", "200=1", "600=1", "fire=1", f"503={'9' * 5000}"]
)
def test_wrong_faults_are_refused(option: str) -> None:
    """A fault that a sandbox cannot make is refused."""
    with pytest.raises(ConfigurationError, match=f"--faults takes KIND=N, .* not {option!r}"):
        parse_faults([option])


def test_a_locale_says_how_numbers_are_written() -> None:
    """Without one, they are written as in English."""
    assert ("1,234.50", "1.234,50") == tuple(
        parse_locale(text).format_amount(Decimal("1234.5"), "EUR") for text in (None, "de_DE")
    )
    with pytest.raises(ConfigurationError, match="--locale takes a language and perhaps a country"):
        parse_locale("Klingon")


def test_a_locale_without_babel_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command that installs it."""
    monkeypatch.setitem(sys.modules, "babel", None)

    with pytest.raises(ConfigurationError, match=r"A locale needs babel.*\[report\]"):
        parse_locale("de")


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, PaidRange()),
        ("2026-01-31", None, PaidRange(since=date(2026, 1, 31))),
        (None, "2026-01-31", PaidRange(until=date(2026, 1, 31))),
        ("2026-01-31", "2026-01-31", PaidRange(since=date(2026, 1, 31), until=date(2026, 1, 31))),
    ],
)
def test_days_are_a_range(since: str | None, until: str | None, found: PaidRange) -> None:
    """Each bound may be missing, and both may be the same day."""
    assert found == parse_paid(since, until)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("May", None, "--paid-since takes a date, such as 2026-01-31, not 'May'"),
        (None, "2026-01-31T08:00Z", "--paid-until takes a date"),
        ("2026-02-01", "2026-01-31", "--paid-since 2026-02-01 is after --paid-until 2026-01-31"),
    ],
)
def test_days_that_cannot_be_are_refused(since: str | None, until: str | None, said: str) -> None:
    """A payment has a day without a time."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        parse_paid(since, until)
