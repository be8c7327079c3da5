"""The envelope of Campfire's pages, and the types of its ids and times.

The fields of a payment are in ``normalise.py``. Source: "List Invoice Payments" on
docs.campfire.ai, and the API's own schema of July 2026. What they call "required" may be missing:
the sample response of Retrieve Invoice has no ``customer``, and a null among its integers. So
paysdk requires a field only if a record is useless without it. Enumerations are plain texts,
because the API may add values.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from paysdk.records.envelope import NULL, read_count, read_link, refuse_error
from paysdk.records.page import RawPage

__all__ = ["Identifier", "Moment", "PageEnvelope", "open_page"]

# A time without an offset is refused, because its zone would be a guess. The documents' samples end
# in "Z" or in "+0000". msgspec reads both.
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Identifier: TypeAlias = int | Annotated[str, msgspec.Meta(min_length=1)]


class PageEnvelope(msgspec.Struct):
    """A page of List Invoice Payments.

    With ``skip_count``, ``count`` is a lower bound. Django's cursor pagination sends no count.
    """

    results: list[msgspec.Raw]
    next: msgspec.Raw = NULL
    count: msgspec.Raw = NULL
    # No document has these three. A gateway that responds with 200 may put its error here, and
    # Django REST framework puts it into ``detail``.
    error: msgspec.Raw = NULL
    errors: msgspec.Raw = NULL
    detail: msgspec.Raw = NULL


def open_page(page: PageEnvelope) -> RawPage:
    """The page's records, its link to the next page, and the count."""
    refuse_error(page.results, error=page.error, errors=page.errors, detail=page.detail)
    return RawPage(page.results, read_link(page.next, "$.next"), read_count(page.count))
