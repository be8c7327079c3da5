"""What a walk has done so far."""

from __future__ import annotations

from datetime import UTC, datetime

from paysdk.listing.pages import Progress

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def test_oldest_malformed_time_is_kept_until_one_is_unknown() -> None:
    """The oldest time of the records set aside is unknown once the time of one is."""
    progress = Progress()
    oldest: list[datetime | None] = []

    for modified in (LATE, EARLY, None, EARLY):
        progress.count_malformed(modified)
        oldest.append(progress.oldest_malformed)

    assert [LATE, EARLY, None, None] == oldest
    assert 4 == progress.malformed
