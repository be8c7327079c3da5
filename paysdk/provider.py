"""The promise that every provider keeps, and what its listings give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date

__all__ = ["Capabilities", "Listing", "ListingReport", "Page", "PaymentsProvider"]


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a provider's API can do.

    ``filters`` names the filters of ``list_payments`` that it honours; any other raises
    ``UnsupportedFilterError``. ``max_page_size`` is the largest page that it gives.
    ``reports_voids`` says whether a voided payment can be told from its record,
    ``lists_incrementally`` whether it can list only what was modified since some time.
    """

    filters: frozenset[str]
    max_page_size: int
    reports_voids: bool
    lists_incrementally: bool


@attrs.frozen
class Page:
    """The payments of one page, a sequence in the provider's order.

    ``reported_count`` is what the provider said about their number, or ``None``; the providers mean
    different things by it, and it steers nothing. ``checkpoint`` is where the next page starts,
    ``None`` on the last: keep it together with the payments, and a walk that ends for whatever
    reason can be taken up there.
    """

    payments: Sequence[Payment]
    reported_count: int | None
    checkpoint: Checkpoint | None


@attrs.frozen(kw_only=True)
class ListingReport:
    """What the latest walk of a listing has done so far.

    ``pages`` read, ``payments`` given, ``repeats_dropped`` because they had just been given,
    ``malformed`` records set aside, those that were ``left_out`` because in the provider's own
    words they are no payments (attempts that came to nothing, say; Campfire and Notify send none),
    ``requests`` sent (``retries`` among them), the first and last ``reported_count``, and whether
    the walk is ``complete``: it reached the provider's end. ``oldest_malformed`` is a time from
    which on all records that were set aside have been modified, ``None`` when there are none or
    when that is not known.
    """

    pages: int = 0
    payments: int = 0
    repeats_dropped: int = 0
    malformed: int = 0
    oldest_malformed: datetime | None = None
    left_out: int = 0
    requests: int = 0
    retries: int = 0
    reported_first: int | None = None
    reported_last: int | None = None
    complete: bool = False


@runtime_checkable
class Listing(Protocol):
    """Payments to be listed. Nothing is sent until it is iterated, and each iteration starts afresh.

    While one page is used, the next is asked for. Leaving an iteration, or being cancelled in it,
    leaves nothing behind. An error that ends it carries a ``checkpoint``.
    """

    @property
    def report(self) -> ListingReport:
        """What the latest walk has done so far."""
        ...

    def __aiter__(self) -> AsyncIterator[Payment]: ...

    def pages(self) -> AsyncIterator[Page]:
        """Iterate page by page. Each page was read whole before it is given."""
        ...

    async def collect(self, limit: int | None = None) -> list[Payment]:
        """All payments, or the first *limit* of them, in one list.

        Raises ``ConfigurationError`` for a negative *limit*.
        """
        ...

    async def first(self) -> Payment | None:
        """The first payment, or ``None`` if there is none. Reads no further than it must."""
        ...


@runtime_checkable
class PaymentsProvider(Protocol):
    """A system that payments can be listed from."""

    @property
    def name(self) -> str:
        """The provider's name, which stands in ``Payment.provider``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What its API can do."""
        ...

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> Listing:
        """Its payments, in its own order.

        Both bounds are inclusive; a date covers its whole day, in UTC. *voided* true lists only
        voided payments, false only those that are not, ``None`` both. *resume* is a
        ``Page.checkpoint`` or an ``error.checkpoint``, or the text of one; it brings its filters
        along.

        Raises ``UnsupportedFilterError`` for a filter that the provider cannot honour, and
        ``ConfigurationError`` for an argument that cannot be right (a naive datetime, a page size
        out of range, a checkpoint that belongs elsewhere), both before anything is sent.
        """
        ...

    async def aclose(self) -> None:
        """Give back what it holds. Doing it twice is fine."""
        ...
