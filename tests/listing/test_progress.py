"""What a pass over a listing counts, and its report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from paysdk.listing.progress import Progress
from paysdk.provider import ListingReport
from paysdk.transport.observer import RequestStats


def test_oldest_time_of_malformed_records() -> None:
    """The oldest time counts, until a record without a time makes it unknown."""
    first = datetime(2026, 1, 5, tzinfo=UTC)
    progress = Progress()
    found = []
    for modified in (first, first + timedelta(1), first - timedelta(1), None, first):
        progress.count_malformed(modified)
        found.append(progress.oldest_malformed)

    assert [first, first, first - timedelta(1), None, None] == found
    assert 5 == progress.malformed


def test_pages_are_counted() -> None:
    """Payments add up, the first and the last reported count stay, and the last page completes."""
    progress = Progress()
    progress.count_page(3, None, is_last=False)
    assert (1, 3, None, None, False) == (
        progress.pages,
        progress.payments,
        progress.reported_first,
        progress.reported_last,
        progress.complete,
    )
    progress.count_page(2, 7, is_last=False)
    progress.count_page(0, 8, is_last=True)
    assert (3, 5, None, 8, True) == (
        progress.pages,
        progress.payments,
        progress.reported_first,
        progress.reported_last,
        progress.complete,
    )


def test_report_has_all_counts() -> None:
    """The report has each count of the pass, and those of its requests."""
    progress = Progress(
        resumed=True,
        pages=1,
        payments=2,
        repeats_dropped=3,
        malformed=4,
        oldest_malformed=datetime(2026, 1, 5, tzinfo=UTC),
        left_out=5,
        reported_first=6,
        reported_last=7,
        complete=True,
        stats=RequestStats(requests=8, retries=9),
    )
    expected = ListingReport(
        pages=1,
        payments=2,
        repeats_dropped=3,
        malformed=4,
        oldest_malformed=datetime(2026, 1, 5, tzinfo=UTC),
        left_out=5,
        reported_first=6,
        reported_last=7,
        complete=True,
        requests=8,
        retries=9,
    )
    assert expected == progress.report()
