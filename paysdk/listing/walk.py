"""The one loop that drives every pagination over a transport.

A walk is made of chains: runs of pages, each led to by the link of the one before. Most listings are one chain. One that is cut into
windows of time is a chain for each, and the walk gives whichever page comes first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.errors import PaysdkError
from paysdk.events import PageRead
from paysdk.listing.pages import Account, Chain, Source
from paysdk.listing.windows import TimeWindows, cuts, revisited
from paysdk.provider import ListingReport
from paysdk.records.page import RawPage, read_one_by_one

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from datetime import datetime

    from paysdk.pagination import Position


__all__ = ["RowsOfPage", "Walk"]

T = TypeVar("T")


@attrs.frozen(eq=False, repr=False)
class RowsOfPage:
    """A page that was read whole, its rows checked and not yet payments.

    Each becomes one when its turn comes: a walk through millions then never holds a page's worth of them, which keeps Python's garbage
    collector out of the way.
    """

    rows: list[Any]
    reported_count: int | None
    checkpoint: Checkpoint | None


class Walk:
    """One pass over a listing."""

    def __init__(self, source: Source, resume: Sequence[Position] | None) -> None:
        self._source = source
        self._resumed = resume is not None
        self._account = Account()
        positions = [source.pagination.start()] if resume is None else [source.pagination.resumed(position) for position in resume]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._chains = [self._chain(position) for position in positions]
        self._budget = source.client.budget()
        self._planning: asyncio.Task[tuple[TimeWindows, list[datetime | None]]] | None = None
        self._resting: Chain | None = None
        self._complete = False

    def report(self) -> ListingReport:
        done = attrs.asdict(self._account, filter=lambda field, _: field.name != "tally")
        return ListingReport(**done, requests=self._account.tally.requests, retries=self._account.tally.retries, complete=self._complete)

    async def aclose(self) -> None:
        """End the requests that are under way, and wait for those that were cancelled before."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next_page(self) -> RowsOfPage | None:
        """The next page, or ``None`` after the last.

        An error that is raised carries the checkpoint of the page that failed.
        """
        if self._complete:
            return None
        position = next(chain.position for chain in self._chains if chain.position is not None)
        try:
            async with self._budget.spending():
                chain, position = await self._ready()
                if chain.bad_link is not None:
                    raise chain.bad_link
                return await self._read(chain, position)
        except PaysdkError as error:
            self._source.client.explain(error, self._source.request(position))
            if self._resumed or self._account.pages:
                error.checkpoint = self._checkpoint()
            raise

    def _chain(self, position: Position) -> Chain:
        return Chain(self._source, position, self._account, self._start)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._source.client.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ready(self) -> tuple[Chain, Position]:
        """A chain whose page has come, or has failed to, and where that page starts."""
        self._plan()
        while True:
            live = self._live()
            for chain, position in live:
                if chain.bad_link is not None:
                    return chain, position
            tasks = {chain.wanted(position): (chain, position) for chain, position in live[: self._source.concurrency]}
            if len(tasks) == 1 and self._planning is None:
                return live[0]
            waiting = [*tasks, *([self._planning] if self._planning else [])]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._planning is not None and self._planning in done:
                self._cut(*await self._source.client.finished(self._planning))
                self._planning = None
                continue
            return next(found for task, found in tasks.items() if task in done)

    async def _read(self, chain: Chain, position: Position) -> RowsOfPage:
        raw = await self._source.client.finished(chain.wanted(position))
        rows = await chain.read(position, raw)
        if chain.position is None:
            self._ended(chain, position, rows)
        account = self._account
        account.pages += 1
        account.payments += len(rows)
        account.reported_last = raw.reported_count
        if account.pages == 1:
            account.reported_first = raw.reported_count
        self._complete = all(each.position is None for each in self._chains)
        self._source.client.watch(PageRead(self._source.client.provider, account.pages, len(rows), raw.reported_count))
        return RowsOfPage(rows, raw.reported_count, None if self._complete else self._checkpoint())

    def _checkpoint(self) -> Checkpoint:
        return self._source.checkpoint([chain.position for chain in self._chains if chain.position is not None])

    def _plan(self) -> None:
        if self._source.windows is not None and not self._resumed and not self._account.pages and self._planning is None:
            self._planning = self._start(self._planned(self._source.windows))

    async def _planned(self, windows: TimeWindows) -> tuple[TimeWindows, list[datetime | None]]:
        """The windows, and the times at which to cut."""
        fetches: list[asyncio.Task[RawPage]] = []
        try:
            counted = await self._source.fetch(windows.counting(), self._account.tally)
            places = windows.places(counted.reported_count or 0, self._source.concurrency)
            fetches += [self._start(self._source.fetch(windows.row_at(place), self._account.tally)) for place in places]
            pages = [await fetch for fetch in fetches]
            return windows, [row.modified_at for page in pages for row in read_one_by_one(self._source.reader, page, None)]
        except PaysdkError:
            # Without the cuts the listing is one chain, and as whole as ever.
            return windows, []
        finally:
            for fetch in fetches:
                fetch.cancel()

    def _cut(self, windows: TimeWindows, times: list[datetime | None]) -> None:
        first = self._chains[0]
        ordered = cuts(times, first.latest)
        if first.position is not None and ordered:
            first.position = attrs.evolve(first.position, until=ordered[0])
            self._chains += map(self._chain, windows.windows(ordered))

    def _ended(self, chain: Chain, position: Position, rows: list[Any]) -> None:
        """Come back to the end of the last window when the others are done: what was modified before it was read there has moved here."""
        last = self._chains[-1]
        if chain is not last:
            last.outlast()
        elif last.may_miss(position) or any(each.position is not None for each in self._chains):
            last.position = revisited(position, rows)
            self._resting = last

    def _live(self) -> list[tuple[Chain, Position]]:
        live = [(chain, chain.position) for chain in self._chains if chain.position is not None]
        if len(live) > 1:
            return [(chain, position) for chain, position in live if chain is not self._resting]
        if self._resting is not None:
            self._resting = None
            self._chains = [self._chain(position) for _, position in live]
            return self._live()
        return live
