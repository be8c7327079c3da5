"""Cases about the API key: which requests have it, and where it must not appear."""

from __future__ import annotations

import logging
import pickle
from contextlib import contextmanager
from traceback import TracebackException
from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError
from paysdk.testing.contract.harness import (
    ONCE,
    ContractCases,
    catch_error,
    checkpoint_after,
    collect_payments,
    collect_until_error,
    expect_error,
    ids,
)
from paysdk.testing.contract.promises import check, check_equal, wire_case
from paysdk.testing.contract.rewrite import with_text
from paysdk.testing.faults import FaultPlan, reset, status, wrong_body

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from paysdk.events import Event
    from paysdk.provider import PaymentsProvider
    from paysdk.testing.contract.harness import Harness

__all__ = ["KeyCases"]

_MIN_KEY_CHARS = 8
_FAULTS = (status(401), status(503), reset(), wrong_body())


class KeyCases(ContractCases):
    """Keys."""

    @wire_case
    async def test_sends_the_key(self) -> None:
        """Every request has the key in its header: the given one, or the one that a callable
        returns.
        """
        async with self.harness() as harness:
            key = _key(harness)

            async def ask() -> str:
                return key

            for given in (key, ask):
                provider = harness.make_provider(given)
                try:
                    await collect_payments(provider.list_payments(page_size=harness.size))
                finally:
                    await provider.aclose()
            check_equal(
                {True},
                {request.authorised for request in harness.proxy.requests},
                "whether the requests were authorised",
            )

    @wire_case
    async def test_sends_no_other_key(self) -> None:
        """An object sends its own key and never the key of another object. With a callable, it
        sends the key that the callable returns at that time.
        """
        async with self.harness() as harness:
            right = _key(harness)
            wrong = right[:-1] + ("b" if right.endswith("a") else "a")
            current = [right]

            async def ask() -> str:
                return current[0]

            await collect_payments(harness.provider().list_payments())
            await _check_unauthorised(
                harness,
                harness.provider(wrong),
                "by an object with a wrong key, after one with the right key",
            )
            changing = harness.provider(ask)
            await collect_payments(changing.list_payments())
            current[0] = wrong
            await _check_unauthorised(
                harness,
                changing,
                "after the callable returned the right key, and now returns a wrong one",
            )

    @wire_case
    async def test_keeps_the_key_out_of_urls(self) -> None:
        """No URL and no body of a request contains the key."""
        async with self.harness() as harness:
            await collect_payments(harness.provider().list_payments(page_size=harness.size))
            key = _key(harness)
            for request in harness.proxy.requests:
                check(
                    key not in request.target and key.encode() not in request.body,
                    f"the key is in the request for {request.target}",
                )

    @wire_case
    async def test_keeps_the_key_out_of_reprs(self) -> None:
        """The `repr` of a provider and of its listings, pages and checkpoints does not contain the
        key. Their pickles do not contain it either.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            listing = provider.list_payments(page_size=harness.size)
            _, checkpoint = await checkpoint_after(listing)
            shown = [
                repr(provider),
                str(provider),
                repr(listing),
                repr(checkpoint),
                str(checkpoint),
                checkpoint.position,
            ]
            check(all(_key(harness) not in text for text in shown), f"the key is in one of {shown}")
            pickled: list[bytes] = []
            catch_error(lambda: pickled.append(pickle.dumps(provider)))
            check(
                all(_key(harness).encode() not in data for data in pickled),
                "the key is in a pickle of the provider",
            )

    @wire_case
    async def test_keeps_the_key_out_of_errors(self) -> None:
        """An exception does not contain the key in its text, its chain, or the locals that a
        traceback shows.
        """
        async with self.harness() as harness:
            provider = harness.provider(retry=ONCE)
            for fault in _FAULTS:
                harness.proxy.inject_faults(FaultPlan().always(fault))
                error = await expect_error(provider.list_payments())
                for text in _render_texts(error):
                    check(
                        _key(harness) not in text,
                        f"the key is in {type(error).__name__}: {text[:200]}",
                    )

    @wire_case
    async def test_keeps_the_key_out_of_logs_and_events(self) -> None:
        """No log record of any logger and no event that `on_event` receives contains the key."""
        async with self.harness() as harness:
            events: list[Event] = []
            provider = harness.provider(on_event=events.append)
            for fault in _FAULTS:
                harness.proxy.inject_faults(FaultPlan().first(1, fault))
                with _record_logs() as lines:
                    await collect_until_error(provider.list_payments(page_size=harness.size))
                check(events, "on_event was never called")
                for text in (*lines, *map(repr, events)):
                    check(
                        _key(harness) not in text,
                        f"the key is in a log record or an event: {text[:200]}",
                    )

    @wire_case
    async def test_keeps_the_key_from_other_hosts(self) -> None:
        """If a link names another host, the provider requests that page from its own host. The
        listing is complete, and the other host is never called.
        """
        async with self.harness() as harness, self.harness() as trap:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            harness.proxy.change(
                lambda response: with_text(response, harness.proxy.url, trap.proxy.url)
            )
            check_equal(
                expected,
                ids(await collect_payments(provider.list_payments(page_size=harness.size))),
                "with links to another host",
            )
            check_equal(0, trap.requests, "the requests sent to the other host")


def _key(harness: Harness) -> str:
    key = harness.proxy.api_key
    if len(key) < _MIN_KEY_CHARS:
        raise ConfigurationError(
            f"The sandbox's key has fewer than {_MIN_KEY_CHARS} characters, so it may occur by "
            "chance elsewhere. Give it a longer one."
        )
    return key


async def _check_unauthorised(harness: Harness, provider: PaymentsProvider, when: str) -> None:
    before = harness.requests
    await collect_until_error(provider.list_payments())
    sent = harness.proxy.requests[before:]
    check_equal(
        {False},
        {request.authorised for request in sent},
        f"whether the requests sent {when} were authorised",
    )


def _render_texts(error: BaseException) -> Iterator[str]:
    yield repr(vars(error))
    # The chain counts too, even if it is suppressed: a debugger or a crash reporter shows what a
    # traceback hides.
    for linked in _walk_chain(error):
        yield repr(linked)
        yield from TracebackException(
            type(linked), linked, linked.__traceback__, capture_locals=True, compact=True
        ).format(chain=False)


def _walk_chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        linked = waiting.pop()
        if linked is not None and id(linked) not in seen:
            seen.add(id(linked))
            yield linked
            waiting += [linked.__cause__, linked.__context__]


@contextmanager
def _record_logs() -> Generator[list[str]]:
    """Record everything that is logged in the block, by any logger, at any level."""
    lines: list[str] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.args!r}")

    root, handler = logging.getLogger(), Recorder()
    loggers = [
        root,
        *(
            logger
            for name in list(root.manager.loggerDict)
            if (logger := logging.getLogger(name)).level
        ),
    ]
    levels = [(logger, logger.level) for logger in loggers]
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        for logger, level in levels:
            logger.setLevel(level)
