"""When a record that cannot be read was modified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from paysdk.listing.pages import Progress
from paysdk.providers.campfire.normalise import CampfireReader
from paysdk.providers.notify.normalise import NotifyReader
from paysdk.records.page import modified_at

CAMPFIRE = CampfireReader()


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
def test_the_time_is_found_where_it_can_be_read(record: bytes, expected: datetime | None) -> None:
    """A second early, and otherwise when it was created."""
    assert expected == modified_at(CAMPFIRE, record)


def test_a_reader_that_names_no_times_has_none() -> None:
    """Notify sends none."""
    assert modified_at(NotifyReader(None), b'{"last_modified_at": "2026-01-05T10:00:01Z"}') is None


def test_the_oldest_counts_until_one_is_unknown() -> None:
    """Then nothing is known of all of them."""
    first = datetime(2026, 1, 5, tzinfo=UTC)
    account = Progress()
    found = []
    for modified in (first, first + timedelta(1), first - timedelta(1), None, first):
        account.count_malformed(modified)
        found.append(account.oldest_malformed)

    assert [first, first, first - timedelta(1), None, None] == found
    assert 5 == account.malformed
