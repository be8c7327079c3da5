"""What a sync reports."""

from __future__ import annotations

from datetime import datetime

import attrs

from paysdk.sync.state import PassKind

__all__ = ["SyncReport"]


@attrs.frozen(kw_only=True)
class SyncReport:
    """What a sync did.

    ``kind`` is "full" if it listed everything, or "incremental" if it listed what was modified.
    ``resumed`` says whether it continued an interrupted pass. If so, the counts cover only the rest
    of that pass. ``created`` to ``unchanged`` count payments. ``malformed`` counts the records that
    this pass gave to the provider's ``on_malformed``. If a full pass has any, ``vanished`` is 0,
    because a record that cannot be read could be any stored payment. ``waiting`` counts the records
    that the next sync reads again. The next incremental sync lists from ``watermark``, minus its
    overlap. It is never later than a record that waits, and ``None`` if the next sync lists
    everything.
    """

    provider: str
    account: str
    kind: PassKind
    resumed: bool
    created: int = 0
    changed: int = 0
    voided: int = 0
    vanished: int = 0
    returned: int = 0
    unchanged: int = 0
    malformed: int = 0
    waiting: int = 0
    pages: int = 0
    requests: int = 0
    watermark: datetime | None = None
