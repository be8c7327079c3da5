"""Tests of waiting after a 429, of outages, and of the deadline."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest

from paysdk.errors import OutcomeUnknownError, RequestTimeoutError, ServerError
from paysdk.events import Event, RetryPlanned, Waiting
from paysdk.providers.campfire.paying.items import ManualPayment
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, Response, dripping_body, hang, status
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from aiohttp.connector import Connection

    from paysdk.testing import Fault, Request
    from tests.conftest import Until

pytestmark = pytest.mark.slow

Operation: TypeAlias = Callable[[CampfireProvider, int], Coroutine[Any, Any, object]]


async def collect(
    provider: CampfireProvider,
    _: int,
    **arguments: Any,  # noqa: ANN401  # any argument
) -> object:
    """List all payments."""
    return await provider.list_payments(page_size=3, **arguments).collect()


async def retrieve(provider: CampfireProvider, _: int) -> object:
    """Retrieve an invoice."""
    return await provider.retrieve_invoice(47864)


async def pay(provider: CampfireProvider, number: int) -> object:
    """Pay with an external id of its own."""
    order = ManualPayment(
        amount=Decimal("12.50"),
        account_id=2553,
        account_name="1100",
        payment_date=date(2026, 1, 31),
        external_id=f"order-{number}",
    )
    return await provider.mark_invoice_paid(58700 + number % 20, empty_transactions=[order])


OPERATIONS: dict[str, Operation] = {
    "list by cursor": collect,
    "list by offset": partial(collect, pagination="offset"),
    "list by cursor, concurrency=4": partial(collect, concurrency=4),
    "list by offset, concurrency=4": partial(collect, pagination="offset", concurrency=4),
    "retrieve_invoice": retrieve,
    "mark_invoice_paid": pay,
}


class Throttled(CampfireSandbox):
    """A sandbox that responds to the first request with a wait, and notes the later ones."""

    told_at: float | None = None
    came_at: tuple[float, ...] = ()

    def respond(self, request: Request) -> Response:
        """Respond to the first request with a wait that is long enough for all others to arrive."""
        now = time.monotonic()
        if self.told_at is None:
            self.told_at = now
            return Response(429, b"", {"Retry-After": "1.5"})
        self.came_at = (*self.came_at, now)
        return super().respond(request)


async def test_every_operation_waits_after_one_429(until: Until) -> None:
    """All operations on the object wait once, and then come back one after another."""
    events: list[Event] = []
    async with (
        Throttled(payments=3) as sandbox,
        CampfireProvider("sandbox-key", base_url=sandbox.url, on_event=events.append) as provider,
    ):
        first = asyncio.create_task(retrieve(provider, 0))
        await until(lambda: any(isinstance(event, RetryPlanned) for event in events))
        others = [
            asyncio.create_task(operation(provider, number))
            for number in range(10)
            for operation in OPERATIONS.values()
        ]
        await asyncio.gather(first, *others)
        assert sandbox.told_at is not None
        assert min(sandbox.came_at) >= sandbox.told_at + 1.5
    waits = [event.wait for event in events if isinstance(event, Waiting)]
    # Every listing by offset with concurrency=4 sends four requests at once.
    assert len(waits) >= len(others)
    assert len(set(waits)) == len(waits)
    assert max(waits) <= 1.65


async def test_outage_adds_little_load() -> None:
    """In an outage two hundred tasks send little more than one request each, and recover later."""
    async with CampfireSandbox(payments=3, faults=FaultPlan().first(600, status(503))) as sandbox:
        retry = RetryPolicy(attempts=5, wait_initial=0)
        async with CampfireProvider("sandbox-key", base_url=sandbox.url, retry=retry) as provider:
            chosen = [
                operation for name, operation in OPERATIONS.items() if "concurrency" not in name
            ]
            started = time.monotonic()
            failed = await asyncio.gather(
                *(chosen[number % 4](provider, number) for number in range(200)),
                return_exceptions=True,
            )
            assert {ServerError} == {type(error) for error in failed}
            # The budget: a hundred retries at once, ten each second, and a share of the requests.
            retries = 100 + 10 * (time.monotonic() - started) + retry.budget_share * 200
            assert 200 <= len(sandbox.requests) <= 200 + retries
            object.__setattr__(sandbox, "faults", None)
            for number, operation in enumerate(OPERATIONS.values()):
                assert await operation(provider, number)


class Never:
    """A limiter that lets no request in."""

    async def __aenter__(self) -> None:
        await asyncio.Event().wait()

    async def __aexit__(self, *args: object) -> None:
        """Do nothing."""


async def no_key() -> str:
    """Return a key that never comes."""
    await asyncio.Event().wait()
    raise AssertionError


DEADLINE = 0.05
OBSTACLES: dict[str, tuple[Fault | None, dict[str, Any]]] = {
    "no answer": (hang(), {}),
    "attempts that time out": (
        hang(),
        {"timeout": 0.02, "retry": RetryPolicy(attempts=1000, wait_initial=0.001, wait_max=0.001)},
    ),
    "a body that drips": (dripping_body(0.005), {}),
    "a wait that was asked for": (status(503, retry_after=30), {}),
    "a wait of ours": (
        status(503),
        {"retry": RetryPolicy(wait_initial=30, wait_max=30, wait_jitter=0)},
    ),
    "a wait that another was told": (None, {}),
    "the limiter": (None, {"limiter": Never()}),
    "the key": (None, {"api_key": no_key}),
}


class _Timers(selectors.DefaultSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        happened = super().select(60.0 if timeout is None else min(timeout, 0.002))
        assert happened or timeout is not None, "Nothing would ever happen any more: a hang."
        if not happened and timeout is not None:
            self.now += timeout
        return happened


class TimersOnly(asyncio.SelectorEventLoop):
    """An event loop whose clock advances only to the next timer, when nothing else happens."""

    def __init__(self) -> None:
        self._timers = _Timers()
        super().__init__(self._timers)

    def time(self) -> float:
        """Return the time of the latest timer."""
        return self._timers.now


def run_by_timers_only(work: Coroutine[object, object, float]) -> float:
    """Run *work* in a loop in which only timers take time."""
    with asyncio.Runner(loop_factory=TimersOnly) as runner:
        return runner.run(work)


EXACTLY = pytest.approx(0.0, abs=1e-6)
NAME = "a deadline was overrun by at most"


async def overrun(operation: str, obstacle: str) -> float:
    """Return by how many seconds the operation missed its deadline."""
    fault, settings = OBSTACLES[obstacle]
    faults = None if fault is None else FaultPlan().always(fault)
    async with CampfireSandbox(payments=12, faults=faults) as sandbox:
        given: dict[str, Any] = {
            "api_key": "sandbox-key",
            "base_url": sandbox.url,
            "deadline": DEADLINE,
            **settings,
        }
        async with CampfireProvider(**given) as provider:
            if obstacle == "a wait that another was told":
                provider._client._retrying._inner.pause_all(30)
            started = asyncio.get_running_loop().time()
            with pytest.raises(
                RequestTimeoutError,
                match=r"The deadline of 0\.05 s for the whole operation passed",
            ) as raised:
                await OPERATIONS[operation](provider, 1)
            over = asyncio.get_running_loop().time() - started - DEADLINE
            assert raised.value.url is not None
        assert [] == [row for row in sandbox.payments if row["external_id"] == "order-1"]
    return over


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("obstacle", OBSTACLES)
async def test_deadline_ends_every_wait(
    operation: str, obstacle: str, figures: dict[str, float]
) -> None:
    """Whatever takes the time, the deadline ends the operation, and the object still works."""
    figures[NAME] = max(await overrun(operation, obstacle), figures.get(NAME, 0.0))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_nothing_is_waited_for_after_the_deadline(operation: str, obstacle: str) -> None:
    """If only waits take time, the operation ends exactly at its deadline."""
    assert EXACTLY == run_by_timers_only(overrun(operation, obstacle))


async def test_deadline_before_the_order_is_sent() -> None:
    """A deadline that passes before there is a connection means that the order was not sent."""

    class NoWayForOrders(aiohttp.TCPConnector):
        """Has no way to the provider for an order."""

        async def connect(
            self,
            req: aiohttp.ClientRequest,
            traces: Any,  # noqa: ANN401  # aiohttp's
            timeout: Any,  # noqa: ANN401, ASYNC109  # aiohttp's
        ) -> Connection:
            if req.method == "POST":
                await asyncio.Event().wait()
            return await super().connect(req, traces, timeout)

    async with (
        CampfireSandbox(payments=0) as sandbox,
        aiohttp.ClientSession(connector=NoWayForOrders()) as session,
        CampfireProvider(
            "sandbox-key", base_url=sandbox.url, session=session, deadline=0.1
        ) as provider,
    ):
        with pytest.raises(RequestTimeoutError, match=r"The deadline of 0\.1 s"):
            await pay(provider, 1)
        assert {"GET"} == {request.method for request in sandbox.requests}


async def overrun_in_the_middle_of_paying(fault: Fault) -> float:
    """Return by how many seconds a sent order missed its deadline."""
    async with (
        CampfireSandbox(payments=0, faults=FaultPlan().always(fault, method="POST")) as sandbox,
        CampfireProvider("sandbox-key", base_url=sandbox.url, deadline=0.2) as provider,
    ):
        started = asyncio.get_running_loop().time()
        with pytest.raises(OutcomeUnknownError, match=r"The deadline of 0\.2 s") as raised:
            await pay(provider, 1)
        over = asyncio.get_running_loop().time() - started - 0.2
        assert await raised.value.check() is not None
    return over


MIDDLE = pytest.mark.parametrize(
    "fault", [hang(processed=True), dripping_body(0.005)], ids=["no answer", "a body that drips"]
)


@MIDDLE
async def test_deadline_in_the_middle_of_paying(fault: Fault, figures: dict[str, float]) -> None:
    """If the order was sent, the outcome is unknown, and `check` has a deadline of its own."""
    figures[NAME] = max(await overrun_in_the_middle_of_paying(fault), figures.get(NAME, 0.0))


@MIDDLE
def test_nothing_is_waited_for_after_the_deadline_of_a_payment(fault: Fault) -> None:
    """If only waits take time, the payment ends exactly at its deadline."""
    assert EXACTLY == run_by_timers_only(overrun_in_the_middle_of_paying(fault))
