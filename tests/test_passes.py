"""Which pass comes next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from paysdk.passes import (
    PassKind,
    PassState,
    begin_pass,
    complete_pass,
    listing_start,
    note_page,
)

NOW = datetime(2025, 6, 1, tzinfo=UTC)
EARLIER = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("account", "incremental", "full", "kind", "number"),
    [
        (PassState(), True, False, "full", 1),
        (PassState(), False, False, "full", 1),
        (PassState(number=3, watermark=EARLIER), True, False, "incremental", 4),
        (PassState(number=3, watermark=EARLIER), True, True, "full", 4),
        (PassState(number=3, watermark=EARLIER), False, False, "full", 4),
        (PassState(number=3, kind="full", checkpoint="x"), True, False, "full", 3),
        (PassState(number=3, kind="full", checkpoint="x"), True, True, "full", 4),
        (
            PassState(number=3, kind="incremental", checkpoint="x", watermark=EARLIER),
            True,
            False,
            "incremental",
            3,
        ),
        (
            PassState(number=3, kind="incremental", checkpoint="x", watermark=EARLIER),
            False,
            False,
            "full",
            4,
        ),
    ],
)
def test_the_next_pass(
    account: PassState, kind: PassKind, number: int, *, incremental: bool, full: bool
) -> None:
    """An unfinished pass continues, and otherwise an incremental one begins if it can."""
    begins = begin_pass(account, incremental=incremental, full=full, now=NOW)

    assert (kind, number, account.watermark) == (begins.kind, begins.number, begins.watermark)
    assert (account.checkpoint if number == account.number else None) == begins.checkpoint


def test_a_full_pass_lists_everything() -> None:
    """The watermark does not matter."""
    assert listing_start(PassState(kind="full", watermark=EARLIER), 60) is None
    assert listing_start(PassState(kind="incremental"), 60) is None
    assert EARLIER - timedelta(seconds=60) == listing_start(
        PassState(kind="incremental", watermark=EARLIER), 60
    )


def test_the_latest_time_is_that_of_all_pages() -> None:
    """The order of the pages does not matter, and a page may have no time."""
    account = PassState(kind="full")
    latest = []
    pages: list[list[int | None]] = [[None], [1, 3, None], [2], []]
    for minutes in pages:
        times = [
            None if each is None else datetime(2025, 1, 1, 0, each, tzinfo=UTC) for each in minutes
        ]
        account = note_page(account, times)
        latest.append(account.latest)

    third = datetime(2025, 1, 1, 0, 3, tzinfo=UTC)
    assert [None, third, third, third] == latest


@pytest.mark.parametrize(
    ("kind", "latest", "watermark", "expected"),
    [
        ("full", EARLIER, None, EARLIER),
        ("full", NOW + timedelta(days=9), None, NOW),
        ("full", EARLIER, NOW, EARLIER),
        ("full", None, NOW, None),
        ("incremental", None, EARLIER, EARLIER),
        ("incremental", NOW, EARLIER, NOW),
        ("incremental", EARLIER, NOW, NOW),
        ("incremental", NOW + timedelta(days=9), EARLIER, NOW),
    ],
)
def test_the_watermark_after_a_pass(
    kind: PassKind, latest: datetime | None, watermark: datetime | None, expected: datetime | None
) -> None:
    """It is the latest time that the pass saw, but never later than its start."""
    account = PassState(
        number=7, kind=kind, started_at=NOW, checkpoint="x", latest=latest, watermark=watermark
    )

    assert PassState(number=7, watermark=expected) == complete_pass(account)
