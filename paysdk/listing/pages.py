"""The pages of a listing, one after another: requested, decoded, and without repeats."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from paysdk.errors import MalformedResponseError, PaginationError, PaysdkError
from paysdk.events import RepeatDropped
from paysdk.listing.malformed import decode_around_malformed
from paysdk.listing.repeats import PagesGiven, RequestsMade, find_repeats
from paysdk.pagination import Position, same_request
from paysdk.records.malformed import modified_at, read_id
from paysdk.records.page import RawPage, batches, try_decode

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from paysdk.listing.endpoint import Endpoint, RowsOfPage
    from paysdk.listing.progress import Progress
    from paysdk.transport.client import Client
    from paysdk.transport.deadline import Deadline

__all__ = ["ROWS_PER_TURN", "PageRequests", "PageStream"]

T = TypeVar("T")

# After this many payments the event loop gets its turn. They take about a millisecond.
ROWS_PER_TURN = 500


class PageRequests:
    """The requests of one iteration over a listing, and the time that they may take."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[Any]] = set()
        self.deadline: Deadline = client.deadline()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._client.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Cancel the requests, and wait until they have ended."""
        # In a fork, the tasks belong to the event loop of the parent process.
        if self._client.is_forked:
            return
        # The provider may have been entered again in the fork.
        loop = asyncio.get_running_loop()
        mine = [task for task in self._tasks if task.get_loop() is loop]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)


class PageStream:
    """Reads pages one after another: the link of each page leads to the next.

    ``position`` is where the next page starts, and ``None`` after the last page. If a page has a
    bad link, its rows are returned first, and the next call raises ``bad_link``. ``position`` stays
    at that page, so a listing that is resumed reads it again.
    """

    def __init__(
        self,
        endpoint: Endpoint[object],
        position: Position,
        progress: Progress,
        requests: PageRequests,
    ) -> None:
        self.position: Position | None = position
        self.bad_link: PaginationError | None = None
        self.left_out: tuple[str, ...] = ()
        self.whole_invoices: tuple[str, ...] = ()
        self.whole_records: tuple[str, ...] = ()
        self.under_way: dict[str, asyncio.Task[RawPage]] = {}
        self._endpoint = endpoint
        self._progress = progress
        self._requests = requests
        self._requests_made = RequestsMade()
        self._requests_made.add(position.query)
        self._pages_given = PagesGiven()
        # The versions of the rows on the previous page, by their ids.
        self._versions_before: dict[str | int, object] = {}
        # The records with which the next page begins again, if pages overlap: the id of each or,
        # if it could not be read, its bytes.
        self._overlap: list[object] = []

    async def next_page(self) -> RowsOfPage | None:
        """The next page, or ``None`` after the last.

        After the first page, an error has a checkpoint from which the listing can be resumed.
        """
        if (position := self.position) is None:
            return None
        endpoint = self._endpoint
        try:
            endpoint.client.check_process()
            async with self._requests.deadline.enforce():
                if self.bad_link is not None:
                    raise self.bad_link
                raw = await endpoint.client.wait_for(self.fetch(position))
                rows, following = await self.decode_page(raw, position)
                self.move_on(rows, position, following)
        except PaysdkError as error:
            endpoint.describe_error(error, position, [position], self._progress)
            raise
        left = [self.position] if self.position else []
        return endpoint.finish_page(
            rows,
            raw.reported_count,
            left,
            self._progress,
            left_out=self.left_out,
            whole_invoices=self.whole_invoices,
            whole_records=self.whole_records,
        )

    async def aclose(self) -> None:
        await self._requests.aclose()

    def fetch(self, position: Position) -> asyncio.Task[RawPage]:
        """The task that brings the page at *position*.

        With a concurrency above 1, also starts the requests of the pages after it that can be
        predicted. Requests that were predicted wrongly are cancelled.
        """
        endpoint = self._endpoint
        positions = [position]
        if endpoint.concurrency > 1:
            positions += endpoint.pagination.predict_next(position, endpoint.concurrency - 1)
        before, self.under_way = self.under_way, {}
        for each in positions:
            key = same_request(each.query)
            task = before.pop(key, None)
            self.under_way[key] = task or self._requests.start(
                endpoint.fetch(each, self._progress.stats)
            )
        for task in before.values():
            task.cancel()
        return self.under_way[same_request(position.query)]

    def stop(self) -> None:
        """Cancel the requests that are under way."""
        for task in self.under_way.values():
            task.cancel()
        self.under_way = {}

    async def decode_page(
        self, raw: RawPage, position: Position
    ) -> tuple[list[Any], Position | None]:
        """The rows of the page at *position*, and where the page after it starts.

        If the listing reads ahead, this requests the next page. If the pagination does not need the
        ids of this page, that happens before the page is decoded.
        """
        pagination = self._endpoint.pagination
        following = None if pagination.needs_ids else self._request_next(raw, position, [])
        rows, marks = await self._decode(raw, position)
        if pagination.needs_ids:
            ids = [row.id for row in rows] or self._ids_of_malformed(raw)
            following = self._request_next(raw, position, ids)
            self._overlap = [] if following is None else pagination.overlap(following, marks)
        if len(rows) > ROWS_PER_TURN:
            # The next step also takes about a millisecond for a large page.
            await asyncio.sleep(0)
        return rows, following

    def move_on(self, rows: list[Any], position: Position, following: Position | None) -> None:
        """Remove repeats, and what is not a payment, from *rows*; then move on to *following*."""
        self._drop_repeats(rows, position)
        if following is not None:
            try:
                self._pages_given.add(rows)
            except PaginationError as error:
                self.bad_link = error
        self._select(rows)
        self.position = position if self.bad_link else following

    def _request_next(self, raw: RawPage, position: Position, ids: list[str]) -> Position | None:
        """Where the next page starts. Requests it if the listing reads ahead."""
        self.under_way.pop(same_request(position.query), None)
        following = None
        try:
            following = self._endpoint.pagination.next_position(
                position, raw.link, ids, len(raw.records)
            )
            if following is not None:
                self._endpoint.client.check_link(following.query)
                self._requests_made.add(following.query)
        except PaginationError as error:
            self.bad_link = error
            following = None
        if following is None:
            self.stop()
        elif self._endpoint.read_ahead:
            self.fetch(following)
        return following

    async def _decode(self, raw: RawPage, position: Position) -> tuple[list[Any], list[object]]:
        """The rows of the page. If a record is malformed, also a mark of each record."""
        reader = self._endpoint.reader
        rows: list[Any] = []
        for turn, records in enumerate(batches(raw.records)):
            if turn:
                await asyncio.sleep(0)
            if (decoded := try_decode(reader, records)) is None:
                tell = self._endpoint.on_malformed
                set_aside = None if tell is None else partial(self._set_aside, position, tell)
                return await decode_around_malformed(reader, raw, self._overlap, set_aside)
            rows += decoded
        return rows, []

    def _ids_of_malformed(self, raw: RawPage) -> list[Any]:
        """The id of the last record, if the pagination can go on from a malformed record."""
        if not raw.records or not getattr(self._endpoint.pagination, "can_skip_malformed", False):
            return []
        found = read_id(self._endpoint.reader, bytes(raw.records[-1]))
        return [] if found is None else [found]

    def _set_aside(
        self,
        position: Position,
        on_malformed: Callable[[MalformedResponseError], object],
        error: MalformedResponseError,
    ) -> None:
        self._endpoint.client.explain(error, self._endpoint.request(position))
        self._progress.count_malformed(modified_at(self._endpoint.reader, error.raw))
        on_malformed(error)

    def _drop_repeats(self, rows: list[Any], position: Position) -> None:
        before = self._versions_before
        if position.given:
            # In a window, these rows were all modified at `emitted_before`. In a listing without
            # windows, `emitted_before` is `None`.
            before = before | dict.fromkeys(position.given, position.emitted_before)
        versions, repeats = find_repeats(rows, before)
        self._versions_before = versions or self._versions_before
        client = self._endpoint.client
        for index in reversed(repeats):
            client.events.emit(RepeatDropped(client.provider, str(rows[index].id)))
            del rows[index]
        self._progress.repeats_dropped += len(repeats)

    def _select(self, rows: list[Any]) -> None:
        """Replace *rows* by the payments in them, and note what else the records say."""
        if (select := self._endpoint.select) is None:
            return
        selected = select(rows)
        rows[:] = selected.items
        self.left_out, self.whole_invoices = selected.left_out, selected.whole_invoices
        self.whole_records = selected.whole_records
        self._progress.left_out += len(self.left_out)
