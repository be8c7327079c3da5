"""Tests of when a malformed record was modified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from paysdk.listing.pages import Progress
from paysdk.providers.campfire.normalise import READER as CAMPFIRE
from paysdk.providers.notify.normalise import make_reader
from paysdk.records.page import modified_at


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            b'{"last_modified_at": "2026-01-05T10:00:01Z", "created_at": "2026-01-01T00:00:01Z"}',
            datetime(2026, 1, 5, 10, tzinfo=UTC),
        ),
        (
            b'{"last_modified_at": "soon", "created_at": "2026-01-01T01:00:01+0100"}',
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
        (
            b'{"last_modified_at": "2026-01-05T10:00:01Z", "name": "\xff"}',
            datetime(2026, 1, 5, 10, tzinfo=UTC),
        ),
        (b'{"last_modified_at": "2026-01-05T10:00:01"}', None),
        (b'{"last_modified_at": "0001-01-01T00:00:00Z"}', None),
        (b'{"last_modified_at": 7}', None),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
        (b"[" * 100_000, None),
    ],
)
def test_finds_the_time_of_a_malformed_record(record: bytes, expected: datetime | None) -> None:
    """The time is one second early, and else the time of creation."""
    assert expected == modified_at(CAMPFIRE, record)


def test_reader_without_times() -> None:
    """Notify sends no times."""
    assert modified_at(make_reader(None), b'{"last_modified_at": "2026-01-05T10:00:01Z"}') is None


def test_oldest_time_of_malformed_records() -> None:
    """The oldest time counts, and None after a record without a time."""
    first = datetime(2026, 1, 5, tzinfo=UTC)
    account = Progress()
    found = []
    for modified in (first, first + timedelta(1), first - timedelta(1), None, first):
        account.count_malformed(modified)
        found.append(account.oldest_malformed)

    assert [first, first, first - timedelta(1), None, None] == found
    assert 5 == account.malformed
