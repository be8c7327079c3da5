"""What a sync reports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

from paysdk.passes import PassKind

__all__ = ["SyncReport"]


@attrs.frozen(kw_only=True)
class SyncReport:
    """What a sync did.

    ``kind`` is "full" if it listed everything, "incremental" if it listed what was modified, or
    "filtered" if it listed what its filters chose.
    ``resumed`` says whether it continued an interrupted pass. If so, the counts cover only the rest
    of that pass. ``created`` to ``unchanged`` count payments. ``malformed`` counts the records that
    this pass gave to the provider's ``on_malformed``. If a full pass has any, ``vanished`` is 0,
    because a record that cannot be read could be any stored payment. ``waiting`` counts the records
    that the next sync reads again. The next incremental sync lists from ``watermark``, minus its
    overlap. It is never later than a record that waits, and ``None`` if the next sync lists
    everything.

    ``left_out`` counts the records that are not payments. ``untimed`` counts the payments without
    the time by which the provider says that it lists incrementally. If no payment has that time,
    there can be no watermark.
    """

    provider: str
    account: str
    kind: PassKind | Literal["filtered"]
    resumed: bool
    created: int = 0
    changed: int = 0
    voided: int = 0
    vanished: int = 0
    returned: int = 0
    unchanged: int = 0
    malformed: int = 0
    left_out: int = 0
    untimed: int = 0
    waiting: int = 0
    pages: int = 0
    requests: int = 0
    watermark: datetime | None = None
