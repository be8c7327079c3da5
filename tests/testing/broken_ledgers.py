"""Ledgers that break one promise each, and which cases of the contract must say so."""

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
from paysdk.payment import PaymentValues, make_payment
from tests.testing.ledger import Ledger, LedgerListing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from decimal import Decimal

BROKEN: dict[type[Ledger], frozenset[str]] = {}


def breaks(*cases: str) -> Callable[[type[Ledger]], type[Ledger]]:
    """Note which cases must fail on a ledger."""

    def note(broken: type[Ledger]) -> type[Ledger]:
        BROKEN[broken] = frozenset(f"test_{case}" for case in cases)
        return broken

    return note


# What it says of itself.


@breaks("has_a_name")
class ShoutsItsName(Ledger):
    """The name cannot be part of a variable's."""

    name: ClassVar[str] = "The Ledger"

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        return [
            attrs.evolve(each, provider=self.name, raw=b"{}") for each in super().chosen(filters)
        ]


@breaks("has_a_name")
class NamesPaymentsOtherwise(Ledger):
    """Its payments are somebody else's."""

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        return [
            attrs.evolve(each, provider="journal", raw=b"{}") for each in super().chosen(filters)
        ]


@breaks("can_be_closed_twice", "keeps_the_protocol")
class LacksAMethod(Ledger):
    """It cannot be closed."""

    aclose: ClassVar[None] = None  # type: ignore[assignment]  # what is wrong with it


@breaks("says_what_it_can_do")
class NamesAFilterThatItHasNot(Ledger):
    """The method has no such parameter."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, filters=Ledger.capabilities.filters | {"currency"}
    )


@breaks("says_what_it_can_do", "takes_the_largest_page_size")
class MeasuresItsLargestPage(Ledger):
    """Its largest page is no whole number."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(Ledger.capabilities, max_page_size=100.0)  # type: ignore[arg-type]  # what is wrong with it


@breaks("says_what_it_can_do")
class DescribesItselfOtherwise(Ledger):
    """Its capabilities are a thing of its own."""

    capabilities: ClassVar[Any] = SimpleNamespace(**attrs.asdict(Ledger.capabilities))


@breaks("says_what_it_can_do")
class NamesItsFiltersInASet(Ledger):
    """What it can do can be changed."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities,
        filters=set(Ledger.capabilities.filters),  # type: ignore[arg-type]  # what is wrong with it
    )


@breaks("does_not_contradict_itself")
class ListsIncrementallyWithoutSaying(Ledger):
    """It filters by modified_since all the same."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, lists_incrementally=False
    )


@breaks("does_not_contradict_itself", "reports_voids_only_if_it_says_so")
class ReportsVoidsWithoutSaying(Ledger):
    """Its payments have a date that it says they have not."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(Ledger.capabilities, reports_voids=False)


# Its arguments.


class Unfiltered(Ledger):
    """It has no filter, and says so."""

    capabilities: ClassVar[Capabilities] = attrs.evolve(
        Ledger.capabilities, filters=frozenset(), lists_incrementally=False
    )


@breaks("filters_by_modified_since")
class IgnoresSince(Ledger):
    """It lists everything."""

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        return super().chosen({**filters, "modified_since": "0001-01-01T00:00:00+00:00"})


@breaks("filters_by_modified_since")
class CutsBoundsToSeconds(Ledger):
    """What was modified within the second before the bound comes too."""

    def moment(self, bound: date | None, of_day: time) -> str | None:
        return super().moment(
            bound.replace(microsecond=0) if isinstance(bound, datetime) else bound, of_day
        )


@breaks("filters_by_modified_until")
class ExcludesTheBound(Ledger):
    """What was modified in that very moment is missing."""

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        found = super().chosen(filters)
        return [
            each
            for each in found
            if (each.modified_at or datetime.now(UTC)).isoformat() != filters.get("modified_until")
        ]


@breaks("filters_by_modified_until")
class EndsADayAtItsBeginning(Ledger):
    """A date as the upper bound is midnight."""

    def moment(self, bound: date | None, of_day: time) -> str | None:  # noqa: ARG002  # what is wrong with it
        return super().moment(bound, time.min)


@breaks("filters_by_voided")
class IgnoresFalse(Ledger):
    """It takes false for nothing."""

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        return super().chosen({**filters, "voided": filters.get("voided") or None})


@breaks(
    "filters_by_modified_since",
    "filters_by_modified_until",
    "filters_by_voided",
    "refuses_a_checkpoint_of_other_filters",
    "refuses_naive_times",
)
class IgnoresWhatItHasNot(Unfiltered):
    """A filter that it has not changes nothing."""

    def check_filters(self, given: dict[str, Any]) -> None:
        given.clear()


class RefusesLateListing(LedgerListing):
    """It says no when it is iterated."""

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
    """It says no when it is iterated."""

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
    """It takes them for UTC."""

    def moment(self, bound: date | None, of_day: time) -> str | None:
        return super().moment(
            bound.replace(tzinfo=bound.tzinfo or UTC) if isinstance(bound, datetime) else bound,
            of_day,
        )


@breaks("refuses_page_sizes_out_of_range")
class CutsPageSizes(Ledger):
    """More than the most is the most, less than one is one."""

    def check_size(self, page_size: object) -> None:
        """All are fine."""


@breaks("takes_the_largest_page_size")
class RefusesItsLargestPage(Ledger):
    """It does not reach what it says."""

    def check_size(self, page_size: object) -> None:
        if page_size is not None and (type(page_size) is not int or not 0 < page_size < 100):
            raise ConfigurationError(f"no page of {page_size!r}")


class TakesAnyLimitListing(LedgerListing):
    """A negative limit cuts at the end."""

    async def collect(self, limit: int | None = None) -> list[Payment]:
        return [each async for each in self][:limit]


@breaks("refuses_a_negative_limit")
class TakesAnyLimit(Ledger):
    """A negative limit cuts at the end."""

    listing = TakesAnyLimitListing


@breaks("refuses_what_is_no_checkpoint")
class TakesAnyCheckpoint(Ledger):
    """What is no checkpoint is the beginning."""

    def taken_up(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        try:
            return super().taken_up(resume, tag)
        except ConfigurationError as error:
            if "another" in str(error):
                raise
            return 0, tag


@breaks("refuses_a_foreign_checkpoint")
class TakesForeignCheckpoints(Ledger):
    """Whose a checkpoint is makes no difference."""

    def taken_up(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        checkpoint = self._parsed(resume) if isinstance(resume, str) else resume
        return super().taken_up(
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
    """Its checkpoints are nobody's."""

    def checkpoint(self, start: int) -> Checkpoint:
        return Checkpoint("", self.tag, str(start))


@breaks("refuses_a_foreign_checkpoint")
class DoesNotTagCheckpoints(TakesForeignCheckpoints):
    """Its checkpoints are nobody's."""

    listing = UntaggedListing


@breaks("refuses_a_checkpoint_of_other_filters")
class ForgetsFilters(Ledger):
    """A checkpoint does not bring its filters along."""

    def taken_up(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        start, _ = super().taken_up(resume, "{}")
        return start, tag


# Its listings.


class LosesTheLastPageListing(LedgerListing):
    """It takes a short page for nothing."""

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
)
class LosesTheLastPage(Ledger):
    """A page that is not full is not given."""

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
)
class RepeatsOne(Ledger):
    """The first of a page is the last of the one before."""

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
)
class ChangesItsOrder(Ledger):
    """Every other listing is the other way round."""

    _backwards: bool = False

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        self._backwards = not self._backwards
        found = super().chosen(filters)
        return found[::-1] if self._backwards else found


class OnceListing(LedgerListing):
    """What was given is gone."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            yield page
        self.payments = []


@breaks("collects", "gives_the_first", "pages_hold_the_same", "starts_afresh")
class ListsOnce(Ledger):
    """A listing can be iterated once."""

    listing = OnceListing


class SharedPlaceListing(LedgerListing):
    """All iterations share one place."""

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
    """A page is twice as large as asked for."""

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        end = start + 2 * self.size
        return list(self.payments[start:end]), end if end < len(self.payments) else None


@breaks("pages_hold_the_same")
class GivesLargePages(Ledger):
    """A page is twice as large as asked for."""

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
    """Who resumes until there is no checkpoint resumes for ever."""

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
    """The first is the last."""

    async def first(self) -> Payment | None:
        return (await self.collect())[-1]


@breaks("gives_the_first", "lists_nothing_where_there_is_nothing")
class GivesTheLast(Ledger):
    """The first is the last, and an error where there is none."""

    listing = LastFirstListing


class NeverCompleteListing(LedgerListing):
    """It never says that it reached the end."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            self.report = attrs.evolve(self.report, complete=False)
            yield page


@breaks("lists_nothing_where_there_is_nothing", "reports_what_it_did")
class IsNeverComplete(Ledger):
    """Nobody can tell a whole listing from half of one."""

    listing = NeverCompleteListing


class AlwaysCompleteListing(LedgerListing):
    """It says that it has reached the end when it begins."""

    async def pages(self) -> AsyncGenerator[Page]:
        async for page in super().pages():
            self.report = attrs.evolve(self.report, complete=True)
            yield page


@breaks("reports_what_it_did")
class IsAlwaysComplete(Ledger):
    """Half of a listing counts as whole."""

    listing = AlwaysCompleteListing


# Its checkpoints.


class OnePageBackListing(LedgerListing):
    """A checkpoint is the beginning of the page that it stands on."""

    def checkpoint(self, start: int) -> Checkpoint:
        return super().checkpoint(max(0, start - self.size))


@breaks(
    "refuses_a_checkpoint_of_other_filters",
    "resumes_a_resumed_listing",
    "resumes_from_text",
    "resumes_with_another_page_size",
    "resumes_with_the_rest",
)
class ResumesOnePageBack(Ledger):
    """What is resumed repeats a page."""

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
    """Another page size makes another place of it."""

    listing = ByNumberListing


@attrs.frozen
class KeptCheckpoint(Checkpoint):
    """It says where it stands and not what it is."""

    def __str__(self) -> str:
        return f"<checkpoint of {self.provider} at {self.position}>"


class KeptCheckpointListing(LedgerListing):
    """Its checkpoints have no text."""

    def checkpoint(self, start: int) -> Checkpoint:
        return KeptCheckpoint(self.provider.name, self.tag, str(start))


@breaks("resumes_from_text")
class CannotWriteCheckpoints(Ledger):
    """The text of a checkpoint is for people."""

    listing = KeptCheckpointListing


# Its payments.


class Altered(Ledger):
    """Its payments are not what they should be."""

    def chosen(self, filters: dict[str, Any]) -> list[Payment]:
        return [self.altered(each) for each in super().chosen(filters)]

    def altered(self, each: Payment) -> Payment:
        """The payment, spoilt."""
        raise NotImplementedError


def spoilt(each: Payment, **fields: object) -> Payment:
    """The payment with fields that no constructor would take."""
    return make_payment(PaymentValues(**parts_of(each) | fields))


def parts_of(each: Payment) -> dict[str, Any]:
    """What a payment is made of."""
    return {field.name.lstrip("_"): getattr(each, field.name) for field in attrs.fields(Payment)}


@breaks("amounts_are_decimal")
class GivesFloats(Altered):
    """The amount is a float."""

    def altered(self, each: Payment) -> Payment:
        return spoilt(each, amount=float(each.amount))


@breaks("amounts_are_decimal")
class GivesFloatTotals(Altered):
    """The invoice's total is a float."""

    def altered(self, each: Payment) -> Payment:
        return spoilt(each, invoice=InvoiceRef(id=each.invoice.id, total=cast("Decimal", 100.0)))


@breaks("dates_are_dates")
class GivesTimesForDates(Altered):
    """The date of payment has a time."""

    def altered(self, each: Payment) -> Payment:
        return spoilt(each, payment_date=each.modified_at)


@breaks("dates_are_dates")
class GivesTextsForDates(Altered):
    """The date of payment is as it was sent."""

    def altered(self, each: Payment) -> Payment:
        return spoilt(each, payment_date="2026-01-31")


@breaks("times_are_in_utc")
class GivesNaiveTimes(Altered):
    """Times have no zone."""

    def altered(self, each: Payment) -> Payment:
        return spoilt(each, created_at=datetime(2026, 1, 31))  # noqa: DTZ001  # what is wrong with it


@breaks("times_are_in_utc")
class GivesLocalTimes(Altered):
    """Times are in a zone of their own."""

    def altered(self, each: Payment) -> Payment:
        moment = each.modified_at
        return spoilt(each, modified_at=moment and moment.astimezone(timezone(timedelta(hours=1))))


class Numbered(Payment):
    """A payment whose id is what the API calls it."""

    id = property(lambda payment: int(payment._row.id), Payment.id.fset)  # type: ignore[attr-defined]  # not as it should be


@breaks("gives_payments")
class GivesNumbersForIds(Altered):
    """An id is a number."""

    def altered(self, each: Payment) -> Payment:
        return Numbered(**parts_of(each))


class Changeable(Payment):
    """A payment that can be changed."""

    __setattr__ = object.__setattr__


@breaks("payments_are_values")
class GivesChangeable(Altered):
    """What it gives can be changed."""

    def altered(self, each: Payment) -> Payment:
        return Changeable(**parts_of(each))


@breaks(
    "filters_by_voided", "gives_payments", "payments_are_values", "reports_voids_only_if_it_says_so"
)
class GivesRows(Altered):
    """What it gives can be changed, and is no Payment."""

    def altered(self, each: Payment) -> Payment:
        return cast("Payment", PaymentValues(**parts_of(each)))


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
    """It waits for something of the loop that it was first used in."""

    async def pages(self) -> AsyncGenerator[Page]:
        await cast("DiesWithItsLoop", self.provider).turn()
        async for page in super().pages():
            yield page


@breaks("outlives_an_event_loop")
class DiesWithItsLoop(Ledger):
    """It serves the event loop that it was first used in."""

    listing = OneLoopListing
    _loop: asyncio.AbstractEventLoop | None = None

    async def turn(self) -> None:
        """Wait for the loop's next turn."""
        self._loop = self._loop or asyncio.get_running_loop()
        if self._loop is not asyncio.get_running_loop():
            raise RuntimeError("this belongs to another event loop")
        await asyncio.sleep(0)
