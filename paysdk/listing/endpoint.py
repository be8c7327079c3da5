"""One listing of a provider: how its pages are requested and read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import attrs

from paysdk.checkpoint import Checkpoint
from paysdk.errors import MalformedResponseError, PaysdkError
from paysdk.events import PageRead
from paysdk.listing.checkpoints import make_checkpoint
from paysdk.pagination import Pagination, Position, parameters_of, without_parameters
from paysdk.records.page import RawPage, Reader, Selected, open_page
from paysdk.transport.client import Client
from paysdk.transport.messages import RawResponse, Request

if TYPE_CHECKING:
    from paysdk.listing.progress import Progress
    from paysdk.transport.observer import RequestStats
    from paysdk.transport.requester import Requester

__all__ = ["Endpoint", "FetchPage", "RowsOfPage"]

FetchPage: TypeAlias = "Callable[[Requester, str], Coroutine[Any, Any, RawPage]]"


T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(eq=False, repr=False)
class RowsOfPage:
    """A page that was read as a whole. Its rows are decoded.

    With most readers, a row becomes a payment only when the caller reaches it. So a long iteration
    does not hold a page full of payments, which would make Python's garbage collector run more
    often. ``SchemaReader`` makes the payments while it decodes.
    """

    rows: list[Any]
    reported_count: int | None
    checkpoint: Checkpoint | None
    left_out: tuple[str, ...] = ()
    whole_invoices: tuple[str, ...] = ()
    whole_records: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Endpoint(Generic[T_co]):
    """How to request the pages of one listing, and how to read them.

    ``filters`` are those of the listing, as a query. ``select`` returns the payments in some rows,
    and what else the rows say. Up to ``concurrency`` pages are requested at a time. Without
    ``read_ahead``, a page is not requested before the caller needs it. ``owner`` is the provider
    with its tenant. The filters that ``header_parameters`` names are sent as headers. If a page
    takes other requests than a GET, ``page_fetcher`` is called for each iteration. It returns the
    function that sends the requests, ``fetch_page``.
    """

    client: Client
    owner: str
    path: str
    pagination: Pagination
    reader: Reader[T_co]
    filters: str
    on_malformed: Callable[[MalformedResponseError], object] | None
    select: Callable[[list[Any]], Selected] | None = None
    concurrency: int = 1
    read_ahead: bool = True
    header_parameters: frozenset[str] = frozenset()
    page_fetcher: Callable[[], FetchPage] | None = None
    fetch_page: FetchPage | None = None
    headers: Mapping[str, str] = attrs.field(init=False)

    @headers.default  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType,reportUntypedFunctionDecorator]  # attrs' way
    def _headers(self) -> dict[str, str]:
        if not self.header_parameters:
            return {}
        chosen = parameters_of(self.filters).items()
        return {name: value for name, value in chosen if name in self.header_parameters}

    def for_one_pass(self) -> Endpoint[T_co]:
        if self.page_fetcher is None:
            return self
        return attrs.evolve(self, fetch_page=self.page_fetcher())

    def without_read_ahead(self) -> Endpoint[T_co]:
        return attrs.evolve(self, concurrency=1, read_ahead=False)

    def request(self, position: Position) -> Request:
        if not self.headers:
            return Request("GET", self.path, position.query)
        query = without_parameters(position.query, self.header_parameters)
        return Request("GET", self.path, query, headers=self.headers)

    async def fetch(self, position: Position, stats: RequestStats) -> RawPage:
        if self.fetch_page is not None:
            from paysdk.transport.requester import Requester  # noqa: PLC0415  # seldom used

            requester = Requester(self.client, stats, self.headers)
            return await self.fetch_page(requester, self.request(position).query)

        def read(response: RawResponse) -> RawPage:
            if self.client.conventions.means_empty(response):
                return RawPage([], None, None)
            page = open_page(self.reader, response.body)
            header = self.pagination.header
            return page if header is None else attrs.evolve(page, link=response.headers.get(header))

        return await self.client.call(self.request(position), read, stats)

    def checkpoint(self, positions: Sequence[Position]) -> Checkpoint:
        return make_checkpoint(self.owner, self.path, self.filters, positions)

    def finish_page(
        self,
        rows: list[Any],
        reported_count: int | None,
        following: Sequence[Position],
        progress: Progress,
        *,
        left_out: tuple[str, ...] = (),
        whole_invoices: tuple[str, ...] = (),
        whole_records: tuple[str, ...] = (),
    ) -> RowsOfPage:
        """Count a page and report it. *following* is where the listing goes on, if it does."""
        progress.count_page(len(rows), reported_count, is_last=not following)
        self.client.events.emit(
            PageRead(self.client.provider, progress.pages, len(rows), reported_count)
        )
        checkpoint = self.checkpoint(following) if following else None
        return RowsOfPage(rows, reported_count, checkpoint, left_out, whole_invoices, whole_records)

    def describe_error(
        self,
        error: PaysdkError,
        position: Position,
        resume_at: Sequence[Position],
        progress: Progress,
    ) -> None:
        """Note on *error* which page failed, and the checkpoint to resume from.

        Before the first page of a listing that was not resumed, *error* gets no checkpoint.
        """
        self.client.explain(error, self.request(position))
        if progress.resumed or progress.pages:
            error.checkpoint = self.checkpoint(resume_at)
