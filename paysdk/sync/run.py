"""Run one sync under its lease: read the listing, and write each page in one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import attrs

from paysdk.customers import FindsCustomers
from paysdk.errors import ConfigurationError
from paysdk.listing.listing import PagedListing
from paysdk.pass_listing import (
    CheckpointRefusedError,
    choose_page_size,
    read_first_page,
    start_listing,
    time_getter,
)
from paysdk.passes import (
    begin_pass,
    complete_pass,
    drop_pass,
    listing_start,
    note_page,
    public_watermark,
    restart_pass,
    set_aside,
)
from paysdk.provider import Page
from paysdk.sync import vanishing, writing
from paysdk.sync.customers import open_customers
from paysdk.sync.errors import LeaseLostError, StoreError, TooManyVanishedError
from paysdk.sync.lease import renew
from paysdk.sync.report import SyncReport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.passes import PassState
    from paysdk.payment import Payment
    from paysdk.provider import Listing, PaymentsProvider
    from paysdk.sync.database import Database
    from paysdk.sync.lease import Lease
    from paysdk.sync.vanishing import VanishLimit

__all__ = ["SyncRun"]

_log = logging.getLogger("paysdk")


class SyncRun:
    """One sync under one lease, which ends with its pass."""

    def __init__(
        self,
        provider: PaymentsProvider,
        database: Database,
        lease: Lease,
        overlap: float,
        origin: str | None,
        *,
        limit: VanishLimit | None,
    ) -> None:
        self._provider = provider
        self._database = database
        self._lease = lease
        self._overlap = overlap
        self._limit = limit
        # Written with the first page. A sync that gets no page must not store a wrong origin.
        self._origin_column = {} if origin is None else {"origin": origin}
        self._counts: Counter[str] = Counter()

    async def run(self, *, full: bool) -> SyncReport:
        """Run a pass to its end, and report what changed."""
        before = await self._read_state()
        incremental = self._provider.capabilities.lists_incrementally
        state = begin_pass(before, incremental=incremental, full=full, now=datetime.now(UTC))
        resumed = state.checkpoint is not None
        try:
            try:
                done = await self._run_pass(state)
            except CheckpointRefusedError:
                resumed = False
                state = restart_pass(state, state.kind, datetime.now(UTC))
                done = await self._run_pass(state)
        except TooManyVanishedError:
            await self._drop_pass(state)
            raise
        self._warn_without_times(done)
        return self._report(
            "incremental" if state.kind == "incremental" else "full",
            done,
            resumed=resumed,
            waiting=self._counts["malformed"],
        )

    async def run_filtered(self, filters: Mapping[str, object]) -> SyncReport:
        """Write what *filters* choose, and report what changed. The stored state stays."""
        before = await self._read_state()
        # What it finds counts as seen by a full pass that was interrupted: it was there after that
        # pass began.
        state = attrs.evolve(before, kind="incremental")
        size = choose_page_size(self._provider.capabilities)
        listing = self._limit_read_ahead(
            self._provider.list_payments(page_size=size, **cast("dict[str, Any]", filters))
        )
        try:
            async with self._read_ahead(listing, state) as request_page:
                page = await self._wait_for_page(request_page(), may_be_refused=False)
                while page is not None:
                    # The next page is requested while this one is written.
                    request = None if page.checkpoint is None else request_page()
                    await self._write_page(state, page, last=False, keep_state=True)
                    page = (
                        None
                        if request is None
                        else await self._wait_for_page(request, may_be_refused=False)
                    )
        finally:
            self._count_listing(listing)
        self._counts["malformed"] = listing.report.malformed
        return self._report("filtered", before, resumed=False, waiting=0)

    async def _read_state(self) -> PassState:
        return await self._database.read(
            partial(writing.read_state, codec=self._database.backend.codec, lease=self._lease)
        )

    def _report(
        self,
        kind: Literal["full", "incremental", "filtered"],
        done: PassState,
        *,
        resumed: bool,
        waiting: int,
    ) -> SyncReport:
        return SyncReport(
            provider=self._lease.provider,
            account=self._lease.account,
            kind=kind,
            resumed=resumed,
            watermark=public_watermark(done),
            waiting=waiting,
            **self._counts,
        )

    def _warn_without_times(self, done: PassState) -> None:
        if self._counts["untimed"] and done.watermark is None:
            _log.warning(
                "%s says that it lists incrementally, but none of its payments has %s_at. So each "
                "sync lists everything. Tell the provider's author.",
                self._lease.provider,
                self._provider.capabilities.incremental_by,
            )

    def _count_listing(self, listing: Listing) -> None:
        self._counts["requests"] += listing.report.requests
        self._counts["left_out"] += listing.report.left_out

    async def _drop_pass(self, state: PassState) -> None:
        """Drop the pass. The next sync then begins a new one.

        If this fails, the next sync continues the pass and fails in the same way.
        """
        backend, lease = self._database.backend, self._lease
        values = writing.state_columns(drop_pass(state), backend.codec, complete=False)
        with suppress(LeaseLostError, StoreError):
            await self._database.in_transaction(
                partial(renew, backend=backend, lease=lease, **values)
            )

    async def _run_pass(self, state: PassState) -> PassState:
        """Run the pass to its end.

        Raises ``CheckpointRefusedError`` before anything is written.
        """
        may_be_refused = state.checkpoint is not None
        if not may_be_refused:
            state = attrs.evolve(state, since=listing_start(state, self._overlap))
        begun = state
        listing = self._limit_read_ahead(self._start_listing(state))
        try:
            async with self._read_ahead(listing, state) as request_page:
                request = request_page()
                while (
                    page := await self._wait_for_page(request, may_be_refused=may_be_refused)
                ) is not None:
                    may_be_refused = False
                    last = page.checkpoint is None
                    if not last:
                        request = request_page()  # while this page is written
                    report = listing.report
                    aside = set_aside(begun, report.malformed, report.oldest_malformed)
                    state = attrs.evolve(
                        state,
                        checkpoint=str(page.checkpoint),
                        malformed=aside.malformed,
                        oldest_malformed=aside.oldest_malformed,
                    )
                    state = await self._write_page(state, page, last=last)
                    if last:
                        return state
            return await self._write_page(state, Page((), None, None), last=True)
        finally:
            self._count_listing(listing)

    def _start_listing(self, state: PassState) -> Listing:
        try:
            return start_listing(self._provider, state)
        except ConfigurationError as error:
            if state.checkpoint is None:
                raise
            raise ConfigurationError(
                f"{self._database.name} has a checkpoint for {self._lease.provider} payments of "
                f"account {self._lease.account!r} that cannot be used: {error} Sync once with "
                "full=True (--full) to start again from the beginning."
            ) from None

    def _limit_read_ahead(self, listing: Listing) -> Listing:
        """Return the listing, without reading ahead if the lookup of customers sends requests too.

        A sync sends one request at a time.
        """
        if isinstance(self._provider, FindsCustomers) and isinstance(listing, PagedListing):
            return listing.without_read_ahead()
        return listing

    @asynccontextmanager
    async def _read_ahead(
        self, listing: Listing, state: PassState
    ) -> AsyncGenerator[Callable[[], asyncio.Task[Page | None]]]:
        customers = open_customers(
            self._provider, self._database, self._lease, full=state.kind == "full"
        )
        async with customers as opened:
            try:
                async with _read_ahead(listing, opened.complete) as request_page:
                    yield request_page
            finally:
                self._counts["requests"] += opened.requests

    async def _wait_for_page(
        self, request: asyncio.Task[Page | None], *, may_be_refused: bool
    ) -> Page | None:
        """Wait for the page, and renew the lease while waiting."""
        while not (await asyncio.wait([request], timeout=self._lease.seconds / 3))[0]:
            await self._database.in_transaction(
                partial(renew, backend=self._database.backend, lease=self._lease)
            )
        return await (read_first_page(request) if may_be_refused else request)

    def _times(self, payments: Iterable[Payment]) -> list[datetime | None]:
        """Return the times that the provider lists by, and count the missing ones."""
        able = self._provider.capabilities
        times = list(map(time_getter(able), payments))
        if able.lists_incrementally:
            self._counts["untimed"] += times.count(None)
        return times

    async def _write_page(
        self,
        state: PassState,
        found: Page,
        *,
        last: bool,
        keep_state: bool = False,
    ) -> PassState:
        """Write a page, its changes and its checkpoint in one transaction.

        With *keep_state*, the stored state stays as it is, and nothing vanishes.
        """
        backend, lease = self._database.backend, self._lease
        if keep_state:
            found = Page(found.payments, None, None)
        page = await writing.prepare_page(found, backend.codec)
        seen = note_page(state, self._times(page.payments.values()))
        after = complete_pass(seen) if last else seen
        columns = {} if keep_state else writing.state_columns(after, backend.codec, complete=last)

        async def work(connection: AsyncConnection) -> Counter[str]:
            # This comes first. It fails if another has the lease, and keeps others from taking it
            # until the transaction ends.
            await renew(connection, backend, lease, **columns, **self._origin_column)
            counts = await writing.write_page(connection, backend, lease, page, state)
            if last and state.kind == "full" and not state.malformed:
                counts["vanished"] += await vanishing.sweep(
                    connection, backend, lease, state, self._limit
                )
            return counts

        self._counts += await self._database.in_transaction(work)
        self._counts["pages"] += 1
        self._counts["malformed"] = state.malformed
        return after


@asynccontextmanager
async def _read_ahead(
    listing: Listing, complete: Callable[[Page], Awaitable[Page]]
) -> AsyncGenerator[Callable[[], asyncio.Task[Page | None]]]:
    """Yield a function that requests the next page, which is ``None`` after the last one.

    *complete* adds what a page lacks.

    The context cancels a request that is still running at its end.
    """
    pages = listing.pages()
    tasks: list[asyncio.Task[Page | None]] = []

    async def next_page() -> Page | None:
        page = await anext(pages, None)
        return None if page is None else await complete(page)

    def request_page() -> asyncio.Task[Page | None]:
        tasks[:] = [asyncio.ensure_future(next_page())]
        return tasks[0]

    try:
        yield request_page
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
