"""What a pass over a listing counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from paysdk.listing.progress import Progress


def test_oldest_time_of_malformed_records() -> None:
    """The oldest time counts. After a record without a time, it is unknown."""
    first = datetime(2026, 1, 5, tzinfo=UTC)
    progress = Progress()
    found = []
    for modified in (first, first + timedelta(1), first - timedelta(1), None, first):
        progress.count_malformed(modified)
        found.append(progress.oldest_malformed)

    assert [first, first, first - timedelta(1), None, None] == found
    assert 5 == progress.malformed
