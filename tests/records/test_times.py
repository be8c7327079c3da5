"""Times that are finer than a microsecond."""

from __future__ import annotations

import pytest

from paysdk.records.times import is_finer, truncate_times


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b'"2026-01-05T10:00:00.123456Z"', False),
        (b'"2026-01-05T10:00:00.1234567Z"', True),
        (b"1.1234567", True),
    ],
)
def test_finer_time_is_recognised_by_its_decimals(sent: bytes, expected: bool) -> None:
    """Seven decimals are finer than a microsecond, and six are not."""
    assert expected == is_finer(sent)


def test_truncating_touches_only_the_named_fields() -> None:
    """A time in another field stays as it is."""
    sent = b'{"at":"2026-01-05T10:00:00.1234567Z","id":"2026-01-05T10:00:00.1234567Z"}'
    assert sent.replace(b"7Z", b"Z", 1) == truncate_times(["at"])(sent)
    assert sent == truncate_times([])(sent)
