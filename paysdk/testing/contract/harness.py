"""A provider under test: its sandbox behind a recording proxy, and what all cases need."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from paysdk.errors import PaysdkError
from paysdk.provider import PaymentsProvider
from paysdk.testing.contract.promises import check, fail
from paysdk.testing.contract.proxy import RecordingProxy
from paysdk.testing.contract.rewrite import Pages
from paysdk.testing.contract.subject import ContractSubject
from paysdk.testing.threads import in_thread
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from paysdk.checkpoint import Checkpoint
    from paysdk.payment import Payment
    from paysdk.provider import Listing, Page
    from paysdk.testing.contract.rewrite import Edit

__all__ = [
    "FEW",
    "ONCE",
    "QUICK",
    "ContractCases",
    "Harness",
    "catch_error",
    "checkpoint_after",
    "collect_pages",
    "collect_payments",
    "collect_until_error",
    "expect_error",
    "ids",
    "take",
]

T = TypeVar("T")

# Enough payments for several pages, with a short last page.
FEW = 7
QUICK = RetryPolicy(attempts=3, wait_initial=0)
ONCE = RetryPolicy(attempts=1)


@attrs.define(kw_only=True)
class Harness:
    """A subject, with its sandbox running if it has one.

    Closing the harness closes the providers that it made.
    """

    subject: ContractSubject
    _proxy: RecordingProxy | None = attrs.field(alias="proxy")
    _made: list[PaymentsProvider] = attrs.field(init=False, factory=list[PaymentsProvider])

    @property
    def proxy(self) -> RecordingProxy:
        """The server that the provider talks to. Only cases that need a sandbox use it."""
        return cast("RecordingProxy", self._proxy)

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
            made = self.subject.provider(
                key, **{"base_url": self._proxy.url, "retry": QUICK, **settings}
            )
        self._made.append(made)
        return made

    def change_records(self, known: Sequence[Payment], edit: Edit) -> None:
        """Change the records of all pages from now on.

        *known* are payments that have arrived; from them the harness knows what a record is.
        """
        pages = Pages(known, lambda _, records: records)
        for response in self.proxy.responses:
            pages(response)
        check(
            pages.number,
            "no page can be changed, because no response so far contains what Payment.raw says was "
            "sent",
        )
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
        """Run a new subject in a harness."""
        subject = self.subject(payments)
        with contextlib.ExitStack() as running:
            proxy = None
            if subject.sandbox is not None:
                proxy = running.enter_context(
                    in_thread(
                        RecordingProxy(upstream=subject.sandbox, api_key=subject.sandbox.api_key)
                    )
                )
            async with contextlib.aclosing(Harness(subject=subject, proxy=proxy)) as harness:
                yield harness


def ids(payments: Sequence[Payment]) -> list[str]:
    """Return the ids of the payments."""
    return [payment.id for payment in payments]


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
