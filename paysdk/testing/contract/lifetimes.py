"""Cases about tasks, connections and event loops."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.testing.contract.harness import (
    ONCE,
    ContractCases,
    collect_payments,
    expect_error,
    ids,
    take,
)
from paysdk.testing.contract.promises import case, check, check_equal, wire_case
from paysdk.testing.faults import FaultPlan, hang

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from paysdk.testing.contract.harness import Harness

__all__ = ["LifetimeCases"]

T = TypeVar("T")

# Seconds that tasks and connections may take to end.
_TIMEOUT_SECONDS = 1.0
_MANY = 20


class LifetimeCases(ContractCases):
    """Tasks, connections and event loops."""

    @case
    async def test_breaking_out_leaves_no_task(self) -> None:
        """Leaving a listing or its pages early leaves no task behind."""
        async with self.harness() as harness:
            provider = harness.provider()
            before = asyncio.all_tasks()
            await take(aiter(provider.list_payments(page_size=harness.size)), 1)
            await take(provider.list_payments(page_size=harness.size).pages(), 1)
            await provider.list_payments(page_size=harness.size).first()
            await _check_gone(
                lambda: asyncio.all_tasks() <= before,
                lambda: f"tasks were left: {asyncio.all_tasks() - before}",
            )

    @case
    async def test_can_be_closed_twice(self) -> None:
        """`aclose` can be called twice, even on an object that was never used."""
        async with self.harness() as harness:
            for used in (False, True):
                provider = harness.provider()
                if used:
                    await provider.list_payments().first()
                await provider.aclose()
                await provider.aclose()

    @case
    async def test_serves_many_tasks(self) -> None:
        """Many tasks can use one object at the same time, and each listing has its own report."""
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments()))
            listings = [provider.list_payments(page_size=harness.size) for _ in range(_MANY)]
            for listing, found in zip(
                listings, await asyncio.gather(*map(collect_payments, listings)), strict=True
            ):
                check_equal(expected, ids(found), f"one of {_MANY} listings at the same time")
                check_equal(len(expected), listing.report.payments, "the payments in its report")

    @case
    async def test_outlives_an_event_loop(self) -> None:
        """An object that was used in one event loop, and not closed, works in the next one, too."""
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            with _record_complaints() as messages:
                for _ in range(2):
                    found = await asyncio.to_thread(
                        _run_in_new_loop,
                        lambda: collect_payments(provider.list_payments(page_size=harness.size)),
                    )
                    check_equal(expected, ids(found), "in another event loop")
            check(not messages, f"it left something behind in a closed event loop: {messages}")

    @wire_case
    async def test_closing_leaves_nothing_open(self) -> None:
        """After `aclose` no connection is open, no task is left, and nothing warns, even if a
        listing was running.
        """
        async with self.harness() as harness:
            before = asyncio.all_tasks()
            with _record_complaints() as messages:
                provider = harness.provider()
                await collect_payments(provider.list_payments())
                await provider.aclose()
                await _check_no_connection(harness)
                provider = harness.provider()
                pages = provider.list_payments(page_size=harness.size).pages()
                await anext(pages)
                await provider.aclose()
                del pages
                await _check_gone(
                    lambda: asyncio.all_tasks() <= before,
                    lambda: f"tasks were left: {asyncio.all_tasks() - before}",
                )
                await _check_no_connection(harness)
            check(not messages, f"there were warnings: {messages}")

    @wire_case
    async def test_refuses_work_after_closing(self) -> None:
        """After `aclose` a listing raises `ConfigurationError`. If the object is entered again, it
        works again.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments()))
            await provider.aclose()
            error = await expect_error(provider.list_payments())
            check(
                isinstance(error, ConfigurationError), f"it raised {type(error).__name__}: {error}"
            )
            entered: Any = provider
            async with entered as again:
                check_equal(
                    expected,
                    ids(await collect_payments(again.list_payments())),
                    "after it was entered again",
                )

    @wire_case
    async def test_can_be_cancelled(self) -> None:
        """A listing that is cancelled while it waits ends at once and leaves no task. The object
        still works, and closes every connection.
        """
        async with self.harness() as harness:
            provider = harness.provider(retry=ONCE)
            expected = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            before, asked = asyncio.all_tasks(), harness.requests
            harness.proxy.inject_faults(FaultPlan().on(2, hang()))
            waiting = asyncio.create_task(
                collect_payments(provider.list_payments(page_size=harness.size))
            )
            await _check_gone(
                lambda: harness.requests >= asked + 2, lambda: "its second request never came"
            )
            waiting.cancel()
            (ended,) = await asyncio.gather(waiting, return_exceptions=True)
            check(isinstance(ended, asyncio.CancelledError), f"it ended with {ended!r}")
            await _check_gone(
                lambda: asyncio.all_tasks() <= before,
                lambda: f"tasks were left: {asyncio.all_tasks() - before}",
            )
            check_equal(
                expected,
                ids(await collect_payments(provider.list_payments(page_size=harness.size))),
                "the next listing",
            )
            await provider.aclose()
            await _check_no_connection(harness)

    @wire_case
    async def test_closing_ends_a_running_listing(self) -> None:
        """If a provider is closed, a listing that waits for a response ends with an error."""
        async with self.harness() as harness:
            provider = harness.provider()
            harness.proxy.inject_faults(FaultPlan().always(hang()))
            waiting = asyncio.create_task(collect_payments(provider.list_payments()))
            await _check_gone(lambda: harness.requests, lambda: "its request never came")
            await provider.aclose()
            await _check_gone(waiting.done, lambda: "it goes on waiting")
            (ended,) = await asyncio.gather(waiting, return_exceptions=True)
            check(isinstance(ended, PaysdkError), f"it ended with {ended!r}")

    @wire_case
    async def test_never_closes_the_session_of_the_user(self) -> None:
        """A `session` of the user is used, and is still open after `aclose`."""
        import aiohttp  # noqa: PLC0415  # only cases with a sandbox need it

        async with self.harness() as harness, aiohttp.ClientSession() as session:
            provider = harness.provider(session=session)
            await collect_payments(provider.list_payments())
            await provider.aclose()
            check(not session.closed, "it was closed")

    @wire_case
    async def test_ignores_errors_of_the_callback(self) -> None:
        """`on_event` receives each request, and an exception that it raises changes nothing."""
        async with self.harness() as harness:
            messages: list[object] = []

            def observe(event: object) -> None:
                messages.append(event)
                raise ValueError("a fault of the callback")

            expected = ids(
                await collect_payments(harness.provider().list_payments(page_size=harness.size))
            )
            asked = harness.requests
            check_equal(
                expected,
                ids(
                    await collect_payments(
                        harness.provider(on_event=observe).list_payments(page_size=harness.size)
                    )
                ),
                "with a callback that raises",
            )
            sent = [event for event in messages if type(event).__name__ == "RequestSent"]
            check_equal(harness.requests - asked, len(sent), "the RequestSent events")


async def _check_gone(holds: Callable[[], object], found: Callable[[], str]) -> None:
    """Wait a little until it *holds*."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _TIMEOUT_SECONDS
    while not holds() and loop.time() < end:  # noqa: ASYNC110  # no event announces it
        await asyncio.sleep(0.001)
    check(holds(), "" if holds() else found())


async def _check_no_connection(harness: Harness) -> None:
    await _check_gone(
        lambda: harness.proxy.connections == 0,
        lambda: f"{harness.proxy.connections} connections were left open",
    )


def _run_in_new_loop(work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(run())


@contextmanager
def _record_complaints() -> Generator[list[str]]:
    """Record what warnings and the event loop report in the block as left behind."""
    messages: list[str] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: messages.append(str(context["message"])))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield messages
            gc.collect()
        messages += [
            str(warning.message)
            for warning in caught
            if issubclass(warning.category, ResourceWarning)
        ]
    finally:
        loop.set_exception_handler(before)
