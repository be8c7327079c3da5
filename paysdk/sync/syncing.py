"""Keeping an account's payments in step: the passes over its listing, one page and one transaction after the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import attrs

from paysdk.arguments import check_bool, check_seconds
from paysdk.errors import APIError, ConfigurationError, PaginationError
from paysdk.sync import writing
from paysdk.sync.errors import LeaseLostError, StoreError, TooManyVanishedError
from paysdk.sync.lease import release, renew, take
from paysdk.sync.origin import origin_of
from paysdk.sync.state import (
    PassKind,
    VanishLimit,
    after_page,
    begin_pass,
    complete_pass,
    dropped,
    modified_since,
    reported_watermark,
    restart_pass,
    set_aside,
)
from paysdk.sync.store import database_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.payment import Payment
    from paysdk.provider import Listing, Page, PaymentsProvider
    from paysdk.sync.database import Database
    from paysdk.sync.lease import Lease
    from paysdk.sync.state import SyncState
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["SyncReport", "sync_payments"]

_MAX_PAGE_SIZE = 10_000
# A provider that answers so to a checkpoint will not take it the next time either.
_REFUSED_STATUSES = {400, 404, 410, 422}


@attrs.frozen(kw_only=True)
class SyncReport:
    """What a sync has done.

    ``kind`` says whether it listed everything ("full") or only what was modified ("incremental"),
    ``resumed`` whether it went on with a pass that had been interrupted; then the counts are of the
    rest of it. ``created`` to ``unchanged`` are payments, ``malformed`` records that the provider's
    ``on_malformed`` was given in this pass. After a full pass with any of those ``vanished`` is 0,
    because what cannot be read cannot be told from what is gone. ``waiting`` is how many records
    the next sync reads again, because they could not be read. ``watermark`` is from when on the
    next incremental sync lists, less its overlap, and never later than a record that waits;
    ``None`` if the next one lists everything.
    """

    provider: str
    account: str
    kind: PassKind
    resumed: bool
    created: int = 0
    changed: int = 0
    voided: int = 0
    vanished: int = 0
    returned: int = 0
    unchanged: int = 0
    malformed: int = 0
    waiting: int = 0
    pages: int = 0
    requests: int = 0
    watermark: datetime | None = None


async def sync_payments(
    provider: PaymentsProvider,
    store: SQLPaymentStore,
    account: str = "default",
    *,
    full: bool = False,
    overlap: float = 300.0,
    lease: float = 60.0,
    allow_vanish: bool = False,
    vanish_limit: VanishLimit = VanishLimit(),  # noqa: B008  # frozen
) -> SyncReport:
    """Bring the store up to date with the provider, and say what has changed.

    *state* tells apart the payments of several keys of one provider. Those of one account come from
    one place: where the provider has a ``base_url``, its origin is remembered (all of this
    machine's count as one, so that a sandbox may have another port), and refused where it is
    another. The first sync lists everything, and so does every one where the provider cannot list
    by time of modification; otherwise the later ones list what was modified since the last, less
    *overlap* seconds for what was committed late. Each page is committed together with the place
    where the next one starts: whatever ends a sync, the next one goes on there. *full* begins a
    full pass, which alone can tell what has vanished, and drops one that was interrupted.

    One at a time may write an account. The right to do so lasts *lease* seconds, is renewed all the
    while, and may be taken by another once it has run out, or at once where its process is known to
    have died.

    A record that the provider's ``on_malformed`` was given is read again in each sync until it can
    be read or is gone: each lists from that record's time on, or again from where the pass did that
    met it if that time cannot be read.

    A full pass that did not find far more of the stored payments than usual raises
    ``TooManyVanishedError``, and marks none: more than *vanish_limit* says, by default ten, and a
    fifth of them. *allow_vanish* lets any number vanish.

    Raises ``AccountBusyError`` where another is at it, ``LeaseLostError`` where another took over,
    ``StoreError`` where the database cannot be used, ``ConfigurationError`` for an argument that
    cannot be right, payments that were listed from another origin, or a stored checkpoint that
    belongs elsewhere, and whatever the provider's listing raises. Safe to cancel and to repeat
    after any of these.
    """
    database = database_of(store)
    _check_arguments(account, overlap, lease)
    limit = _limit(vanish_limit, allow_vanish=allow_vanish)
    rights: list[Lease] = []
    origin = origin_of(provider)
    taking = partial(
        take,
        backend=database.backend,
        provider=provider.name,
        account=account,
        seconds=lease,
        origin=origin,
    )
    try:
        await database.in_transaction(taking, then=rights.append)
        return await _Sync(provider, database, rights[0], overlap, origin, limit=limit).run(
            full=full
        )
    finally:
        # Also where this was cancelled while it was taking it. One that cannot be given back runs
        # out, and what went wrong before is what should be told.
        for right in rights:
            with suppress(StoreError):
                await database.in_transaction(partial(release, lease=right))


def _check_arguments(account: object, overlap: object, lease: object) -> None:
    if not isinstance(account, str) or not account.strip():
        raise ConfigurationError(f"account must be a text, such as 'default', not {account!r}.")
    check_seconds("overlap", overlap, allow_zero=True)
    check_seconds("lease", lease)


def _limit(limit: object, *, allow_vanish: object) -> VanishLimit | None:
    if not isinstance(limit, VanishLimit):
        raise ConfigurationError(f"vanish_limit must be a VanishLimit, not {limit!r}.")
    return None if check_bool("allow_vanish", allow_vanish) else limit


class _RefusedError(Exception):
    """The provider does not take the checkpoint any more."""


class _Sync:
    """One run: under one lease, from where the last one ended to the end of a pass."""

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
        # Remembered with the first page, and not before: a sync that failed before it had any binds
        # nobody to a wrong address.
        self._remembered = {} if origin is None else {"origin": origin}
        self._counts: Counter[str] = Counter()

    async def run(self, *, full: bool) -> SyncReport:
        before = await self._database.read(
            partial(writing.read_state, codec=self._database.backend.codec, lease=self._lease)
        )
        incremental = self._provider.capabilities.lists_incrementally
        state = begin_pass(before, incremental=incremental, full=full, now=datetime.now(UTC))
        resumed = state.checkpoint is not None
        try:
            try:
                done = await self._pass(state)
            except _RefusedError:
                resumed = False
                state = restart_pass(state, state.kind, datetime.now(UTC))
                done = await self._pass(state)
        except TooManyVanishedError:
            await self._drop(state)
            raise
        return SyncReport(
            provider=self._lease.provider,
            account=self._lease.account,
            kind="incremental" if state.kind == "incremental" else "full",
            resumed=resumed,
            watermark=reported_watermark(done),
            waiting=self._counts["malformed"],
            **self._counts,
        )

    async def _drop(self, state: SyncState) -> None:
        """End the pass where it is, so that the next sync begins a new one.

        If that fails, it will end there again.
        """
        backend, lease = self._database.backend, self._lease
        values = writing.state_columns(dropped(state), backend.codec, complete=False)
        with suppress(LeaseLostError, StoreError):
            await self._database.in_transaction(
                partial(renew, backend=backend, lease=lease, **values)
            )

    async def _pass(self, state: SyncState) -> SyncState:
        """Go through with it to its end.

        Raises ``_RefusedError`` before anything of it was written.
        """
        refusable = state.checkpoint is not None
        if not refusable:
            state = attrs.evolve(state, since=modified_since(state, self._overlap))
        begun = state
        listing = self._listing(state)
        try:
            async with _read_ahead(listing) as ask:
                asked = ask()
                while (page := await self._wait_for_page(asked, refusable=refusable)) is not None:
                    refusable = False
                    last = page.checkpoint is None
                    asked = asked if last else ask()  # on its way while this one is written
                    report = listing.report
                    aside = set_aside(begun, report.malformed, report.oldest_malformed)
                    state = attrs.evolve(
                        state,
                        checkpoint=str(page.checkpoint),
                        malformed=aside.malformed,
                        oldest_malformed=aside.oldest_malformed,
                    )
                    state = await self._write_page(state, page.payments, last=last)
                    if last:
                        return state
            return await self._write_page(state, (), last=True)
        finally:
            self._counts["requests"] += listing.report.requests

    def _listing(self, state: SyncState) -> Listing:
        page_size = min(self._provider.capabilities.max_page_size, _MAX_PAGE_SIZE)
        if state.checkpoint is None:
            return self._provider.list_payments(modified_since=state.since, page_size=page_size)
        try:
            return self._provider.list_payments(page_size=page_size, resume=state.checkpoint)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{self._database.name} has a checkpoint for {self._lease.provider} payments of "
                f"account {self._lease.account!r} "
                f"that cannot be used: {error} Sync with full=True (--full) to begin afresh."
            ) from None

    async def _wait_for_page(
        self, asked: asyncio.Task[Page | None], *, refusable: bool
    ) -> Page | None:
        """The page when it has come. The lease is renewed while it takes its time."""
        while not (await asyncio.wait([asked], timeout=self._lease.seconds / 3))[0]:
            await self._database.in_transaction(
                partial(renew, backend=self._database.backend, lease=self._lease)
            )
        try:
            page = await asked
        except (APIError, PaginationError) as error:
            if refusable and (
                isinstance(error, PaginationError) or error.status in _REFUSED_STATUSES
            ):
                raise _RefusedError from error
            raise
        # A checkpoint says that there is more. One that leads to nothing was not understood, and
        # must not pass for the end: everything behind it would count as vanished.
        if refusable and (page is None or (page.checkpoint is None and not page.payments)):
            raise _RefusedError
        return page

    async def _write_page(
        self, state: SyncState, payments: Sequence[Payment], *, last: bool
    ) -> SyncState:
        """Write a page, what it changes and where the next one starts, or none of it."""
        backend, lease = self._database.backend, self._lease
        page = await writing.prepare_page(payments, backend.codec)
        seen = after_page(state, page.payments.values())
        after = complete_pass(seen) if last else seen

        async def work(connection: AsyncConnection) -> Counter[str]:
            # First of all, for it fails where another has the lease, and keeps others from taking
            # it until the end.
            await renew(
                connection,
                backend,
                lease,
                **writing.state_columns(after, backend.codec, complete=last),
                **self._remembered,
            )
            counts = await writing.write_page(connection, backend, lease, page, state)
            if last and state.kind == "full" and not state.malformed:
                counts["vanished"] += await writing.sweep(
                    connection, backend, lease, state, self._limit
                )
            return counts

        self._counts += await self._database.in_transaction(work)
        self._counts["pages"] += 1
        self._counts["malformed"] = state.malformed
        return after


@asynccontextmanager
async def _read_ahead(listing: Listing) -> AsyncGenerator[Callable[[], asyncio.Task[Page | None]]]:
    """What asks for the next page of a listing, ``None`` after the last.

    Whatever is under way ends with the context.
    """
    pages = listing.pages()
    tasks: list[asyncio.Task[Page | None]] = []

    async def following() -> Page | None:
        return await anext(pages, None)

    def ask() -> asyncio.Task[Page | None]:
        tasks[:] = [asyncio.ensure_future(following())]
        return tasks[0]

    try:
        yield ask
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
