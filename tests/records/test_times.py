"""Times that are finer than a microsecond."""

from __future__ import annotations

import pytest

from paysdk.records.times import is_finer, may_have_finer_times, truncate_times


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


FINER = b'"2026-01-05T10:00:00.1234567Z"'


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (b"[]", False),
        (FINER, True),
        ((b" " * 8000 + FINER).ljust(16_384), True),
        ((b" " * 8000 + FINER).ljust(16_385), False),
        (FINER.ljust(16_385), True),
        (FINER.rjust(16_385), True),
        (FINER.rjust(1024).ljust(16_385), True),
        (FINER.rjust(1025 + len('567Z"')).ljust(16_385), False),
        (FINER.ljust(1024).rjust(16_385), True),
        (FINER.ljust(1020).rjust(16_385).replace(b'"2026', b"2026 "), True),
    ],
    ids=range(10),
)
def test_only_the_ends_of_a_long_array_are_searched(array: bytes, expected: bool) -> None:
    """A short array is searched as a whole, and a longer one within 1,024 bytes of its ends."""
    assert expected == may_have_finer_times(array)
