"""Counts what an iteration over a listing has done."""

from __future__ import annotations

from datetime import datetime

import attrs

from paysdk.provider import ListingReport
from paysdk.transport.observer import RequestStats

__all__ = ["Progress"]


# attrs makes a class without eq and repr in a third of the time.
@attrs.define(eq=False, repr=False)
class Progress:
    """What one iteration has done so far. ``resumed`` is true if it began at a checkpoint."""

    resumed: bool = False
    pages: int = 0
    payments: int = 0
    repeats_dropped: int = 0
    malformed: int = 0
    oldest_malformed: datetime | None = None
    left_out: int = 0
    reported_first: int | None = None
    reported_last: int | None = None
    complete: bool = False
    stats: RequestStats = attrs.field(factory=RequestStats)

    def count_page(self, payments: int, reported_count: int | None, *, is_last: bool) -> None:
        if not self.pages:
            self.reported_first = reported_count
        self.reported_last = reported_count
        self.pages += 1
        self.payments += payments
        self.complete = is_last

    def count_malformed(self, modified: datetime | None) -> None:
        """Count a record that was set aside.

        If the time of one such record is unknown, the oldest time is unknown, too.
        """
        if modified is None or not self.malformed:
            self.oldest_malformed = modified
        elif self.oldest_malformed is not None:
            self.oldest_malformed = min(self.oldest_malformed, modified)
        self.malformed += 1

    def report(self) -> ListingReport:
        counts = attrs.asdict(self, filter=lambda field, _: field.name not in {"resumed", "stats"})
        return ListingReport(**counts, requests=self.stats.requests, retries=self.stats.retries)
