"""Read the payments of several providers, and choose among them."""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, nullcontext
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

from paysdk.cli.filters import convert_filters
from paysdk.cli.output.progress import make_progress, show_progress, show_wait
from paysdk.cli.providers import as_paysdk_error, open_providers
from paysdk.customers import CustomerLookup, FindsCustomers, add_customers
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.paid import EVERY_DAY, PaidRange
from paysdk.payment import Payment
from paysdk.provider import Listing, PaymentsProvider

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from rich.progress import Progress

    from paysdk.cli.providers import ProviderSelection
    from paysdk.provider import Page

__all__ = [
    "ListOptions",
    "ListingReader",
    "estimate_total",
    "open_listings",
    "read_in_turn",
    "summarise",
]


@attrs.frozen(kw_only=True)
class ListOptions:
    """The arguments of ``PaymentsProvider.list_payments``, and what is chosen of its payments.

    ``limit`` is the number of payments to read of each provider, or ``last`` of those at the end.
    ``filters`` are filters of a provider's own, as texts. ``paid`` are the days of the payments.
    With ``customers``, those that a provider lists apart are looked up.
    """

    modified_since: date | datetime | None
    modified_until: date | datetime | None
    voided: bool | None
    page_size: int | None
    resume: str | None
    limit: int | None
    filters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    concurrency: int | None = None
    paid: PaidRange = EVERY_DAY
    last: int | None = None
    customers: bool = False


@runtime_checkable
class _KnowsTestKeys(Protocol):
    @property
    def test_mode(self) -> bool | None: ...


@attrs.define
class ListingReader:
    """Reads one provider's listing up to its limit, and passes each page to ``write``.

    Payments of other days are left out. ``most`` is the number of payments to pass on, without
    bound if it is ``None``. An error of the provider ends the listing and is stored in ``error``.
    """

    provider: PaymentsProvider
    listing: Listing
    options: ListOptions
    write: Callable[[Sequence[Payment]], object]
    most: int | None = None
    count: int = attrs.field(default=0, init=False)
    error: PaysdkError | None = attrs.field(default=None, init=False)
    _written: int = attrs.field(default=0, init=False)
    _complete: bool = attrs.field(default=False, init=False)
    _key: str = attrs.field(default="", init=False)

    async def run(self, progress: Progress) -> None:
        """Read to the end or to the limit, and show the progress."""
        bar = progress.add_task(self.provider.name, total=None, note="")
        async with aclosing(self._read_pages()) as pages:
            async for payments, total in pages:
                self._written += len(payments)
                self.write(payments)
                progress.update(bar, completed=self.count, total=total, note="")

    async def _read_pages(self) -> AsyncGenerator[tuple[Sequence[Payment], int | None]]:
        """The payments of each page that are passed on, and the estimated total.

        It stores an error of the provider in ``error``. It does not catch errors of ``write``.
        """
        try:
            self._key = _describe_key(self.provider)
            async with self._open_lookup() as lookup:
                last = self.options.last
                read = self._read_chosen() if last is None else self._read_last(last)
                async with aclosing(read) as pages:
                    async for payments, total in pages:
                        yield await _find_customers(self._cut(payments), lookup), total
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            self.error = as_paysdk_error(self.provider.name, error)

    async def _read_chosen(self) -> AsyncGenerator[tuple[Sequence[Payment], int | None]]:
        """The payments of each page that are chosen, up to the limit, and the estimated total."""
        paid, limit = self.options.paid, self.options.limit
        is_bounded = paid != EVERY_DAY
        cut = False
        # A listing that is left at the limit is closed with its provider.
        async for page in self.listing.pages():
            found = list(filter(paid.includes, page.payments)) if is_bounded else page.payments
            payments = found if limit is None else found[: limit - self.count]
            self.count += len(payments)
            cut = len(payments) < len(found)
            # The provider does not say how many payments the chosen days have.
            yield payments, None if is_bounded else estimate_total(page, self.count, limit)
            if self.count == limit:
                break
        self._complete = not cut and self.listing.report.complete

    async def _read_last(self, number: int) -> AsyncGenerator[tuple[Sequence[Payment], int | None]]:
        """An empty page for each page that was read, and at the end the last payments."""
        latest: deque[Payment] = deque(maxlen=min(number, sys.maxsize))
        async with aclosing(self._read_chosen()) as pages:
            async for payments, total in pages:
                latest.extend(payments)
                yield (), total
        yield list(latest), self.count

    def _cut(self, payments: Sequence[Payment]) -> Sequence[Payment]:
        return payments if self.most is None else payments[: self.most - self._written]

    def _open_lookup(self) -> AbstractAsyncContextManager[CustomerLookup | None]:
        if self.options.customers and isinstance(self.provider, FindsCustomers):
            return self.provider.look_up_customers()
        return nullcontext()

    def __str__(self) -> str:
        return (
            f"{self.provider.name}: {self._prefix}{self.count:,} "
            f"payment{'' if self.count == 1 else 's'}{self._left_out}{self._key}"
        )

    @property
    def _prefix(self) -> str:
        if self.error:
            return "failed after "
        last = self.options.last
        if last is not None and last < self.count:
            return f"the last {last:,} of "
        return "" if self._complete else "the first "

    @property
    def _left_out(self) -> str:
        left_out = self.listing.report.left_out
        if not left_out:
            return ""
        what = "record that is not a payment" if left_out == 1 else "records that are not payments"
        return f", without {left_out:,} {what}"


async def _find_customers(
    payments: Sequence[Payment], lookup: CustomerLookup | None
) -> Sequence[Payment]:
    return payments if lookup is None else await add_customers(payments, lookup)


def _describe_key(provider: PaymentsProvider) -> str:
    if not isinstance(provider, _KnowsTestKeys) or provider.test_mode is None:
        return ""
    return ", test key" if provider.test_mode else ", live key"


def estimate_total(page: Page, count: int, limit: int | None) -> int | None:
    """The number of payments that the listing will have, if it can be known.

    Some providers report the number of all payments, others that of the page. A number that is not
    larger than *count* can be the total only on the last page.
    """
    if page.checkpoint is None or count == limit:
        return count
    return min(
        (total for total in (page.reported_count, limit) if total is not None and total > count),
        default=None,
    )


async def read_in_turn(
    selection: ProviderSelection,
    options: ListOptions,
    start: Callable[[], Callable[[Sequence[Payment]], object]],
    failures: list[PaysdkError],
) -> list[ListingReader]:
    """Read one listing after another. *start* is called when all of them are open."""
    progress = make_progress(data_on_screen=True)
    async with open_providers(selection, failures, partial(show_wait, progress)) as providers:
        listings = open_listings(providers, options, failures)
        write = start()
        readers = [ListingReader(*pair, options, write) for pair in listings]
        with show_progress(progress):
            for reader in readers:
                await reader.run(progress)
    return readers


def open_listings(
    providers: list[PaymentsProvider], options: ListOptions, failures: list[PaysdkError]
) -> list[tuple[PaymentsProvider, Listing]]:
    """The listing of each provider. An error of its own code is added to *failures*."""
    listings: list[tuple[PaymentsProvider, Listing]] = []
    for provider in providers:
        try:
            listings.append((provider, _open_listing(provider, options)))
        except PaysdkError:
            raise
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            failures.append(as_paysdk_error(provider.name, error))
    return listings


def _open_listing(provider: PaymentsProvider, options: ListOptions) -> Listing:
    own = {"limit", "filters", "concurrency", "paid", "last", "customers"}
    arguments = attrs.asdict(options, filter=lambda field, _: field.name not in own)
    try:
        filters = convert_filters(provider, options.filters)
        _check_not_given_twice(arguments, filters)
        # A filter of its own is not in the protocol, so the call cannot be typed.
        given: dict[str, Any] = {**arguments, **filters, **_read_ahead(provider, options)}
        return provider.list_payments(**given)
    except ConfigurationError as error:
        raise ConfigurationError(f"{provider.name}: {error}") from None


def _read_ahead(provider: PaymentsProvider, options: ListOptions) -> dict[str, object]:
    """The number of pages to request at a time, if this provider can."""
    can = "concurrency" in inspect.signature(provider.list_payments).parameters
    # A resumed listing has no windows to read side by side.
    if options.concurrency is None or not can or options.resume is not None:
        return {}
    return {"concurrency": options.concurrency}


def _check_not_given_twice(options: Mapping[str, object], filters: Mapping[str, object]) -> None:
    for name in filters:
        if options.get(name) is not None:
            raise ConfigurationError(f"{name} is given by --filter and by an option: use one.")


def summarise(readers: list[ListingReader]) -> str:
    """How many payments were read of each provider, in one line."""
    return "; ".join(map(str, readers))
