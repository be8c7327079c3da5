"""The protocol that every provider keeps, and the types that its listings yield."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar, cast, runtime_checkable

import attrs

from paysdk.arguments import check_bool, check_int
from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date

    from typing_extensions import TypeVar as TypeVarWithDefault

    from paysdk.payment import Payment

    # A Listing without a parameter is a listing of payments.
    T = TypeVarWithDefault("T", default=Payment)
else:
    T = TypeVar("T")

__all__ = ["Capabilities", "Listing", "ListingReport", "Page", "PaymentsProvider"]


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a provider's API can do.

    ``filters`` names the filters of ``list_payments`` that it supports; any other filter raises
    ``UnsupportedFilterError``. ``max_page_size`` is the size of its largest page. ``reports_voids``
    says whether the record of a payment shows that it was voided. ``lists_incrementally`` says
    whether the API can list only the payments since a given time.

    ``incremental_by`` names that time: "modified" is ``Payment.modified_at``, and "created" is
    ``Payment.created_at``. An API whose records never change may use "created".
    ``fixed_page_size`` is the only page size of an API that takes no other. It is ``None`` if the
    size can be chosen.

    Raises ``ConfigurationError`` for a value that cannot be right.
    """

    filters: frozenset[str]
    max_page_size: int
    reports_voids: bool
    lists_incrementally: bool
    incremental_by: Literal["modified", "created"] = "modified"
    fixed_page_size: int | None = None

    def __attrs_post_init__(self) -> None:
        _check_filters(self.filters)
        check_int("Capabilities.max_page_size", self.max_page_size, 1)
        check_bool("Capabilities.reports_voids", self.reports_voids)
        check_bool("Capabilities.lists_incrementally", self.lists_incrementally)
        if self.incremental_by not in {"modified", "created"}:
            raise ConfigurationError(
                "Capabilities.incremental_by must be 'modified' or 'created', not "
                f"{self.incremental_by!r}."
            )
        if self.fixed_page_size is not None:
            check_int("Capabilities.fixed_page_size", self.fixed_page_size, 1, self.max_page_size)


def _check_filters(filters: object) -> None:
    names = cast("AbstractSet[object]", filters) if isinstance(filters, AbstractSet) else None
    if names is None or not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise ConfigurationError(
            "Capabilities.filters must be a set of parameters of list_payments, such as "
            f"frozenset({{'modified_since'}}), not {filters!r}."
        )


@attrs.frozen
class Page(Generic[T]):
    """One page of a listing.

    ``payments`` is a sequence in the provider's order. In a listing of other records, such as
    invoices, it holds those. ``reported_count`` is the count that the provider reports, or
    ``None``. Providers mean different things by it, so it never decides which payments are listed.
    ``checkpoint`` is the start of the next page, and ``None`` on the last page. If you store it
    together with the payments, you can resume a listing that ended early. ``left_out`` has the ids
    of the records that are not payments, or no longer are. ``whole_invoices`` and ``whole_records``
    have the ids of the invoices and of the records that have no other payments than those on this
    page. The id of a payment of such a record is the id of the record, or begins with it and a
    colon.
    """

    payments: Sequence[T]
    reported_count: int | None
    checkpoint: Checkpoint | None
    left_out: tuple[str, ...] = ()
    whole_invoices: tuple[str, ...] = ()
    whole_records: tuple[str, ...] = ()

    @property
    def says_anything(self) -> bool:
        """Whether the page has payments, or says what has become of some."""
        return bool(self.payments or self.left_out or self.whole_invoices or self.whole_records)


@attrs.frozen(kw_only=True)
class ListingReport:
    """What the latest iteration of a listing has done so far.

    - ``pages``: how many pages were read.
    - ``payments``: how many payments were on these pages, without repeats.
    - ``repeats_dropped``: how many payments came again unchanged, and were dropped.
    - ``malformed``: how many malformed records were set aside.
    - ``oldest_malformed``: no record that was set aside was modified before this time. It is
      ``None`` if there are none, or if the time is unknown.
    - ``left_out``: how many records were left out because the provider says that they are not
      payments, such as failed attempts. Campfire and Notify send none.
    - ``requests``: how many requests were sent, including the ``retries``.
    - ``reported_first`` and ``reported_last``: the first and the last ``reported_count``.
    - ``complete``: whether the iteration reached the end of the provider's list.
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
    """A provider's list of payments, or, as ``Listing[T]``, of other records.

    No request is sent before you iterate over it. Each iteration starts at the beginning or, if the
    listing is resumed, at its checkpoint. While you use one page, the next is requested. If you
    leave an iteration early or are cancelled, its requests are cancelled. Python may need a few
    turns of the event loop for that, unless you close the iterator with ``aclosing``. Idle
    connections may stay open until ``aclose``. If paysdk raises an error after the first page, the
    error has a ``checkpoint``.
    """

    @property
    def report(self) -> ListingReport:
        """What the latest iteration has done so far."""
        ...

    def __aiter__(self) -> AsyncIterator[T]: ...

    def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate page by page. Each page is read completely before it is yielded."""
        ...

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return all payments, or the first *limit* of them, in one list.

        Raises ``ConfigurationError`` for a negative *limit*.
        """
        ...

    async def first(self) -> T | None:
        """Return the first payment, or ``None`` if there is none. Reads no page after it."""
        ...


@runtime_checkable
class PaymentsProvider(Protocol):
    """A system that can list payments."""

    @property
    def name(self) -> str:
        """The provider's name, as in ``Payment.provider``."""
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
        """List the provider's payments, in its own order.

        *modified_since* and *modified_until* are inclusive; a date covers its whole day, in UTC. If
        *voided* is true, only voided payments are listed. If it is false, only payments that are
        not voided are listed. ``None`` lists both. *resume* is a ``Page.checkpoint``, an
        ``error.checkpoint``, or the text of one. A checkpoint includes the filters of its listing.

        Raises ``UnsupportedFilterError`` for a filter that the provider does not support. Raises
        ``ConfigurationError`` for a wrong argument, such as a naive datetime, a page size out of
        range, or a checkpoint of another listing. Both are raised before anything is sent.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections. You can call it twice."""
        ...
