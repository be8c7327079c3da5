"""Follow the payments of a provider: list what changed, wait, and list again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Self

import attrs

from paysdk.arguments import as_moment, check_int, check_seconds
from paysdk.errors import (
    APIError,
    ConfigurationError,
    MalformedResponseError,
    PaysdkError,
    TransportError,
    UnsupportedFilterError,
)
from paysdk.events import Event, PollFailed
from paysdk.follow.known import FollowedKind  # attrs reads it at run time
from paysdk.follow.position import FollowPosition
from paysdk.pass_listing import CheckpointRefusedError, read_first_page, start_listing, time_getter
from paysdk.payment import Payment
from paysdk.permanent import is_permanent
from paysdk.provider import PaymentsProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.checkpoint import Checkpoint
    from paysdk.provider import Page

__all__ = ["Follower", "PaymentChange", "follow_payments"]

_log = logging.getLogger("paysdk")

# After this many payments the event loop gets its turn. They take a few milliseconds.
_PAYMENTS_PER_TURN = 100
# The longest wait after an error, unless `every` is longer or the provider asks for more.
_MAX_WAIT_SECONDS = 900.0


@attrs.frozen(kw_only=True)
class PaymentChange:
    """A change that a follower found, with the payment as it is now.

    ``kind`` is "created", "voided", or "changed" for anything else.
    """

    kind: FollowedKind
    payment: Payment


def follow_payments(
    provider: PaymentsProvider,
    *,
    every: float = 60.0,
    since: datetime | date | None = None,
    resume: Checkpoint | str | None = None,
    overlap: float = 300.0,
    max_known: int = 100_000,
    on_event: Callable[[Event], object] | None = None,
) -> Follower:
    """Follow the payments of a provider: iterate over their changes, as they come, without an end.

    A pass begins every *every* seconds, or later if the one before, or you, took longer. If the
    provider can list by time of modification, a pass lists what was modified since the latest time
    that was seen, less *overlap* seconds for payments that were committed late. So a pass in which
    nothing changed is one request. If the provider cannot, as Notify, each pass lists everything
    and compares.

    With *since*, the first changes are those since that time; a date begins with its day, in UTC.
    Without it, the changes are those from now on, by the clock of this machine. If that clock is
    more than *overlap* seconds ahead of the provider's, the first changes are missed. *resume* is
    ``Follower.checkpoint``. Each change comes once, even over any number of resumptions. If a
    payment changes twice between two passes, that is one change. A payment that was deleted is not
    noticed.

    The follower remembers marks of the payments that the next pass may list again: all payments of
    a provider that cannot list by time of modification, and otherwise those of the last *overlap*
    seconds. It remembers at most *max_known* of them, each in about 250 bytes, and raises
    ``PaysdkError`` if there are more.

    After an error that may pass, it waits and tries again: *every* seconds, then twice as long each
    time, up to a quarter of an hour, or as long as the provider asks for. It logs each such error
    and calls *on_event* with ``PollFailed``. Any other error is raised, with a ``checkpoint`` from
    which to resume. So a wrong key or a record that cannot be read ends it. A record that the
    provider's ``on_malformed`` sets aside comes when it is modified again.

    Raises ``ConfigurationError`` for a wrong argument, and ``UnsupportedFilterError`` for *since*
    if the provider cannot list by time of modification. Both are raised before anything is sent.
    """
    given: object = provider
    if not isinstance(given, PaymentsProvider):
        raise ConfigurationError(f"The provider must be a PaymentsProvider, not {provider!r}.")
    check_seconds("every", every)
    check_seconds("overlap", overlap, allow_zero=True)
    check_int("max_known", max_known, 1)
    tell: object = on_event
    if tell is not None and not callable(tell):
        raise ConfigurationError(f"on_event must be callable, not {on_event!r}.")
    if since is not None and resume is not None:
        raise ConfigurationError("resume= continues from its checkpoint: leave since= out.")
    incremental = provider.capabilities.lists_incrementally
    if since is not None and not incremental:
        raise UnsupportedFilterError(
            f"{provider.name} cannot list by time of modification, so it cannot be followed since "
            "a time. Leave since= out: the first pass then only learns what is there."
        )
    if resume is not None:
        position = FollowPosition.from_checkpoint(
            resume, provider.name, incremental=incremental, overlap=overlap, limit=max_known
        )
    else:
        position = FollowPosition.start(
            None if since is None else as_moment("since", since, end_of_day=False),
            datetime.now(UTC),
            incremental=incremental,
            overlap=overlap,
            limit=max_known,
        )
    return Follower(provider, position, every, on_event)


class Follower(AsyncIterator[PaymentChange]):
    """The changes of a provider's payments. ``follow_payments`` returns it.

    It is an async iterator without an end, for one task. Leave it with ``break``, or cancel the
    task. ``aclose`` ends what is still under way at once.
    """

    def __init__(
        self,
        provider: PaymentsProvider,
        position: FollowPosition,
        every: float,
        on_event: Callable[[Event], object] | None,
    ) -> None:
        self._provider = provider
        self._position = position
        self._every = every
        self._on_event = on_event
        self._changes = self._follow()

    def __repr__(self) -> str:
        return f"<follower of {self._provider.name} payments>"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> PaymentChange:
        return await anext(self._changes)

    @property
    def checkpoint(self) -> str:
        """The position after the change that came last, for ``resume=``.

        Read it when you have processed that change. It has about 30 characters for each payment
        that the follower remembers.
        """
        return str(self._position.to_checkpoint(self._provider.name))

    async def aclose(self) -> None:
        """End a request that is under way. You can call it twice."""
        await self._changes.aclose()

    async def _follow(self) -> AsyncGenerator[PaymentChange]:
        failures = 0
        while True:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            try:
                async with aclosing(self._run_pass()) as changes:
                    async for change in changes:
                        failures = 0
                        yield change
            except PaysdkError as error:
                if not _is_transient(error):
                    error.checkpoint = self._position.to_checkpoint(self._provider.name)
                    raise
                failures += 1
                wait = self._wait_after(error, failures)
                self._report(error, failures, wait)
            else:
                failures = 0
                wait = max(0.0, begun + self._every - loop.time())
            await asyncio.sleep(wait)

    def _wait_after(self, error: PaysdkError, failures: int) -> float:
        requested = error.retry_after if isinstance(error, APIError) else None
        # After 30 doublings the wait has long reached its bound, and more would overflow.
        wait = self._every * 2.0 ** min(failures - 1, 30)
        return max(min(wait, max(self._every, _MAX_WAIT_SECONDS)), requested or 0.0)

    def _report(self, error: PaysdkError, failures: int, wait: float) -> None:
        event = PollFailed(self._provider.name, type(error).__name__, str(error), failures, wait)
        _log.warning("%s", event)
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  # an error in a callback must not end the follower
            _log.exception("on_event raised an exception for %r. It is ignored.", event)

    async def _run_pass(self) -> AsyncGenerator[PaymentChange]:
        """Run a pass to its end, or continue one. Run it again if its checkpoint is refused."""
        position = self._position
        position.begin_pass(datetime.now(UTC))
        while True:
            try:
                async with aclosing(self._changes_of_pages()) as changes:
                    async for change in changes:
                        yield change
            except CheckpointRefusedError as error:
                if not position.restart_pass(datetime.now(UTC)):
                    raise _position_lost_error(self._provider.name) from error
            else:
                return

    async def _changes_of_pages(self) -> AsyncGenerator[PaymentChange]:
        """Yield the changes in each page, and move on to the next one after the last of them."""
        position = self._position
        get_time = time_getter(self._provider.capabilities)
        async with aclosing(self._pages()) as pages:
            async for page in pages:
                for number, payment in enumerate(page.payments, 1):
                    if (kind := position.note(payment, get_time(payment))) is not None:
                        yield PaymentChange(kind=kind, payment=payment)
                    if number % _PAYMENTS_PER_TURN == 0:
                        await asyncio.sleep(0)
                position.finish_page(
                    map(get_time, page.payments),
                    None if page.checkpoint is None else str(page.checkpoint),
                )
        if position.state.kind is not None:
            position.finish_page((), None)  # an empty listing may have no page

    async def _pages(self) -> AsyncGenerator[Page]:
        """Yield the pages of the pass. Nothing is under way any more when the last one comes."""
        last: Page | None = None
        listed = start_listing(self._provider, self._position.state).pages()
        pages = listed if self._position.state.checkpoint is None else _check_first(listed)
        try:
            async for page in pages:
                if page.checkpoint is None:
                    last = page
                    break
                yield page
        finally:
            for each in (pages, listed):
                if isinstance(each, AsyncGenerator):
                    await each.aclose()
        if last is not None:
            yield last


async def _check_first(pages: AsyncIterator[Page]) -> AsyncGenerator[Page]:
    """Yield the pages of a listing that was resumed.

    Raises ``CheckpointRefusedError`` before the first one if the provider refuses the checkpoint.
    """
    yield await read_first_page(anext(pages, None))
    async for page in pages:
        yield page


def _is_transient(error: PaysdkError) -> bool:
    # Any other error is about an argument, or about what can be remembered.
    failed = isinstance(error, TransportError | APIError | MalformedResponseError)
    return failed and not is_permanent(error)


def _position_lost_error(provider: str) -> PaysdkError:
    return PaysdkError(
        f"{provider} no longer accepts the place at which its list of changes was "
        "interrupted, and the list is too long to be compared with what was seen before. Follow "
        "again with since= a time before the interruption. Some changes then come a second time."
    )
