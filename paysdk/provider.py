"""The promise that every provider keeps, and what its listings give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

import attrs

from paysdk.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date

    from typing_extensions import TypeVar as TypeVarWithDefault

    from paysdk.payment import Payment

    # A Listing without a parameter is one of payments.
    T = TypeVarWithDefault("T", default=Payment)
else:
    T = TypeVar("T")

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
class Page(Generic[T]):
    """The payments of one page, a sequence in the provider's order.

    In a listing of something else, such as invoices, ``payments`` are those. ``reported_count`` is
    the provider's own number, or ``None``. Providers mean different things by it, and it steers
    nothing. ``checkpoint`` is where the next page starts, and ``None`` on the last page. Keep it
    together with the payments, and you can resume a listing that ended early.
    """

    payments: Sequence[T]
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
class Listing(Protocol[T]):
    """A list at the provider: of payments, or as ``Listing[T]`` of something else.

    Nothing is sent until you iterate over it, and each iteration starts afresh. While you use one
    page, the next is requested. Leaving an iteration, or being cancelled in it, leaves nothing
    behind. An error that ends it carries a ``checkpoint``.
    """

    @property
    def report(self) -> ListingReport:
        """What the latest walk has done so far."""
        ...

    def __aiter__(self) -> AsyncIterator[T]: ...

    def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate page by page. Each page was read whole before it is given."""
        ...

    async def collect(self, limit: int | None = None) -> list[T]:
        """All payments, or the first *limit* of them, in one list.

        Raises ``ConfigurationError`` for a negative *limit*.
        """
        ...

    async def first(self) -> T | None:
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
