"""Ledgers that each break one promise about filters, and the cases that must report it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from tests.testing.contract.breaking import registering
from tests.testing.contract.ledger import NOON, Ledger, LedgerListing

if TYPE_CHECKING:
    from paysdk import Capabilities, Checkpoint, Payment

# The page size of a ledger if the caller names none.
_DEFAULT_SIZE = 5

BROKEN: dict[type[Ledger], frozenset[str]] = {}
breaks = registering(BROKEN)


class FirstPageListing(LedgerListing):
    """Only the first page is filtered."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        if not start:
            return super().page(start)
        return attrs.evolve(self, payments=self.provider.payments).page_at(start)

    def page_at(self, start: int) -> tuple[list[Payment], int | None]:
        """Return the page at this start."""
        return LedgerListing.page(self, start)


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
    "refuses_a_checkpoint_of_other_filters",
)
class FiltersTheFirstPage(Ledger):
    """A filter is lost from page 2 on."""

    listing = FirstPageListing


class LargePagesListing(FirstPageListing):
    """Without a page size, everything is on the first page."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        if self.size != _DEFAULT_SIZE:
            return super().page(start)
        return attrs.evolve(self, size=len(self.payments) + 1).page_at(start)


@breaks(
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class FiltersTheFirstOfManyPages(Ledger):
    """A filter is lost from page 2 on, and the pages are large."""

    listing = LargePagesListing


@breaks("keeps_filters_when_it_resumes", "refuses_a_checkpoint_of_other_filters")
class ResumesWithoutFilters(Ledger):
    """A filter is lost on resuming."""

    def parse_resume(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        start, _ = super().parse_resume(resume, tag)
        return start, "{}"


class SharedListing(LedgerListing):
    """It reads the filters of its provider."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        latest = self.provider.latest  # type: ignore[attr-defined]  # see below
        return LedgerListing.page(attrs.evolve(self, payments=latest), start)


@breaks("keeps_filters_to_one_listing")
class SharesItsFilters(Ledger):
    """All listings of an object have the filters of the latest one."""

    listing = SharedListing
    latest: ClassVar[list[Payment]] = []

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        type(self).latest = super().select(filters)
        return self.latest


@breaks("lists_incrementally_by_a_time_that_it_sends")
class NeverSendsATime(Ledger):
    """It lists incrementally, but its payments have no times."""

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return [attrs.evolve(each, modified_at=None, raw=b"{}") for each in super().select(filters)]


@breaks("lists_incrementally_by_a_time_that_it_sends")
class FiltersByATimeThatItNeverSends(NeverSendsATime):
    """It filters by a time, lists everything in each sync, and its payments have no times."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, filters=frozenset({"modified_since"}), lists_incrementally=False
    )


@breaks("filters_by_modified_since", "filters_by_modified_until")
class GoesByAnotherTime(Ledger):
    """It says that it lists by creation, and lists by modification."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, incremental_by="created"
    )

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return [attrs.evolve(each, created_at=NOON, raw=b"{}") for each in super().select(filters)]


@breaks("resumes_with_another_page_size")
class KeepsItsPageSize(Ledger):
    """A listing that resumes keeps the page size that it began with."""

    begun: ClassVar[int] = _DEFAULT_SIZE

    @wraps(Ledger.list_payments)
    def list_payments(  # type: ignore[override]  # it has the same signature
        self,
        **arguments: Any,  # noqa: ANN401  # any value
    ) -> LedgerListing:
        listing = super().list_payments(**arguments)
        if arguments.get("resume") is None:
            type(self).begun = listing.size
            return listing
        return attrs.evolve(listing, size=self.begun)


@breaks("has_capabilities", "refuses_page_sizes_out_of_range")
class FixesAnotherPageSize(Ledger):
    """Its fixed page size is not its largest."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(Ledger.capabilities, fixed_page_size=7)
