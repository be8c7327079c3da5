"""Campfire's shape: what its documents say that it sends.

Source: "List Invoice Payments" on docs.campfire.ai, and the API's own schema of July 2026.
Their "required" cannot be relied on: the sample answer of Retrieve Invoice itself has no
``customer`` and a null among its integers. So only what a record is nothing without is required
here, enumerations are plain texts since they grow, and what has no field here is in ``raw``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from paysdk.records.liberal import NULL

__all__ = ["CampfireRecord", "Identifier", "Moment", "PageEnvelope"]

# A time without an offset would be a guess. The documents' samples end in "Z" or in "+0000";
# msgspec reads both.
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Identifier: TypeAlias = int | Annotated[str, msgspec.Meta(min_length=1)]


class CampfireRecord(msgspec.Struct, gc=False, rename={"modified_at": "last_modified_at"}):
    """One payment of List Invoice Payments.

    The documented sample lacks ``source``, which the later schema has.
    """

    id: Identifier
    # Decoded as what it is, a number with its digits or a text, since a text is looked at more
    # closely.
    amount: Any
    invoice_id: Identifier
    invoice_number: str | None = None
    currency: str | None = None
    payment_date: date | None = None
    external_id: str | None = None
    source: str | None = None
    voided_date: date | None = None
    created_at: Moment | None = None
    modified_at: Moment | None = None


class PageEnvelope(msgspec.Struct):
    """A page of List Invoice Payments.

    ``count`` is a lower bound with ``skip_count``, and Django's cursor pagination sends none.
    """

    results: list[msgspec.Raw]
    next: msgspec.Raw = NULL
    count: msgspec.Raw = NULL
    # No document has these two. A gateway that answers 200 may put its error here.
    error: msgspec.Raw = NULL
    errors: msgspec.Raw = NULL
