"""Tests of cancelling every operation at every single await."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import socket
from collections.abc import Callable, Coroutine, Generator
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import count
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
import pytest

from paysdk.errors import ConfigurationError, OutcomeUnknownError
from paysdk.providers.campfire.paying.items import ManualPayment, TransactionPayment
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import FaultPlan, hang, reset, status
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections import Counter

    from paysdk.testing import Sandbox
    from tests.conftest import Until
    from tests.reliability.conftest import HurryingLoop, Run

pytestmark = pytest.mark.slow

Work: TypeAlias = Callable[[Any, int], Coroutine[Any, Any, list[str]]]

QUICK = RetryPolicy(attempts=3, wait_initial=0)
INVOICE, PAYABLE = 47864, 58700


async def collect(
    provider: Any,  # noqa: ANN401  # either provider
    _: int,
    **arguments: object,
) -> list[str]:
    """List all payments with `collect`."""
    return [
        payment.id for payment in await provider.list_payments(page_size=3, **arguments).collect()
    ]


async def iterate(provider: Any, _: int) -> list[str]:  # noqa: ANN401  # either provider
    """List all payments one by one, so that other tasks run in between."""
    given: list[str] = []
    async for payment in provider.list_payments(page_size=3):
        given.append(payment.id)
        await asyncio.sleep(0)
    return given


async def retrieve(provider: CampfireProvider, _: int) -> list[str]:
    """Retrieve an invoice, and return the ids of its payments."""
    return [payment.id for payment in (await provider.retrieve_invoice(INVOICE)).payments]


async def pay(provider: CampfireProvider, number: int) -> list[str]:
    """Pay with an external id of its own."""
    order = ManualPayment(
        amount=Decimal("12.50"),
        account_id=2553,
        account_name="1100",
        payment_date=date(2026, 1, 31),
        external_id=f"order-{number}",
    )
    return list((await provider.mark_invoice_paid(PAYABLE, empty_transactions=[order])).payment_ids)


OPERATIONS: dict[str, Work] = {
    "list by cursor": collect,
    "iterate": iterate,
    "list by offset": partial(collect, pagination="offset"),
    "list by cursor, concurrency=4": partial(collect, concurrency=4),
    "list by offset, concurrency=4": partial(collect, pagination="offset", concurrency=4),
    "Notify list": collect,
    "retrieve_invoice": retrieve,
    "mark_invoice_paid": pay,
}
EACH = pytest.mark.parametrize("operation", OPERATIONS)


def sandbox_for(
    operation: str,
    **options: Any,  # noqa: ANN401  # either sandbox's
) -> CampfireSandbox | NotifySandbox:
    """Make a sandbox with a dozen payments."""
    kind = NotifySandbox if operation == "Notify list" else CampfireSandbox
    return kind(payments=12, api_key="sandbox-key", **options)


def provider_for(
    operation: str,
    sandbox: Sandbox,
    **settings: Any,  # noqa: ANN401  # any setting
) -> CampfireProvider | NotifyProvider:
    """Make a provider that has sent nothing yet."""
    kind = NotifyProvider if operation == "Notify list" else CampfireProvider
    return kind("sandbox-key", base_url=sandbox.url, retry=QUICK, **settings)


def is_right(
    operation: str, number: int, sandbox: CampfireSandbox | NotifySandbox, found: list[str]
) -> bool:
    """Whether this result is correct, and nothing was booked twice."""
    rows = sandbox.payments
    if operation == "mark_invoice_paid":
        return (
            found == [str(row["id"]) for row in rows if row["external_id"] == f"order-{number}"]
            and len(found) == 1
        )
    if operation == "retrieve_invoice":
        return (
            found == [str(row["id"]) for row in rows if row["invoice_id"] == INVOICE]
            and len(found) > 0
        )
    truth = [str(row["id"]) for row in rows]
    return truth == (
        sorted(found, key=truth.index) if "cursor, concurrency" in operation else found
    )


def connections(sandbox: Sandbox) -> int:
    """Return how many connections of the server are open."""
    assert sandbox._running is not None
    server = sandbox._running.runner.server
    assert server is not None
    return len(server.connections)


def find_new_tasks(before: set[asyncio.Task[Any]]) -> list[str]:
    """Return the tasks that were not there before, except the server's own."""
    return [
        repr(task)
        for task in asyncio.all_tasks() - before
        if not re.search(r"RequestHandler|_accept_connection", repr(task))
    ]


def nothing_left(sandbox: Sandbox, before: set[asyncio.Task[Any]]) -> bool:
    """Wait until neither a task nor a connection is left."""
    return find_new_tasks(before) == [] and connections(sandbox) == 0


@coroutine
def cancel_at_await(
    work: Coroutine[Any, Any, list[str]], place: int
) -> Generator[Any, Any, list[str]]:
    """Await *work*, and cancel its task at suspension number *place*, counted from 1."""
    thrown: BaseException | None = None
    for suspension in count(1):
        try:
            waiting_for = work.send(None) if thrown is None else work.throw(thrown)
        except StopIteration as end:
            found: list[str] = end.value
            return found
        if suspension == place and (task := asyncio.current_task()) is not None:
            task.cancel()
        thrown = None
        try:
            yield waiting_for
        except BaseException as error:  # noqa: BLE001  # it is passed on
            thrown = error
    raise AssertionError


@attrs.define
class Disturbances:
    """What the event loop reports as errors."""

    told: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]])

    def watch(self) -> None:
        """Collect the errors of this loop."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self.told.append(context)
        )


@EACH
@pytest.mark.parametrize("way", ["at each await", "at each turn of the loop"])
def test_cancelled_everywhere(
    operation: str, way: str, run: Run, until: Until, ran: Counter[str]
) -> None:
    """After any cancellation only idle connections are left, and the object still works."""
    disturbances = Disturbances()

    async def cancelled(sandbox: CampfireSandbox | NotifySandbox, place: int) -> bool:
        provider, before = provider_for(operation, sandbox), asyncio.all_tasks()
        work = OPERATIONS[operation](provider, place)
        try:
            await (
                run_and_cancel_at_await(work, place)
                if way == "at each await"
                else run_and_cancel_at_turn(work, place)
            )
        except asyncio.CancelledError:
            ended = False
        else:
            ended = True
        if operation == "iterate":
            # Python itself closes an iteration that its consumer was cancelled out of, a few turns
            # later.
            await until(lambda: find_new_tasks(before) == [])
        assert [] == find_new_tasks(before)
        assert is_right(operation, place, sandbox, await OPERATIONS[operation](provider, place))
        assert [] == find_new_tasks(before)
        await provider.aclose()
        await until(lambda: connections(sandbox) == 0)
        return ended

    async def everywhere() -> None:
        disturbances.watch()
        async with sandbox_for(operation) as sandbox:
            for place in count(1):
                if await cancelled(sandbox, place):
                    assert place > 1
                    break
                ran["cancellation points"] += 1

    run(everywhere())
    gc.collect()
    assert [] == disturbances.told


def test_check_is_cancelled(run: Run, until: Until, ran: Counter[str]) -> None:
    """A cancelled `error.check()` leaves nothing behind, and the error can check again."""

    async def everywhere() -> None:
        faults = FaultPlan().always(reset("body"), method="POST").on(2, status(500), method="GET")
        async with sandbox_for("", faults=faults) as sandbox:
            provider, before = (
                CampfireProvider(
                    "sandbox-key", base_url=sandbox.url, retry=RetryPolicy(attempts=1)
                ),
                asyncio.all_tasks(),
            )
            order = TransactionPayment(transaction_id=14728800, amount=Decimal("883.33"))
            with pytest.raises(OutcomeUnknownError) as raised:
                await provider.mark_invoice_paid(PAYABLE, transactions=[order])

            async def look() -> list[str]:
                outcome = await raised.value.check()
                assert isinstance(outcome, PayOutcome)
                return list(outcome.payment_ids)

            for place in count(1):
                with contextlib.suppress(asyncio.CancelledError):
                    await run_and_cancel_at_await(look(), place)
                    break
                ran["cancellation points"] += 1
                assert [] == find_new_tasks(before)
                assert 1 == len(await look())
            assert place > 1
            assert 1 == [request.method for request in sandbox.requests].count("POST")
            await provider.aclose()
            await until(partial(nothing_left, sandbox, before))

    run(everywhere())


@EACH
def test_leaving_is_cancelled(operation: str, run: Run, until: Until, ran: Counter[str]) -> None:
    """A cancelled `async with` leaves nothing behind, and the object can be entered again."""
    disturbances = Disturbances()

    async def used(provider: CampfireProvider | NotifyProvider, number: int) -> list[str]:
        async with provider:
            found = await OPERATIONS[operation](provider, number)
            # When the provider is closed, the request for the next page is under way.
            pages = provider.list_payments(page_size=1).pages()
            await anext(pages)
        # A listing that is still held says so, and ends.
        with pytest.raises(ConfigurationError, match="is closed"):
            await anext(pages)
        return found

    async def everywhere() -> None:
        disturbances.watch()
        async with sandbox_for(operation) as sandbox:
            for place in count(1):
                provider, before = provider_for(operation, sandbox), asyncio.all_tasks()
                try:
                    await run_and_cancel_at_await(used(provider, place), place)
                except asyncio.CancelledError:
                    ran["cancellation points"] += 1
                    ended = False
                else:
                    ended = True
                await until(partial(nothing_left, sandbox, before))
                assert is_right(operation, place, sandbox, await used(provider, place))
                await until(partial(nothing_left, sandbox, before))
                if ended:
                    break

    run(everywhere())
    gc.collect()
    assert [] == disturbances.told


@EACH
def test_closed_from_several_tasks_at_once(operation: str, run: Run, until: Until) -> None:
    """Two tasks can close the object while a third uses it, and it can be entered again."""

    async def close() -> None:
        async with sandbox_for(operation, faults=FaultPlan().on(1, hang())) as sandbox:
            provider, before = provider_for(operation, sandbox), asyncio.all_tasks()
            using = asyncio.create_task(OPERATIONS[operation](provider, 0))
            await until(lambda: sandbox.requests)
            await asyncio.gather(provider.aclose(), provider.aclose())
            assert isinstance(
                (await asyncio.gather(using, return_exceptions=True))[0], ConfigurationError
            )
            await until(partial(nothing_left, sandbox, before))
            async with provider:
                assert is_right(operation, 1, sandbox, await OPERATIONS[operation](provider, 1))

    run(close())


async def run_and_cancel_at_await(work: Coroutine[Any, Any, list[str]], place: int) -> list[str]:
    """Run *work* in a task that is cancelled at this await."""
    return await asyncio.create_task(as_coroutine(work, place))


async def as_coroutine(work: Coroutine[Any, Any, list[str]], place: int) -> list[str]:
    """Make a coroutine of `cancel_at_await`."""
    return await cancel_at_await(work, place)


def hurrying() -> HurryingLoop:
    """Return the running loop."""
    return cast("HurryingLoop", asyncio.get_running_loop())


async def run_and_cancel_at_turn(work: Coroutine[Any, Any, list[str]], place: int) -> list[str]:
    """Run *work* in a task that is cancelled at this turn of the event loop."""
    loop, turns, task = hurrying(), count(1), asyncio.create_task(work)
    loop.at_each_turn(lambda: next(turns) == place and task.cancel())
    try:
        return await task
    finally:
        loop.at_each_turn(int)


def test_two_hundred_tasks(run: Run, until: Until) -> None:
    """Half of two hundred tasks on one object are cancelled, and the others are not affected."""
    chosen = [name for name in OPERATIONS if name != "Notify list"]

    async def use() -> None:
        faults = (
            FaultPlan().every(41, status(503), method="GET").every(59, reset("body"), method="GET")
        )
        async with sandbox_for("", faults=faults) as sandbox:
            before = asyncio.all_tasks()
            async with provider_for("", sandbox) as provider:
                names = [chosen[number % len(chosen)] for number in range(200)]
                tasks = [
                    asyncio.create_task(OPERATIONS[name](provider, number))
                    for number, name in enumerate(names)
                ]
                loop, turns = hurrying(), count(1)
                loop.at_each_turn(
                    lambda: (turn := next(turns)) <= 100 and tasks[2 * turn - 1].cancel()
                )
                found = await asyncio.gather(*tasks, return_exceptions=True)
                loop.at_each_turn(int)
            await until(partial(nothing_left, sandbox, before))
            for number, (name, result) in enumerate(zip(names, found, strict=True)):
                if not isinstance(result, asyncio.CancelledError):
                    assert isinstance(result, list), result
                    if name == "mark_invoice_paid":
                        assert is_right(name, number, sandbox, result)
            assert 100 <= sum(isinstance(result, list) for result in found) < 200
            booked = [
                row["external_id"]
                for row in sandbox.payments
                if str(row["external_id"]).startswith("order-")
            ]
            assert len(set(booked)) == len(booked)

    run(use())


@EACH
def test_a_run_that_ended_in_the_middle(operation: str, until: Until) -> None:
    """If a run ends during an operation, the object works in the next run."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sandbox, disturbances = (
        sandbox_for(operation, port=port, faults=FaultPlan().always(hang())),
        Disturbances(),
    )
    provider: list[CampfireProvider | NotifyProvider] = []

    async def left_in_the_middle(number: int) -> None:
        disturbances.watch()
        await sandbox.start()
        provider[:] = provider or [provider_for(operation, sandbox)]
        asked = len(sandbox.requests)
        using = asyncio.create_task(OPERATIONS[operation](provider[0], number))
        # On a slow machine it may fail, because the sandbox is closed, before the run ends.
        using.add_done_callback(lambda task: task.cancelled() or task.exception())
        await until(lambda: len(sandbox.requests) > asked)
        assert not using.done()
        await sandbox.close()

    async def to_the_end() -> None:
        disturbances.watch()
        object.__setattr__(sandbox, "faults", None)
        async with sandbox, provider[0]:
            assert is_right(operation, 3, sandbox, await OPERATIONS[operation](provider[0], 3))

    for number in (1, 2):
        asyncio.run(left_in_the_middle(number))
    asyncio.run(to_the_end())
    gc.collect()
    assert [] == disturbances.told


def test_paying_one_invoice_at_once_in_two_runs() -> None:
    """One object pays an invoice several times at the same time, in two runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sandbox = sandbox_for("", port=port)
    provider = CampfireProvider("sandbox-key", base_url=f"http://127.0.0.1:{port}", retry=QUICK)

    async def pay_at_once(numbers: range) -> list[list[str]]:
        async with sandbox, provider:
            return await asyncio.gather(*(pay(provider, number) for number in numbers))

    for numbers in (range(1, 5), range(5, 9)):
        for number, found in zip(numbers, asyncio.run(pay_at_once(numbers)), strict=True):
            assert is_right("mark_invoice_paid", number, sandbox, found)
