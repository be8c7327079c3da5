"""The policy, from Python and from TOML."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import ConfigurationError
from paysdk.booking import BookingPolicy

if TYPE_CHECKING:
    from pathlib import Path

TOML = """
currency = "EUR"
entity = 1
account_id = 77
account_name = "1090 - Clearing"
since = 2026-01-01
max_amount = "5000.00"
"""


@pytest.mark.parametrize("amount", ['"5000.00"', "5000"])
def test_a_policy_can_be_a_toml_file(tmp_path: Path, policy: BookingPolicy, amount: str) -> None:
    """An amount is a text, or a whole number."""
    path = tmp_path / "policy.toml"
    path.write_text(TOML.replace('"5000.00"', amount), encoding="utf-8")

    assert policy == BookingPolicy.from_toml(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("entity = 1", "entty = 1"), "unknown settings: entty"),
        (("entity = 1", ""), "needs these settings too: entity"),
        (('"5000.00"', "5000.00"), "max_amount must be a finite decimal.Decimal"),
        (('"5000.00"', '"a lot"'), "such as \"5000.00\", not 'a lot'"),
        (('"5000.00"', "true"), "max_amount must be a finite decimal.Decimal"),
        (("= 1\n", "=\n"), "is not a TOML file"),
    ],
    ids=str,
)
def test_a_wrong_file_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """The error names the file and the setting."""
    path = tmp_path / "policy.toml"
    path.write_text(TOML.replace(*change), encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        BookingPolicy.from_toml(path)

    assert "policy.toml" in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The error says why it cannot be read."""
    with pytest.raises(ConfigurationError, match="No such file"):
        BookingPolicy.from_toml(tmp_path / "policy.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("currency", "eur"),
        ("currency", "EURO"),
        ("entity", 0),
        ("account_id", "77"),
        ("account_name", " "),
        ("since", datetime(2026, 1, 1)),  # noqa: DTZ001  # it is refused
        ("max_amount", Decimal(0)),
        ("max_amount", Decimal("NaN")),
        ("waiting_days", -1),
        ("strip_prefix", None),
        ("plan_hours", 0),
        ("plan_hours", 10**12),
        ("waiting_days", 10**6),
        ("match_days", 10**12),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused(policy: BookingPolicy, name: str, value: Any) -> None:
    """Nothing can be booked with it."""
    with pytest.raises(ConfigurationError, match=name):
        attrs.evolve(policy, **{name: value})


@pytest.mark.parametrize(
    ("number", "expected"), [("N-7", "INV-7"), ("7", None), ("N-", None), (None, None)]
)
def test_a_number_is_mapped_by_its_prefix(
    policy: BookingPolicy, number: str | None, expected: str | None
) -> None:
    """A number without the prefix is nobody's."""
    mapping = attrs.evolve(policy, strip_prefix="N-", number_prefix="INV-")

    assert expected == mapping.map_number(number)
    assert date(2026, 1, 1) == mapping.since
