"""Ledgers that each break one promise, and the cases of the contract that must report it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs

from paysdk import (
    Capabilities,
    Checkpoint,
    ConfigurationError,
    InvoiceRef,
    ListingReport,
    Page,
    Payment,
    UnsupportedFilterError,
)
from paysdk.records.fields import make_payment
from tests.testing.contract.breaking import registering
from tests.testing.contract.ledger import Ledger, LedgerListing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from decimal import Decimal

BROKEN: dict[type[Ledger], frozenset[str]] = {}
breaks = registering(BROKEN)


# What it says of itself.


@breaks("has_a_name")
class ShoutsItsName(Ledger):
    """The name cannot be part of a variable's name."""

    name: ClassVar[str] = "The Ledger"

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return [
            attrs.evolve(each, provider=self.name, raw=b"{}") for each in super().select(filters)
        ]


@breaks("has_a_name")
class NamesPaymentsOtherwise(Ledger):
    """Its payments name another provider."""

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return [
            attrs.evolve(each, provider="journal", raw=b"{}") for each in super().select(filters)
        ]


@breaks("can_be_closed_twice", "keeps_the_protocol")
class LacksAMethod(Ledger):
    """It cannot be closed."""

    aclose: ClassVar[None] = None  # type: ignore[assignment]  # this is the fault


@breaks("has_capabilities")
class NamesAFilterThatItHasNot(Ledger):
    """It claims a filter that is no parameter of the method."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, filters=Ledger.capabilities.filters | {"currency"}
    )


@breaks("has_capabilities", "takes_the_largest_page_size")
class MeasuresItsLargestPage(Ledger):
    """Its largest page size is a float."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(Ledger.capabilities)
    # `Capabilities` refuses it, but a class of another package may get around that.
    object.__setattr__(capabilities, "max_page_size", 100.0)


@breaks("has_capabilities")
class DescribesItselfOtherwise(Ledger):
    """Its capabilities are of another class."""

    capabilities: ClassVar[Any] = SimpleNamespace(**attrs.asdict(Ledger.capabilities))


@breaks("has_capabilities")
class NamesItsFiltersInASet(Ledger):
    """Its filters are a mutable set."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities,
        filters=set(Ledger.capabilities.filters),  # type: ignore[arg-type]  # this is the fault
    )


@breaks("does_not_contradict_itself")
class ListsIncrementallyWithoutAFilter(Ledger):
    """It says that it lists incrementally, but does not filter by modified_since."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, filters=frozenset({"modified_until", "voided"})
    )


@breaks("does_not_contradict_itself", "reports_voids_only_if_it_says_so")
class ReportsVoidsWithoutSaying(Ledger):
    """Its payments have a voided_date, although it says that it reports no voids."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(Ledger.capabilities, reports_voids=False)


# Its arguments.


class Unfiltered(Ledger):
    """It has no filters, and refuses them."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, filters=frozenset(), lists_incrementally=False
    )


@breaks(
    "filters_by_modified_since",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class IgnoresSince(Ledger):
    """It ignores the filter."""

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return super().select({**filters, "modified_since": "0001-01-01T00:00:00+00:00"})


@breaks("filters_by_modified_since")
class CutsBoundsToSeconds(Ledger):
    """It also lists payments modified within the second before the bound."""

    def bound_text(self, bound: date | None, of_day: time) -> str | None:
        return super().bound_text(
            bound.replace(microsecond=0) if isinstance(bound, datetime) else bound, of_day
        )


@breaks(
    "filters_by_modified_until",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class ExcludesTheBound(Ledger):
    """It omits payments modified at exactly the bound."""

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        found = super().select(filters)
        return [
            each
            for each in found
            if (each.modified_at or datetime.now(UTC)).isoformat() != filters.get("modified_until")
        ]


@breaks("filters_by_modified_until")
class EndsADayAtItsBeginning(Ledger):
    """It takes a date as an upper bound for its midnight."""

    def bound_text(
        self,
        bound: date | None,
        of_day: time,  # noqa: ARG002  # this is the fault
    ) -> str | None:
        return super().bound_text(bound, time.min)


@breaks(
    "filters_by_voided",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class IgnoresFalse(Ledger):
    """It ignores voided=False."""

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return super().select({**filters, "voided": filters.get("voided") or None})


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "refuses_a_checkpoint_of_other_filters",
    "refuses_naive_times",
)
class IgnoresWhatItHasNot(Unfiltered):
    """It ignores a filter that it does not have."""

    def check_filters(self, given: dict[str, Any]) -> None:
        given.clear()


class RefusesLateListing(LedgerListing):
    """It refuses at the first iteration, not at the call."""

    async def pages(self) -> AsyncGenerator[Page]:
        if self.tag == "refused":
            raise UnsupportedFilterError("no")
        async for page in super().pages():
            yield page


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "refuses_a_checkpoint_of_other_filters",
    "refuses_naive_times",
)
class RefusesLate(Unfiltered):
    """It refuses at the first iteration, not at the call."""

    listing = RefusesLateListing

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> LedgerListing:
        listing = super().list_payments(page_size=page_size, resume=resume)
        refused = (modified_since, modified_until, voided) != (None, None, None)
        return attrs.evolve(listing, tag="refused") if refused else listing


@breaks("refuses_naive_times")
class TakesNaiveTimes(Ledger):
    """It takes naive times for UTC."""

    def bound_text(self, bound: date | None, of_day: time) -> str | None:
        return super().bound_text(
            bound.replace(tzinfo=bound.tzinfo or UTC) if isinstance(bound, datetime) else bound,
            of_day,
        )


@breaks("refuses_page_sizes_out_of_range")
class CutsPageSizes(Ledger):
    """It clips a page size that is out of range."""

    def check_size(self, page_size: object) -> None:
        """Accept any size."""


@breaks("takes_the_largest_page_size")
class RefusesItsLargestPage(Ledger):
    """It refuses the largest page size that it names."""

    def check_size(self, page_size: object) -> None:
        if page_size is not None and (type(page_size) is not int or not 0 < page_size < 100):
            raise ConfigurationError(f"no page of {page_size!r}")


class TakesAnyLimitListing(LedgerListing):
    """A negative limit cuts payments off the end."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        return [each async for each in self][:limit]


@breaks("refuses_a_negative_limit")
class TakesAnyLimit(Ledger):
    """A negative limit cuts payments off the end."""

    listing = TakesAnyLimitListing


@breaks("refuses_a_malformed_checkpoint")
class TakesAnyCheckpoint(Ledger):
    """It starts from the beginning for an invalid checkpoint."""

    def parse_resume(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        try:
            return super().parse_resume(resume, tag)
        except ConfigurationError as error:
            if "another" in str(error):
                raise
            return 0, tag


@breaks("refuses_a_foreign_checkpoint")
class TakesForeignCheckpoints(Ledger):
    """It accepts the checkpoints of other providers."""

    def parse_resume(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        checkpoint = self._parsed(resume) if isinstance(resume, str) else resume
        return super().parse_resume(
            attrs.evolve(checkpoint, provider=self.name)
            if isinstance(checkpoint, Checkpoint)
            else checkpoint,
            tag,
        )

    def _parsed(self, text: str) -> Checkpoint | str:
        try:
            return Checkpoint.parse(text)
        except ValueError:
            return text


class UntaggedListing(LedgerListing):
    """Its checkpoints do not name their provider."""

    def checkpoint(self, start: int) -> Checkpoint:
        return Checkpoint("", self.tag, str(start))


@breaks("refuses_a_foreign_checkpoint")
class DoesNotTagCheckpoints(TakesForeignCheckpoints):
    """Its checkpoints do not name their provider."""

    listing = UntaggedListing


@breaks("keeps_filters_when_it_resumes", "refuses_a_checkpoint_of_other_filters")
class ForgetsFilters(Ledger):
    """A checkpoint does not keep its filters."""

    def parse_resume(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        start, _ = super().parse_resume(resume, "{}")
        return start, tag


# Its listings.


class LosesTheLastPageListing(LedgerListing):
    """It drops a short page."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        found, following = super().page(start)
        return found if len(found) == self.size else [], following


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "gives_each_payment_once",
    "keeps_one_order",
    "payments_are_values",
    "refuses_a_checkpoint_of_other_filters",
    "reports_what_it_did",
    "resumes_with_another_page_size",
    "serves_many_tasks",
    "takes_the_largest_page_size",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class LosesTheLastPage(Ledger):
    """A page that is not full is dropped."""

    listing = LosesTheLastPageListing


class RepeatsOneListing(LedgerListing):
    """Pages overlap."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        found, following = super().page(start)
        return list(self.payments[max(0, start - 1) : start]) + found, following


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "gives_each_payment_once",
    "keeps_one_order",
    "pages_hold_the_same",
    "refuses_a_checkpoint_of_other_filters",
    "reports_what_it_did",
    "resumes_with_another_page_size",
    "serves_many_tasks",
    "takes_the_largest_page_size",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class RepeatsOne(Ledger):
    """Each page repeats the last payment of the page before."""

    listing = RepeatsOneListing


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "keeps_one_order",
    "outlives_an_event_loop",
    "payments_are_values",
    "refuses_a_checkpoint_of_other_filters",
    "resumes_a_resumed_listing",
    "resumes_from_text",
    "resumes_with_another_page_size",
    "resumes_with_the_rest",
    "serves_many_tasks",
    "takes_the_largest_page_size",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class ChangesItsOrder(Ledger):
    """Every other listing is in reverse order."""

    _backwards: bool = False

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        self._backwards = not self._backwards
        found = super().select(filters)
        return found[::-1] if self._backwards else found


class OnceListing(LedgerListing):
    """It is empty after its first iteration."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            yield page
        self.payments = []


@breaks("collects", "gives_the_first", "pages_hold_the_same", "starts_afresh")
class ListsOnce(Ledger):
    """A listing can be iterated once."""

    listing = OnceListing


class SharedPlaceListing(LedgerListing):
    """All iterations share one position."""

    place: int | None = 0

    async def pages(self) -> AsyncGenerator[Page]:
        self.report = ListingReport()
        if self.place is None or not hasattr(self, "_at"):
            self.place = self.start
        self._at = True
        while self.place is not None:
            await asyncio.sleep(0)
            found, self.place = self.page(self.place)
            following = None if self.place is None else self.checkpoint(self.place)
            pages, payments = self.report.pages + 1, self.report.payments + len(found)
            self.report = ListingReport(pages=pages, payments=payments, complete=self.place is None)
            yield Page(found, None, following)


@breaks("reports_what_it_did", "starts_afresh")
class SharesItsPlace(Ledger):
    """Two iterations of one listing disturb each other."""

    listing = SharedPlaceListing


class LargePagesListing(LedgerListing):
    """A page is twice as large as requested."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        end = start + 2 * self.size
        return list(self.payments[start:end]), end if end < len(self.payments) else None


@breaks("pages_hold_the_same", "resumes_with_another_page_size")
class GivesLargePages(Ledger):
    """A page is twice as large as requested."""

    listing = LargePagesListing


class ClosingCheckpointListing(LedgerListing):
    """The last page has a checkpoint too."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            yield (
                page
                if page.checkpoint
                else attrs.evolve(page, checkpoint=self.checkpoint(len(self.payments)))
            )


@breaks("pages_hold_the_same")
class NeverEndsItsCheckpoints(Ledger):
    """Resuming until there is no checkpoint never ends."""

    listing = ClosingCheckpointListing


class CollectsPagesListing(LedgerListing):
    """A limit is rounded up to whole pages."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        found = await super().collect(limit)
        return (
            found
            if limit is None or not found
            else [each async for each in self][: -(-limit // self.size) * self.size]
        )


@breaks("collects")
class CollectsWholePages(Ledger):
    """A limit is rounded up to whole pages."""

    listing = CollectsPagesListing


class LastFirstListing(LedgerListing):
    """first() returns the last payment."""

    async def first(self) -> Payment | None:
        return (await self.collect())[-1]


@breaks("gives_the_first", "lists_nothing_if_there_is_nothing")
class GivesTheLast(Ledger):
    """first() returns the last payment, and fails for an empty listing."""

    listing = LastFirstListing


class NeverCompleteListing(LedgerListing):
    """It never reports that it reached the end."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            self.report = attrs.evolve(self.report, complete=False)
            yield page


@breaks("lists_nothing_if_there_is_nothing", "reports_what_it_did")
class IsNeverComplete(Ledger):
    """A complete listing looks like half of one."""

    listing = NeverCompleteListing


class AlwaysCompleteListing(LedgerListing):
    """It reports that it is complete from the start."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            self.report = attrs.evolve(self.report, complete=True)
            yield page


@breaks("reports_what_it_did")
class IsAlwaysComplete(Ledger):
    """Half of a listing is reported as complete."""

    listing = AlwaysCompleteListing


# Its checkpoints.


class OnePageBackListing(LedgerListing):
    """A checkpoint points to the start of its own page."""

    def checkpoint(self, start: int) -> Checkpoint:
        return super().checkpoint(max(0, start - self.size))


@breaks(
    "refuses_a_checkpoint_of_other_filters",
    "resumes_a_resumed_listing",
    "resumes_from_text",
    "resumes_with_another_page_size",
    "resumes_with_the_rest",
    "keeps_filters_when_it_resumes",
)
class ResumesOnePageBack(Ledger):
    """A resumed listing repeats a page."""

    listing = OnePageBackListing


class ByNumberListing(LedgerListing):
    """A checkpoint is the number of a page."""

    async def pages(self) -> AsyncGenerator[Page]:
        at, self.start = self.start, self.start * self.size
        async for page in super().pages():
            yield page
        self.start = at

    def checkpoint(self, start: int) -> Checkpoint:
        return super().checkpoint(start // self.size)


@breaks("refuses_a_checkpoint_of_other_filters", "resumes_with_another_page_size")
class ResumesByPageNumber(Ledger):
    """With another page size a checkpoint means another position."""

    listing = ByNumberListing


@attrs.frozen
class KeptCheckpoint(Checkpoint):
    """A checkpoint whose text cannot be parsed."""

    def __str__(self) -> str:
        return f"<checkpoint of {self.provider} at {self.position}>"


class KeptCheckpointListing(LedgerListing):
    """Its checkpoints cannot be parsed from text."""

    def checkpoint(self, start: int) -> Checkpoint:
        return KeptCheckpoint(self.provider.name, self.tag, str(start))


@breaks("resumes_from_text")
class CannotWriteCheckpoints(Ledger):
    """The text of a checkpoint cannot be parsed."""

    listing = KeptCheckpointListing


# Its payments.


class Spoiled(Ledger):
    """It spoils its payments."""

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        return [self.spoil(each) for each in super().select(filters)]

    def spoil(self, each: Payment) -> Payment:
        """Spoil the payment."""
        raise NotImplementedError


def with_fields(each: Payment, **fields: object) -> Payment:
    """Return the payment with field values that its constructor would refuse."""
    return make_payment(SimpleNamespace(**fields_of(each) | fields))


def fields_of(each: Payment) -> dict[str, Any]:
    """Return the fields of a payment."""
    return {field.name.lstrip("_"): getattr(each, field.name) for field in attrs.fields(Payment)}


@breaks("amounts_are_decimal")
class GivesFloats(Spoiled):
    """The amount is a float."""

    def spoil(self, each: Payment) -> Payment:
        return with_fields(each, amount=float(each.amount))


@breaks("amounts_are_decimal")
class GivesFloatTotals(Spoiled):
    """The invoice's total is a float."""

    def spoil(self, each: Payment) -> Payment:
        return with_fields(
            each, invoice=InvoiceRef(id=each.invoice.id, total=cast("Decimal", 100.0))
        )


@breaks("dates_are_dates")
class GivesTimesForDates(Spoiled):
    """The payment date has a time."""

    def spoil(self, each: Payment) -> Payment:
        return with_fields(each, payment_date=each.modified_at)


@breaks("dates_are_dates")
class GivesTextsForDates(Spoiled):
    """The payment date is text."""

    def spoil(self, each: Payment) -> Payment:
        return with_fields(each, payment_date="2026-01-31")


@breaks("times_are_in_utc")
class GivesNaiveTimes(Spoiled):
    """Times have no zone."""

    def spoil(self, each: Payment) -> Payment:
        return with_fields(each, created_at=datetime(2026, 1, 31))  # noqa: DTZ001  # the fault


@breaks("times_are_in_utc")
class GivesLocalTimes(Spoiled):
    """Times are in another zone."""

    def spoil(self, each: Payment) -> Payment:
        moment = each.modified_at
        return with_fields(
            each, modified_at=moment and moment.astimezone(timezone(timedelta(hours=1)))
        )


_PAYMENT_ID: Any = Payment.id


class Numbered(Payment):
    """A payment with a number as its id."""

    id = property(lambda payment: int(payment._row.id), _PAYMENT_ID.fset)


@breaks("gives_payments")
class GivesNumbersForIds(Spoiled):
    """Ids are numbers."""

    def spoil(self, each: Payment) -> Payment:
        return Numbered(**fields_of(each))


class Changeable(Payment):
    """A payment that can be changed."""

    __setattr__ = object.__setattr__


@breaks("payments_are_values")
class GivesChangeable(Spoiled):
    """Its payments can be changed."""

    def spoil(self, each: Payment) -> Payment:
        return Changeable(**fields_of(each))


@breaks(
    "filters_by_voided",
    "gives_payments",
    "payments_are_values",
    "reports_voids_only_if_it_says_so",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class GivesRows(Spoiled):
    """Its payments can be changed, and are not Payment objects."""

    def spoil(self, each: Payment) -> Payment:
        return cast("Payment", SimpleNamespace(**fields_of(each)))


# What it holds.


class TaskListing(LedgerListing):
    """Each iteration leaves a task."""

    async def pages(self) -> AsyncGenerator[Page]:
        self.left = asyncio.create_task(asyncio.sleep(3600))
        async for page in super().pages():
            yield page


@breaks("breaking_out_leaves_no_task")
class LeavesATask(Ledger):
    """Each iteration leaves a task."""

    listing = TaskListing


@breaks("can_be_closed_twice")
class ClosesOnce(Ledger):
    """Closing twice is an error."""

    _closed = False

    async def aclose(self) -> None:
        if self._closed:
            raise RuntimeError("it is closed")
        self._closed = True


class OneLoopListing(LedgerListing):
    """It waits for an object of the event loop in which it was first used."""

    async def pages(self) -> AsyncGenerator[Page]:
        await cast("DiesWithItsLoop", self.provider).turn()
        async for page in super().pages():
            yield page


@breaks("outlives_an_event_loop")
class DiesWithItsLoop(Ledger):
    """It works only in the event loop in which it was first used."""

    listing = OneLoopListing
    _loop: asyncio.AbstractEventLoop | None = None

    async def turn(self) -> None:
        """Yield to the event loop once."""
        self._loop = self._loop or asyncio.get_running_loop()
        if self._loop is not asyncio.get_running_loop():
            raise RuntimeError("this belongs to another event loop")
        await asyncio.sleep(0)
