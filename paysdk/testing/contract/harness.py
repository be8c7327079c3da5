"""A provider under test: its sandbox behind a recording proxy, and what all cases need."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from paysdk.errors import PaysdkError
from paysdk.payment import Payment
from paysdk.provider import PaymentsProvider
from paysdk.testing.contract.promises import check, fail
from paysdk.testing.contract.proxy import RecordingProxy
from paysdk.testing.contract.rewrite import KnownRecords, Pages, value_at
from paysdk.testing.contract.subject import ContractSubject
from paysdk.testing.threads import in_thread
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
    from datetime import datetime

    from paysdk.checkpoint import Checkpoint
    from paysdk.provider import Capabilities, Listing, Page
    from paysdk.testing.contract.rewrite import Edit

__all__ = [
    "FEW",
    "ONCE",
    "QUICK",
    "ContractCases",
    "Harness",
    "PageSeen",
    "catch_error",
    "checkpoint_after",
    "collect_pages",
    "collect_payments",
    "collect_until_error",
    "expect_error",
    "ids",
    "listed_by",
    "take",
]

T = TypeVar("T")

# Enough payments for several pages, with a short last page.
FEW = 7
_SIZE = 2
# For an API with a fixed page size, this number of full pages and a short one are enough.
_FULL_PAGES = 3
QUICK = RetryPolicy(attempts=3, wait_initial=0)
ONCE = RetryPolicy(attempts=1)


@attrs.frozen
class PageSeen:
    """A page with records that has arrived: the payments in each of its records.

    ``requests`` is how many requests had been sent by then, this one included.
    """

    requests: int
    records: list[list[Payment]]

    @property
    def payments(self) -> list[Payment]:
        """All payments on the page."""
        return [payment for record in self.records for payment in record]


@attrs.define(kw_only=True)
class Harness:
    """A subject, with its sandbox running if it has one.

    Closing the harness closes the providers that it made. ``payments`` is how many it lists.
    ``fixed`` is the page size of an API that has only one.
    """

    subject: ContractSubject
    payments: int
    fixed: int | None = None
    _proxy: RecordingProxy | None = attrs.field(alias="proxy")
    _made: list[PaymentsProvider] = attrs.field(init=False, factory=list[PaymentsProvider])

    @property
    def proxy(self) -> RecordingProxy:
        """The server that the provider talks to. Only cases that need a sandbox use it."""
        return cast("RecordingProxy", self._proxy)

    @property
    def size(self) -> int:
        """A page size with which a listing has several pages."""
        return _SIZE if self.fixed is None else self.fixed

    @property
    def sizes(self) -> list[int]:
        """Page sizes from the smallest to one that fits all payments."""
        if self.fixed is not None:
            return [self.fixed]
        largest = self.provider().capabilities.max_page_size
        return [size for size in (1, 2, 3, FEW, FEW + 1) if size <= largest]

    @property
    def requests(self) -> int:
        """How many requests have arrived."""
        return 0 if self._proxy is None else len(self._proxy.requests)

    def provider(self, api_key: object = None, **settings: object) -> PaymentsProvider:
        """Make a provider for the sandbox that retries at once, with these settings.

        Its key is the sandbox's, unless you pass another. Without a sandbox it ignores the
        settings.
        """
        if self._proxy is None:
            made = self.subject.provider()
        else:
            key = self._proxy.api_key if api_key is None else api_key
            made = self.make_provider(key, retry=settings.pop("retry", QUICK), **settings)
        self._made.append(made)
        return made

    def make_provider(self, api_key: object, **settings: object) -> PaymentsProvider:
        """Make a provider for the sandbox with these settings. The caller closes it."""
        needed = {"base_url": self.proxy.url, **self.proxy.upstream.settings}
        return self.subject.provider(api_key, **{**needed, **settings})

    def pages_seen(self, known: Sequence[Payment], start: int = 0) -> list[PageSeen]:
        """Return the pages with records that have arrived, from response *start* on.

        *known* are payments that have arrived; from them the harness knows what a record is.
        """
        records = KnownRecords(known)
        opened = (
            (number, records.open_page(response.body))
            for number, response in enumerate(self.proxy.responses[start:], start=1)
        )
        seen = [
            PageSeen(
                number,
                [[each for _, each in records.find(record)] for record in value_at(*page)],
            )
            for number, page in opened
            if page is not None
        ]
        check(
            seen or start,
            "no page can be found or changed, because no response contains what Payment.raw says "
            "was sent",
        )
        return seen

    def endpoints(self, pages: Sequence[PageSeen]) -> list[str]:
        """Return the path of each page's request, to tell joined listings apart.

        If each page has a path of its own, the paths are those of pages, and not of listings.
        """
        paths = [self.proxy.requests[page.requests - 1].path for page in pages]
        return paths if len(set(paths)) < len(paths) else [""] * len(paths)

    def records_in(self, payments: Sequence[Payment], known: Sequence[Payment]) -> int:
        """Return how many records hold these payments. Without a sandbox, each holds one."""
        if self._proxy is None:
            return len(payments)
        homes = {
            payment.id: (number, place)
            for number, page in enumerate(self.pages_seen(known))
            for place, record in enumerate(page.records)
            for payment in record
        }
        return len({homes.get(payment.id, payment.id) for payment in payments})

    def change_records(self, known: Sequence[Payment], edit: Edit) -> None:
        """Change the records of all pages from now on.

        *known* are payments that have arrived; from them the harness knows what a record is.
        """
        self.pages_seen(known)
        self.proxy.change(Pages(known, edit))

    async def aclose(self) -> None:
        """Close the providers, and ignore errors: the cases about closing report those."""
        for provider in self._made:
            with contextlib.suppress(Exception):
                await provider.aclose()


class ContractCases(ABC):
    """A group of the contract's cases."""

    @abstractmethod
    def subject(self, payments: int) -> ContractSubject:
        """Return a provider to test that lists exactly this number of payments.

        The contract calls it for each case.
        """

    @contextlib.asynccontextmanager
    async def harness(self, payments: int = FEW) -> AsyncGenerator[Harness]:
        """Run a new subject in a harness, with this number of payments.

        If the API has a fixed page size, there may be more: enough for several pages.
        """
        async with self._run(payments) as harness:
            fixed = getattr(harness.provider().capabilities, "fixed_page_size", None)
            if fixed is None:
                yield harness
                return
        needed = max(payments, _FULL_PAGES * fixed + 1) if payments else 0
        async with self._run(needed, fixed) as harness:
            yield harness

    @contextlib.asynccontextmanager
    async def _run(self, payments: int, fixed: int | None = None) -> AsyncGenerator[Harness]:
        subject = self.subject(payments)
        with contextlib.ExitStack() as running:
            proxy = None
            if subject.sandbox is not None:
                proxy = running.enter_context(
                    in_thread(
                        RecordingProxy(upstream=subject.sandbox, api_key=subject.sandbox.api_key)
                    )
                )
            made = Harness(subject=subject, payments=payments, fixed=fixed, proxy=proxy)
            async with contextlib.aclosing(made) as harness:
                yield harness


def ids(payments: Sequence[Payment]) -> list[str]:
    """Return the ids of the payments."""
    return [payment.id for payment in payments]


def listed_by(payment: Payment, able: Capabilities) -> datetime | None:
    """Return the time by which bounds in time choose a payment."""
    return payment.created_at if able.incremental_by == "created" else payment.modified_at


async def collect_payments(listing: Listing) -> list[Payment]:
    """Return all payments of the listing."""
    return [payment async for payment in listing]


async def collect_pages(listing: Listing) -> list[Page]:
    """Return all pages of the listing."""
    return [page async for page in listing.pages()]


async def collect_until_error(listing: Listing) -> tuple[list[Payment], PaysdkError | None]:
    """Return the payments of the listing, and the error that ended it, if any."""
    given: list[Payment] = []
    try:
        async for payment in listing:
            given.append(payment)  # noqa: PERF401  # keeps what came before the error
    except PaysdkError as error:
        return given, error
    return given, None


async def expect_error(listing: Listing) -> PaysdkError:
    """Return the error that ends the listing."""
    given = 0
    try:
        async for _ in listing:
            given += 1
    except PaysdkError as error:
        return error
    return fail(f"the listing ended without an error, after {given} payments")


async def take(iterator: AsyncIterator[T], count: int) -> list[T]:
    """Return the first items of an iterator, and close it."""
    found: list[T] = []
    async for each in iterator:
        found.append(each)
        if len(found) == count:
            break
    if hasattr(iterator, "aclose"):
        await cast("AsyncGenerator[T]", iterator).aclose()
    return found


async def checkpoint_after(listing: Listing, pages: int = 1) -> tuple[list[Payment], Checkpoint]:
    """Return the payments of the first pages, and the checkpoint after them."""
    found = await take(listing.pages(), pages)
    check(
        found and found[-1].checkpoint is not None,
        f"page {pages} of a longer listing has no checkpoint",
    )
    return [payment for page in found for payment in page.payments], cast(
        "Checkpoint", found[-1].checkpoint
    )


def catch_error(call: Callable[[], object]) -> Exception | None:
    """Return the exception that the call raises, or ``None``."""
    try:
        call()
    except Exception as error:  # noqa: BLE001  # the case checks its class
        return error
    return None
