"""Keeping to a provider's pace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiolimiter
import pytest

from paysdk.events import Event, Waiting
from paysdk.transport import rate_limit
from paysdk.transport.credentials import Secret
from paysdk.transport.messages import Request, Response
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats
from paysdk.transport.policy import RetryPolicy
from paysdk.transport.rate_limit import RateLimited, RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType


GET = Request("GET", "/payments", "cursor=")


class Clock:
    """A clock that goes on only when somebody sleeps by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.interruptions: list[Callable[[], None]] = []

    def monotonic(self) -> float:
        """What time it is."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep, which takes no time; what was to happen meanwhile happens."""
        await asyncio.sleep(0)
        if self.interruptions:
            self.interruptions.pop(0)()
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the pace."""
    clock = Clock()
    monkeypatch.setattr(rate_limit, "time", clock)
    monkeypatch.setattr(rate_limit, "asyncio", clock)
    return clock


class Answering:
    """A transport that answers at once, and remembers when it was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def send(self, request: Request, attempt: Attempt) -> Response:  # noqa: ARG002  # the protocol's
        self.asked.append(vars(rate_limit)["time"].monotonic())
        return Response(200, {}, b"{}")


class Counting:
    """A limiter that counts, and may let a test do something to those who stand in line."""

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


def paced(
    limiter: AbstractAsyncContextManager[object] | None = None, draw: float = 0.0
) -> tuple[RateLimited, Answering, list[Event]]:
    """A pace over a transport that answers at once, and the events that it tells."""
    inner, events = Answering(), list[Event]()
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
    """Some attempt."""
    return Attempt(1, Secret("Token sandbox-key"), RequestStats())


async def test_nothing_in_the_way() -> None:
    """Without a limiter and without a hold, a request goes out at once."""
    pace, inner, events = paced()
    assert Response(200, {}, b"{}") == await pace.send(GET, attempt())
    assert 1 == len(inner.asked)
    assert [] == events


async def test_limiter_is_entered_once_for_each_request() -> None:
    """Each request enters the limiter and leaves it."""
    limiter = Counting()
    pace, inner, _ = paced(limiter)
    for _ in range(3):
        await pace.send(GET, attempt())
    assert (3, 0, 3) == (limiter.entered, limiter.inside, len(inner.asked))


async def test_limiter_is_left_after_a_failure() -> None:
    """A request that fails leaves the limiter as well."""

    class Failing(Answering):
        async def send(self, request: Request, attempt: Attempt) -> Response:
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
async def test_limiter_that_swallows(raised: BaseException) -> None:
    """A limiter is told of a failure and cannot make it go away."""
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

    class Failing(Answering):
        async def send(self, request: Request, attempt: Attempt) -> Response:  # noqa: ARG002  # the protocol's
            raise raised

    with pytest.raises(type(raised)) as caught:
        await RateLimited(
            Failing(), Swallowing(), "campfire", "https://api.example.com", EventEmitter(None)
        ).send(GET, attempt())
    assert [raised] == [caught.value] == told


async def test_limiter_of_others() -> None:
    """An aiolimiter.AsyncLimiter can be given as it is."""
    pace, inner, _ = paced(aiolimiter.AsyncLimiter(2, 0.02))
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(4)))
    assert 4 == len(inner.asked)


async def test_everybody_waits() -> None:
    """While one was told to wait, nobody sends; each says how long it waits."""
    pace, inner, events = paced()
    pace.pause_all(30)
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(3)))
    assert 3 == len(inner.asked)
    assert min(inner.asked) >= 130
    assert [
        Waiting("campfire", "GET", "https://api.example.com/payments?cursor=", 30.0)
    ] * 3 == events


@pytest.mark.parametrize(("seconds", "wait"), [(5, 5.5), (30, 31)])
async def test_comes_back_spread(seconds: float, wait: float) -> None:
    """Those that were held come back spread over a tenth of the time they waited, a second at most."""
    pace, _, events = paced(draw=1.0)
    pace.pause_all(seconds)
    await pace.send(GET, attempt())
    assert [wait] == [event.wait for event in events if isinstance(event, Waiting)]


async def test_shorter_hold_does_not_shorten_a_longer_one() -> None:
    """The latest moment that anybody was told counts."""
    pace, inner, _ = paced()
    pace.pause_all(30)
    pace.pause_all(0)
    await pace.send(GET, attempt())
    assert [130] == inner.asked


async def test_hold_that_comes_while_waiting(clock: Clock) -> None:
    """Who waits when another is told to wait even longer, waits on, as often as that happens."""
    pace, inner, events = paced()
    pace.pause_all(10)
    clock.interruptions = [
        lambda: pace.pause_all(20),
        lambda: pace.pause_all(20),
        lambda: pace.pause_all(20),
    ]
    await pace.send(GET, attempt())
    assert [10, 10, 10, 10] == [event.wait for event in events if isinstance(event, Waiting)]
    assert [140] == inner.asked


async def test_hold_that_comes_in_the_line_at_the_limiter() -> None:
    """Who has stood in line at the limiter while another was told to wait, waits too."""
    limiter = Counting()
    limiter.gate.clear()
    pace, inner, events = paced(limiter)
    sending = asyncio.create_task(pace.send(GET, attempt()))
    await asyncio.sleep(0)
    assert 1 == limiter.entered
    pace.pause_all(20)
    limiter.gate.set()
    await sending
    assert [120] == inner.asked
    assert [Waiting] == [type(event) for event in events]


async def test_cancelled_while_waiting() -> None:
    """Who is cancelled while it waits has sent nothing, and holds no place."""
    limiter = Counting()
    pace, inner, _ = paced(limiter)
    pace.pause_all(60)
    sending = asyncio.create_task(pace.send(GET, attempt()))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert ([], 0, 0) == (inner.asked, limiter.entered, limiter.inside)


def test_retries_are_budgeted() -> None:
    """A hundred retries may be made at once, then ten a second, and never more than a hundred are saved up."""
    now = 0.0
    budget = RetryBudget(0.2, lambda: now)
    assert 100 == sum(budget.take() for _ in range(150))
    now = 0.35
    assert 3 == sum(budget.take() for _ in range(10))
    now = 1000.0
    assert 100 == sum(budget.take() for _ in range(150))


async def test_limiter_is_told_what_it_lets_out() -> None:
    """A limiter is left as any context is: with the error that went through it, or with none."""
    left: list[tuple[object, ...]] = []

    class Told(Counting):
        async def __aexit__(self, *args: object) -> None:  # kind, error and traceback
            left.append(args)

    pace, inner, _ = paced(Told())
    await pace.send(GET, attempt())
    failure = ConnectionError("lost")

    async def fail(_request: Request, _attempt: Attempt) -> Response:
        raise failure

    inner.send = fail  # type: ignore[assignment,method-assign]
    with pytest.raises(ConnectionError):
        await pace.send(GET, attempt())
    assert [(None, None), (ConnectionError, failure)] == [args[:2] for args in left]
    assert [True, False] == [args[2] is None for args in left]


class Scripted(Answering):
    """A transport that answers with these responses, the last one for ever."""

    def __init__(self, *responses: Response) -> None:
        super().__init__()
        self.responses = list(responses)

    async def send(self, request: Request, attempt: Attempt) -> Response:
        await super().send(request, attempt)
        await asyncio.sleep(0)
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]


BUSY, DOWN, FINE = Response(429, {}, b""), Response(503, {}, b""), Response(200, {}, b"{}")


def scripted(*responses: Response, initial: float = 1.0) -> tuple[RateLimited, Scripted]:
    """A pace over a transport that answers so."""
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


async def test_everybody_pauses_after_a_429_that_names_no_time() -> None:
    """One is told, all pause, and the pauses grow while nothing succeeds."""
    pace, inner = scripted(BUSY, BUSY, BUSY, FINE)
    for _ in range(4):
        await pace.send(GET, attempt())
    assert [100, 101, 103, 107] == inner.asked
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(3)))
    assert [107] * 3 == inner.asked[4:]


async def test_pause_shrinks_after_a_success() -> None:
    """A provider that is only now and then busy slows nobody down for long."""
    pace, inner = scripted(BUSY, FINE, BUSY, FINE, BUSY, FINE)
    for _ in range(6):
        await pace.send(GET, attempt())
    assert [100, 101, 101, 101.5, 101.5, 101.75] == inner.asked


async def test_pause_begins_once_for_those_that_were_under_way() -> None:
    """Ten that are told at the same time are one sign of overload and not ten."""
    pace, inner = scripted(BUSY)
    await asyncio.gather(*(pace.send(GET, attempt()) for _ in range(10)))
    inner.responses = [FINE]
    pace._inner = inner
    await pace.send(GET, attempt())
    assert [100] * 10 == inner.asked[:10]
    assert inner.asked[10] <= 102


async def test_one_503_is_about_one_request() -> None:
    """Only the third in a row, with no success between, makes all pause."""
    pace, inner = scripted(DOWN, DOWN, FINE, DOWN, DOWN, DOWN, FINE)
    for _ in range(7):
        await pace.send(GET, attempt())
    assert [100] * 6 + [101] == inner.asked


async def test_time_that_is_named_is_no_pause_of_ours() -> None:
    """Whoever reads the response keeps all back for that time."""
    pace, inner = scripted(Response(429, {"retry-after": "5"}, b""), FINE)
    for _ in range(2):
        await pace.send(GET, attempt())
    assert [100, 100] == inner.asked


async def test_pauses_end_for_everybody(clock: Clock) -> None:
    """A request that was held back by one pause goes out, so that in an outage it comes to an end."""
    pace, inner = scripted(BUSY)
    await pace.send(GET, attempt())

    def another() -> None:
        pace._paused_until = clock.now + 10

    clock.interruptions = [another] * 9
    await pace.send(GET, attempt())
    assert [100, 101] == inner.asked


async def test_time_that_is_named_is_kept_through_any_pauses(clock: Clock) -> None:
    """However many pauses there were, nothing goes out before the time that the provider named."""
    pace, inner = scripted(FINE)
    pace.pause_all(50)
    clock.interruptions = [lambda: pace.pause_all(60)] * 5
    await pace.send(GET, attempt())
    assert [280] == inner.asked


def test_retries_are_a_share_of_the_requests() -> None:
    """At 393 requests a second with one fault in twenty no listing of a thousand ends early; an outage gets a share and no more."""

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
