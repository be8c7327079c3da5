"""The one loop that drives every pagination over a transport.

A walk is made of chains: runs of pages, each led to by the link of the one before. Most listings are one chain. One that is cut into
windows of time is a chain for each, and the walk gives whichever page comes first.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.errors import MalformedResponseError, PaginationError, PaysdkError
from paysdk.events import PageRead, RepeatDropped
from paysdk.messages import Request, Response
from paysdk.pagination import PagesGiven, Pagination, Position, RequestsMade, repeats, same_request
from paysdk.provider import ListingReport
from paysdk.reading import RawPage, Reader, opened, read_records
from paysdk.transport.client import Client
from paysdk.transport.watch import Tally
from paysdk.windows import TimeWindows, belonging, cuts, revisited

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["SLICE", "RowsOfPage", "Source", "Walk"]

T = TypeVar("T")
Fetch: TypeAlias = Coroutine[Any, Any, RawPage]

# Records read in one go: about a millisecond's work, after which the event loop gets its turn.
SLICE = 500

# An empty page with a link goes on, but not for ever.
_FRUITLESS_PAGES = 1000


@attrs.frozen(kw_only=True)
class Source:
    """What a walk reads: a provider's endpoint, how it pages, and how its pages are read.

    Up to *concurrency* pages may be on their way at a time; without *read_ahead* none is asked for before it is wanted. Rows of which
    *leave_out* is true are no payments, and not given.
    """

    client: Client
    path: str
    pagination: Pagination
    reader: Reader
    checkpoint: Callable[[Sequence[Position]], Checkpoint]
    concurrency: int
    windows: TimeWindows | None
    on_malformed: Callable[[MalformedResponseError], object] | None
    leave_out: Callable[[Any], bool] | None = None
    read_ahead: bool = True

    def no_further(self) -> Source:
        """The same, but no page is asked for before it is wanted."""
        return attrs.evolve(self, concurrency=1, windows=None, read_ahead=False)

    def request(self, position: Position) -> Request:
        return Request("GET", self.path, position.query)

    async def fetch(self, position: Position, tally: Tally) -> RawPage:
        def read(response: Response) -> RawPage:
            page, header = opened(self.reader, response.body), self.pagination.header
            return page if header is None else attrs.evolve(page, link=response.headers.get(header))

        return await self.client.call(self.request(position), read, tally)


@attrs.frozen
class RowsOfPage:
    """A page that was read whole, its rows checked and not yet payments.

    Each becomes one when its turn comes: a walk through millions then never holds a page's worth of them, which keeps Python's garbage
    collector out of the way.
    """

    rows: list[Any]
    records: list[bytes]
    reported_count: int | None
    checkpoint: Checkpoint | None


@attrs.define
class _Account:
    """What a walk has done so far."""

    pages: int = 0
    payments: int = 0
    repeats_dropped: int = 0
    malformed: int = 0
    left_out: int = 0
    reported_first: int | None = None
    reported_last: int | None = None
    tally: Tally = attrs.field(factory=Tally)


class _Chain:
    """A run of pages. ``position`` is where the page starts that is given next, and ``None`` at the end."""

    def __init__(self, source: Source, position: Position, account: _Account, start: Callable[[Fetch], asyncio.Task[RawPage]]) -> None:
        self.position: Position | None = position
        self.latest: datetime | None = None
        self.bad_link: PaginationError | None = None
        self._source = source
        self._account = account
        self._start = start
        self._under_way: dict[str, asyncio.Task[RawPage]] = {}
        self._requests_made = RequestsMade()
        self._requests_made.add(position.query)
        self._pages_given = PagesGiven()
        self._given: dict[str | int, object] = {}
        self._fruitless = 0
        self._set_aside_before: Counter[bytes] = Counter()
        self._set_aside_now: list[bytes] = []
        self._outlasted: set[str] = set()

    def wanted(self, position: Position) -> asyncio.Task[RawPage]:
        """The task that brings the page at *position*, and, as far as is allowed, those for the pages after it."""
        allowed = self._source.concurrency if self._source.windows is None else 1
        ahead = [position, *(self._source.pagination.guessed(position, allowed - 1) if allowed > 1 else [])]
        before, self._under_way = self._under_way, {}
        for each in ahead:
            same = same_request(each.query)
            started = before.pop(same) if same in before else self._start(self._source.fetch(each, self._account.tally))
            self._under_way[same] = started
        for task in before.values():
            task.cancel()
        return self._under_way[same_request(position.query)]

    async def read(self, position: Position, raw: RawPage) -> tuple[list[Any], list[bytes]]:
        """The rows of the page at *position*, and their records; ``position`` moves on to the next page, which is asked for."""
        reads_ids = self._source.pagination.reads_ids
        # Where the pagination has no use for the ids, the next page is on its way while this one is decoded.
        following = None if reads_ids else self._step(position, raw, [])
        rows, records = await self._rows(raw, position)
        if reads_ids:
            following = self._step(position, raw, [row.id for row in rows])
        rows, records, ended = self._within(rows, records, position)
        self._drop_repeats(rows, records, position)
        if following is not None:
            self._check_progress(rows, records)
        self._leave_out(rows, records)
        if ended:
            following = None
            self.stop()
        # After a bad link there is a next page, but no way to it except through this one.
        self.position = position if self.bad_link else following
        return rows, records

    def _leave_out(self, rows: list[Any], records: list[bytes]) -> None:
        if (leave_out := self._source.leave_out) is None:
            return
        kept = [place for place, row in enumerate(rows) if not leave_out(row)]
        self._account.left_out += len(rows) - len(kept)
        rows[:], records[:] = [rows[place] for place in kept], [records[place] for place in kept]

    def _check_progress(self, rows: list[Any], records: list[bytes]) -> None:
        if rows:
            self._fruitless = 0
            try:
                self._pages_given.add(rows, records)
            except PaginationError as error:
                self.bad_link = error
            return
        self._fruitless += 1
        if self._fruitless >= _FRUITLESS_PAGES:
            self.bad_link = PaginationError(
                f"The links lead on and on, and the last {_FRUITLESS_PAGES} pages brought nothing new. "
                "Resume from the checkpoint later, or tell the provider."
            )

    def outlast(self) -> None:
        """Remember which pages were asked for before another chain ended: what that one missed may have moved to behind them since."""
        self._outlasted = set(self._under_way)

    def may_miss(self, position: Position) -> bool:
        """Whether the page at *position* was asked for before another chain ended."""
        return same_request(position.query) in self._outlasted

    def stop(self) -> None:
        """Cancel the requests that are under way."""
        for task in self._under_way.values():
            task.cancel()
        self._under_way = {}

    def _step(self, position: Position, raw: RawPage, ids: list[str]) -> Position | None:
        """Where the next page starts; its request is sent ahead. A bad link is kept until the payments of this page have been given."""
        self._under_way.pop(same_request(position.query), None)
        following = None
        try:
            following = self._source.pagination.following(position, raw.link, ids, len(raw.records))
            if following is not None:
                self._requests_made.add(following.query)
        except PaginationError as error:
            self.bad_link = error
            following = None
        if following is None:
            self.stop()
        elif self._source.read_ahead:
            self.wanted(following)
        return following

    async def _rows(self, raw: RawPage, position: Position) -> tuple[list[Any], list[bytes]]:
        on_malformed = self._source.on_malformed
        set_aside = None if on_malformed is None else partial(self._set_aside, position=position, tell=on_malformed)
        self._set_aside_now = []
        rows: list[Any] = []
        records: list[bytes] = []
        for first in range(0, len(raw.records), SLICE):
            if first:
                await asyncio.sleep(0)
            part = [bytes(record) for record in raw.records[first : first + SLICE]]
            rows_of_part, readable = read_records(self._source.reader, part, first, set_aside)
            rows += rows_of_part
            records += readable
        self._set_aside_before = Counter(self._set_aside_now)
        return rows, records

    def _set_aside(self, fault: MalformedResponseError, position: Position, tell: Callable[[MalformedResponseError], object]) -> None:
        self._set_aside_now.append(fault.raw)
        # Pages that start from an id overlap, and where a record has no id to read, its bytes tell that it came before.
        if self._source.pagination.reads_ids and self._set_aside_before[fault.raw] > 0:
            self._set_aside_before[fault.raw] -= 1
            return
        client = self._source.client
        fault.at(client.provider, "GET", client.settings.origin + self._source.request(position).target)
        self._account.malformed += 1
        tell(fault)

    def _within(self, rows: list[Any], records: list[bytes], position: Position) -> tuple[list[Any], list[bytes], bool]:
        part, ended = belonging(rows, position)
        if len(range(*part.indices(len(rows)))) < len(rows):
            rows, records = rows[part], records[part]
        if rows:
            self.latest = rows[-1].modified_at
        return rows, records, ended

    def _drop_repeats(self, rows: list[Any], records: list[bytes], position: Position) -> None:
        before: dict[str | int, object] = self._given | dict.fromkeys(position.given, position.floor) if position.given else self._given
        now, places = repeats(rows, records, before)
        self._given = now or self._given
        for place in reversed(places):
            self._source.client.watch(RepeatDropped(self._source.client.provider, str(rows[place].id)))
            del rows[place], records[place]
        self._account.repeats_dropped += len(places)


class Walk:
    """One pass over a listing."""

    def __init__(self, source: Source, resume: Sequence[Position] | None) -> None:
        self._source = source
        self._resumed = resume is not None
        self._account = _Account()
        positions = [source.pagination.start()] if resume is None else [source.pagination.resumed(position) for position in resume]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._chains = [self._chain(position) for position in positions]
        self._budget = source.client.budget()
        self._planning: asyncio.Task[tuple[TimeWindows, list[datetime | None]]] | None = None
        self._resting: _Chain | None = None
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
        """The next page, or ``None`` after the last. An error that is raised carries the checkpoint of the page that failed."""
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
            client = self._source.client
            error.at(client.provider, "GET", client.settings.origin + self._source.request(position).target)
            if self._resumed or self._account.pages:
                error.checkpoint = self._checkpoint()
            raise

    def _chain(self, position: Position) -> _Chain:
        return _Chain(self._source, position, self._account, self._start)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._source.client.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ready(self) -> tuple[_Chain, Position]:
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

    async def _read(self, chain: _Chain, position: Position) -> RowsOfPage:
        raw = await self._source.client.finished(chain.wanted(position))
        rows, records = await chain.read(position, raw)
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
        return RowsOfPage(rows, records, raw.reported_count, None if self._complete else self._checkpoint())

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
            records = [bytes(record) for page in pages for record in page.records]
            return windows, [row.modified_at for row in read_records(self._source.reader, records, 0, None)[0]]
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

    def _ended(self, chain: _Chain, position: Position, rows: list[Any]) -> None:
        """Come back to the end of the last window when the others are done: what was modified before it was read there has moved here."""
        last = self._chains[-1]
        if chain is not last:
            last.outlast()
        elif last.may_miss(position) or any(each.position is not None for each in self._chains):
            last.position = revisited(position, rows)
            self._resting = last

    def _live(self) -> list[tuple[_Chain, Position]]:
        live = [(chain, chain.position) for chain in self._chains if chain.position is not None]
        if len(live) > 1:
            return [(chain, position) for chain, position in live if chain is not self._resting]
        if self._resting is not None:
            self._resting = None
            self._chains = [self._chain(position) for _, position in live]
            return self._live()
        return live
