"""Tests of the rate limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiolimiter
import pytest

from paysdk.events import Event, Waiting
from paysdk.transport import rate_limit
from paysdk.transport.credentials import Secret
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats
from paysdk.transport.policy import RetryPolicy
from paysdk.transport.rate_limit import RateLimited, RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType


GET = Request("GET", "/payments", "cursor=")


class Clock:
    """A clock that advances only when something sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.interruptions: list[Callable[[], None]] = []

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock, and run what was to happen in the meantime."""
        await asyncio.sleep(0)
        if self.interruptions:
            self.interruptions.pop(0)()
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the rate limit."""
    clock = Clock()
    monkeypatch.setattr(rate_limit, "time", clock)
    monkeypatch.setattr(rate_limit, "asyncio", clock)
    return clock


class Responding:
    """A transport that responds at once, and notes the time of each request."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def send(
        self,
        request: Request,  # noqa: ARG002  # the protocol's
        attempt: Attempt,  # noqa: ARG002  # the protocol's
    ) -> RawResponse:
        self.asked.append(vars(rate_limit)["time"].monotonic())
        return RawResponse(200, {}, b"{}")


class Counting:
    """A limiter that counts, and can run a callback while a request waits for it."""

    def __init__(self) -> None:
        self.entered = 0
        self.inside = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __aenter__(self) -> None:
        self.entered += 1
        await self.gate.wait()
        self.inside += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.inside -= 1


def rate_limited(
    limiter: AbstractAsyncContextManager[object] | None = None, draw: float = 0.0
) -> tuple[RateLimited, Responding, list[Event]]:
    """Make a rate limit over a transport that responds at once, and return its events."""
    inner, events = Responding(), list[Event]()
    return (
        RateLimited(
            inner,
            limiter,
            "campfire",
            "https://api.example.com",
            EventEmitter(events.append),
            draw=lambda: draw,
        ),
        inner,
        events,
    )


def attempt() -> Attempt:
    """Make an attempt."""
    return Attempt(1, Secret("Token sandbox-key"), RequestStats())


async def test_no_limiter_and_no_pause() -> None:
    """Without a limiter and a pause, a request is sent at once."""
    pace, inner, events = rate_limited()
    assert RawResponse(200, {}, b"{}") == await pace.send(GET, attempt())
    assert 1 == len(inner.asked)
    assert [] == events


async def test_limiter_is_entered_once_for_each_request() -> None:
    """Each request enters and leaves the limiter once."""
    limiter = Counting()
    pace, inner, _ = rate_limited(limiter)
    for _ in range(3):
        await pace.send(GET, attempt())
    assert (3, 0, 3) == (limiter.entered, limiter.inside, len(inner.asked))


async def test_limiter_is_left_after_a_failure() -> None:
    """A request that fails leaves the limiter, too."""

    class Failing(Responding):
        async def send(self, request: Request, attempt: Attempt) -> RawResponse:
            raise ConnectionError(request.path, attempt.number)

    limiter = Counting()
    with pytest.raises(ConnectionError):
        await RateLimited(
            Failing(), limiter, "campfire", "https://api.example.com", EventEmitter(None)
        ).send(GET, attempt())
    assert (1, 0) == (limiter.entered, limiter.inside)


@pytest.mark.parametrize(
    "raised", [ConnectionError("broken"), asyncio.CancelledError()], ids=["failed", "cancelled"]
)
async def test_limiter_cannot_suppress_an_error(raised: BaseException) -> None:
    """The limiter receives the error, and its return value is ignored."""
    told: list[BaseException | None] = []

    class Swallowing:
        async def __aenter__(self) -> None:
            """Anybody may."""

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> bool:
            told.append(error)
            return True

    class Failing(Responding):
        async def send(
            self,
            request: Request,  # noqa: ARG002  # the protocol's
            attempt: Attempt,  # noqa: ARG002  # the protocol's
        ) -> RawResponse:
            raise raised

    with pytest.raises(type(raised)) as caught:
        await RateLimited(
            Failing(), Swallowing(), "campfire", "https://api.example.com", EventEmitter(None)
        ).send(GET, attempt())
    assert [raised] == [caught.value] == told


async def test_aiolimiter() -> None:
    """An aiolimiter.AsyncLimiter works as a limiter."""
    pace, inner, _ = rate_limited(aiolimiter.AsyncLimiter(2, 0.02))
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(4)))
    assert 4 == len(inner.asked)


async def test_all_requests_wait() -> None:
    """During a wait no request is sent, and each one emits how long it waits."""
    pace, inner, events = rate_limited()
    pace.pause_all(30)
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(3)))
    assert 3 == len(inner.asked)
    assert min(inner.asked) >= 130
    assert [
        Waiting("campfire", "GET", "https://api.example.com/payments?cursor=", 30.0)
    ] * 3 == events


@pytest.mark.parametrize(("seconds", "wait"), [(5, 5.5), (30, 31)])
async def test_requests_are_spread_after_a_wait(seconds: float, wait: float) -> None:
    """They are spread over a tenth of the wait, and over one second at most."""
    pace, _, events = rate_limited(draw=1.0)
    pace.pause_all(seconds)
    await pace.send(GET, attempt())
    assert [wait] == [event.wait for event in events if isinstance(event, Waiting)]


async def test_longest_wait_counts() -> None:
    """A shorter wait does not shorten a longer one."""
    pace, inner, _ = rate_limited()
    pace.pause_all(30)
    pace.pause_all(0)
    await pace.send(GET, attempt())
    assert [130] == inner.asked


async def test_wait_that_begins_during_a_wait(clock: Clock) -> None:
    """A request that waits goes on waiting if a later wait begins."""
    pace, inner, events = rate_limited()
    pace.pause_all(10)
    clock.interruptions = [
        lambda: pace.pause_all(20),
        lambda: pace.pause_all(20),
        lambda: pace.pause_all(20),
    ]
    await pace.send(GET, attempt())
    assert [10, 10, 10, 10] == [event.wait for event in events if isinstance(event, Waiting)]
    assert [140] == inner.asked


async def test_wait_that_begins_at_the_limiter() -> None:
    """A request that waits for the limiter also waits for a pause that begins there."""
    limiter = Counting()
    limiter.gate.clear()
    pace, inner, events = rate_limited(limiter)
    sending = asyncio.create_task(pace.send(GET, attempt()))
    await asyncio.sleep(0)
    assert 1 == limiter.entered
    pace.pause_all(20)
    limiter.gate.set()
    await sending
    assert [120] == inner.asked
    assert [Waiting] == [type(event) for event in events]


async def test_cancelled_while_waiting() -> None:
    """A request that is cancelled while it waits was not sent, and does not enter the limiter."""
    limiter = Counting()
    pace, inner, _ = rate_limited(limiter)
    pace.pause_all(60)
    sending = asyncio.create_task(pace.send(GET, attempt()))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert ([], 0, 0) == (inner.asked, limiter.entered, limiter.inside)


def test_retry_budget() -> None:
    """The budget allows a hundred retries at once, then ten a second, and saves up a hundred."""
    now = 0.0
    budget = RetryBudget(0.2, lambda: now)
    assert 100 == sum(budget.take() for _ in range(150))
    now = 0.35
    assert 3 == sum(budget.take() for _ in range(10))
    now = 1000.0
    assert 100 == sum(budget.take() for _ in range(150))


async def test_limiter_receives_the_error() -> None:
    """A limiter is left with the error of the request, or with none."""
    left: list[tuple[object, ...]] = []

    class Told(Counting):
        async def __aexit__(self, *args: object) -> None:  # kind, error and traceback
            left.append(args)

    pace, inner, _ = rate_limited(Told())
    await pace.send(GET, attempt())
    failure = ConnectionError("lost")

    async def fail(_request: Request, _attempt: Attempt) -> RawResponse:
        raise failure

    inner.send = fail  # type: ignore[assignment,method-assign]  # it fails
    with pytest.raises(ConnectionError):
        await pace.send(GET, attempt())
    assert [(None, None), (ConnectionError, failure)] == [args[:2] for args in left]
    assert [True, False] == [args[2] is None for args in left]


class Scripted(Responding):
    """A transport with these responses. It repeats the last one forever."""

    def __init__(self, *responses: RawResponse) -> None:
        super().__init__()
        self.responses = list(responses)

    async def send(self, request: Request, attempt: Attempt) -> RawResponse:
        await super().send(request, attempt)
        await asyncio.sleep(0)
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]


BUSY, DOWN, FINE = RawResponse(429, {}, b""), RawResponse(503, {}, b""), RawResponse(200, {}, b"{}")


def scripted(*responses: RawResponse, initial: float = 1.0) -> tuple[RateLimited, Scripted]:
    """Make a rate limit over a scripted transport."""
    inner = Scripted(*responses)
    policy = RetryPolicy(wait_initial=initial, wait_max=8.0)
    return RateLimited(
        inner,
        None,
        "campfire",
        "https://api.example.com",
        EventEmitter(None),
        policy=policy,
        draw=lambda: 0.0,
    ), inner


async def test_429_without_a_wait() -> None:
    """All requests pause, and the pauses grow while nothing succeeds."""
    pace, inner = scripted(BUSY, BUSY, BUSY, FINE)
    for _ in range(4):
        await pace.send(GET, attempt())
    assert [100, 101, 103, 107] == inner.asked
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(3)))
    assert [107] * 3 == inner.asked[4:]


async def test_pause_shrinks_after_a_success() -> None:
    """The pauses shrink when requests succeed in between."""
    pace, inner = scripted(BUSY, FINE, BUSY, FINE, BUSY, FINE)
    for _ in range(6):
        await pace.send(GET, attempt())
    assert [100, 101, 101, 101.5, 101.5, 101.75] == inner.asked


async def test_concurrent_429s() -> None:
    """Ten requests that get a 429 at the same time begin one pause."""
    pace, inner = scripted(BUSY)
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(10)))
    inner.responses = [FINE]
    pace._inner = inner
    await pace.send(GET, attempt())
    assert [100] * 10 == inner.asked[:10]
    assert inner.asked[10] <= 102


async def test_503_without_a_wait() -> None:
    """All requests pause after the third 503 in a row without a success between."""
    pace, inner = scripted(DOWN, DOWN, FINE, DOWN, DOWN, DOWN, FINE)
    for _ in range(7):
        await pace.send(GET, attempt())
    assert [100] * 6 + [101] == inner.asked


async def test_named_wait_begins_no_pause() -> None:
    """A response that names a wait begins no pause here: the retries apply the wait."""
    pace, inner = scripted(RawResponse(429, {"retry-after": "5"}, b""), FINE)
    for _ in range(2):
        await pace.send(GET, attempt())
    assert [100, 100] == inner.asked


async def test_request_waits_for_one_pause(clock: Clock) -> None:
    """A request that has waited for one pause is sent, so it ends even in an outage."""
    pace, inner = scripted(BUSY)
    await pace.send(GET, attempt())

    def another() -> None:
        pace._paused_until = clock.now + 10

    clock.interruptions = [another] * 9
    await pace.send(GET, attempt())
    assert [100, 101] == inner.asked


async def test_named_wait_always_applies(clock: Clock) -> None:
    """After any number of pauses, nothing is sent before the time that the provider named."""
    pace, inner = scripted(FINE)
    pace.pause_all(50)
    clock.interruptions = [lambda: pace.pause_all(60)] * 5
    await pace.send(GET, attempt())
    assert [280] == inner.asked


def test_budget_grows_with_the_requests() -> None:
    """A busy program with one fault in twenty has enough retries, and an outage has a share."""

    def spent(share: float, faults: int) -> tuple[int, int]:
        now, refused, retries = 0.0, 0, 0
        budget = RetryBudget(share, lambda: now)
        for number in range(10_000):
            now = number / 393
            budget.add_request()
            if number % 20 < faults:
                taken = budget.take()
                retries += taken
                refused += not taken
        return retries, refused

    assert (500, 0) == spent(0.2, 1)
    assert 0 < spent(0.0, 1)[1]
    retries, _ = spent(0.2, 20)
    assert 2000 < retries <= 2000 + 100 + 10 * 10_000 / 393
