"""Cases about the filters of ``list_payments``."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.errors import UnsupportedFilterError
from paysdk.provider import Capabilities
from paysdk.testing.contract.arguments import check_refused
from paysdk.testing.contract.harness import (
    ContractCases,
    checkpoint_after,
    collect_payments,
    ids,
    listed_by,
)
from paysdk.testing.contract.promises import case, check, check_equal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paysdk.payment import Payment
    from paysdk.provider import Page, PaymentsProvider
    from paysdk.testing.contract.harness import Harness

__all__ = ["FilterCases"]

# Enough for some of them to be voided, if the provider has voids.
_SOME = 40
_LONG_AGO, _FAR_AHEAD = datetime(1990, 1, 1, tzinfo=UTC), datetime(2990, 1, 1, tzinfo=UTC)
# A bound is seldom exactly the time of a payment, and may be finer than the times of the API.
_BESIDE = (timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1))


@attrs.frozen
class _Filter:
    """One argument of ``list_payments``, and which payments it chooses.

    Payments up to ``rough`` outside a bound in time may come too.
    """

    name: str
    value: Any
    able: Capabilities
    rough: timedelta

    @property
    def arguments(self) -> dict[str, Any]:
        return {self.name: self.value}

    def must_choose(self, payment: Payment) -> bool:
        return self._chooses(payment, timedelta(0))

    def may_choose(self, payment: Payment) -> bool:
        return self._chooses(payment, self.rough)

    def check(self, everything: list[Payment], found: list[Payment], what: str) -> None:
        """Check that *found* are the payments of *everything* that the filter chooses."""
        what = f"with {self.name}={self.value}{what}"
        expected = ids([each for each in everything if self.must_choose(each)])
        allowed = ids([each for each in everything if self.may_choose(each)])
        missing = [each for each in expected if each not in ids(found)]
        check(not missing, f"{what}: these payments did not come: {missing}")
        check_equal([each for each in allowed if each in ids(found)], ids(found), what)

    def _chooses(self, payment: Payment, rough: timedelta) -> bool:
        if self.name == "voided":
            return bool(payment.is_voided is self.value)
        moment = listed_by(payment, self.able)
        if self.name == "modified_since":
            return moment is not None and moment >= _moment(self.value, time.min) - rough
        return moment is not None and moment <= _moment(self.value, time.max) + rough


class FilterCases(ContractCases):
    """Filters."""

    @case
    async def test_filters_by_modified_since(self) -> None:
        """`modified_since` lists what was modified then or later. A date includes its whole day in
        UTC. A provider without this filter refuses it.
        """
        await self._check_time_filter("modified_since", _FAR_AHEAD)

    @case
    async def test_filters_by_modified_until(self) -> None:
        """`modified_until` lists what was modified then or earlier. A date includes its whole day
        in UTC. A provider without this filter refuses it.
        """
        await self._check_time_filter("modified_until", _LONG_AGO)

    @case
    async def test_filters_by_voided(self) -> None:
        """`voided=True` lists what is voided, and `voided=False` the rest. A provider without this
        filter refuses it.
        """
        async with self.harness(_SOME) as harness:
            provider = harness.provider()
            if _refuses(harness, provider, "voided", True, False):  # noqa: FBT003  # the values
                return
            everything = await collect_payments(provider.list_payments())
            for value in (True, False):
                chosen = _filter(harness, provider, "voided", value)
                found = await collect_payments(provider.list_payments(voided=value))
                chosen.check(everything, found, "")

    @case
    async def test_keeps_filters_on_later_pages(self) -> None:
        """A filter counts for all pages of a listing, not only for the first."""
        async with self.harness(_SOME) as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments())
            for chosen in _filters(harness, provider, everything):
                found = await collect_payments(
                    provider.list_payments(page_size=harness.size, **chosen.arguments)
                )
                chosen.check(everything, found, f" and page_size={harness.size}")

    @case
    async def test_keeps_filters_when_it_resumes(self) -> None:
        """A listing that resumes has the filters that it began with, without naming them again."""
        async with self.harness(_SOME) as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments())
            for chosen in _filters(harness, provider, everything):
                begun, checkpoint = await checkpoint_after(
                    provider.list_payments(page_size=harness.size, **chosen.arguments)
                )
                for other in (provider, harness.provider()):
                    rest = await collect_payments(
                        other.list_payments(page_size=harness.size, resume=checkpoint)
                    )
                    chosen.check(everything, [*begun, *rest], ", resumed after its first page")

    @case
    async def test_keeps_filters_to_one_listing(self) -> None:
        """Listings of one object that are read at the same time have their own filters."""
        async with self.harness(_SOME) as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments())
            for chosen in _filters(harness, provider, everything):
                filtered = provider.list_payments(page_size=harness.size, **chosen.arguments)
                plain = provider.list_payments(page_size=harness.size)
                some, all_of_them = await _read_in_turn(filtered.pages(), plain.pages())
                chosen.check(everything, some, ", beside a listing without filters")
                check_equal(
                    ids(everything),
                    ids(all_of_them),
                    f"a listing without filters, beside one with {chosen.name}",
                )

    async def _check_time_filter(self, name: str, empty_bound: datetime) -> None:
        async with self.harness(_SOME) as harness:
            provider = harness.provider()
            if _refuses(harness, provider, name, _LONG_AGO, _LONG_AGO.date()):
                return
            nothing = _filter(harness, provider, name, empty_bound)
            nothing.check([], await _collect(provider, nothing), "")
            everything = await collect_payments(provider.list_payments())
            moments = _moments(provider, everything)
            for moment in moments[:: max(1, len(moments) // 3)]:
                for bound in (*(moment + beside for beside in _BESIDE), moment.date()):
                    chosen = _filter(harness, provider, name, bound)
                    chosen.check(everything, await _collect(provider, chosen), "")


def _moment(bound: date, of_day: time) -> datetime:
    return bound if isinstance(bound, datetime) else datetime.combine(bound, of_day, UTC)


def _filter(harness: Harness, provider: PaymentsProvider, name: str, value: object) -> _Filter:
    rough = timedelta(seconds=harness.subject.rough_bounds)
    return _Filter(name, value, provider.capabilities, rough)


def _filters(
    harness: Harness, provider: PaymentsProvider, everything: list[Payment]
) -> list[_Filter]:
    """Return filters that choose several pages of payments, but not all of them."""
    moments = _moments(provider, everything)
    values: dict[str, list[Any]] = {"voided": [True, False]}
    if moments:
        # One bound leaves out what comes first, and the other what comes last.
        ends = [moments[len(moments) // 3], moments[2 * len(moments) // 3]]
        values |= {"modified_since": ends, "modified_until": ends}
    possible = [
        _filter(harness, provider, name, value)
        for name, each in values.items()
        if name in provider.capabilities.filters
        for value in each
    ]
    return [
        each
        for each in possible
        if len(everything) > sum(map(each.must_choose, everything)) > harness.size
    ]


def _moments(provider: PaymentsProvider, payments: list[Payment]) -> list[datetime]:
    moments = {listed_by(payment, provider.capabilities) for payment in payments}
    return sorted(moment for moment in moments if moment is not None)


async def _collect(provider: PaymentsProvider, chosen: _Filter) -> list[Payment]:
    return await collect_payments(provider.list_payments(**chosen.arguments))


async def _read_in_turn(*listings: AsyncIterator[Page]) -> list[list[Payment]]:
    """Read listings at the same time, a page of each in turn."""
    found: list[list[Payment]] = [[] for _ in listings]
    running = list(zip(listings, found, strict=True))
    while running:
        for pages, payments in list(running):
            page = await anext(pages, None)
            if page is None:
                running.remove((pages, payments))
            else:
                payments.extend(page.payments)
    return found


def _refuses(harness: Harness, provider: PaymentsProvider, name: str, *values: object) -> bool:
    """Whether *provider* has no filter *name*.

    If so, check that the provider refuses these values.
    """
    if name in provider.capabilities.filters:
        return False
    for value in values:
        check_refused(harness, provider, UnsupportedFilterError, {name: value})
    return True
