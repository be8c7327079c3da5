"""Tests of the client of one provider's API."""

from __future__ import annotations

import asyncio
import gc
import pickle
import socket
import time
from typing import TYPE_CHECKING, Any

import aiolimiter
import pytest

from paysdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    NotFoundError,
    PaysdkError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.events import Event, RequestSent, ResponseReceived, RetryPlanned, Waiting
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import Fault, FaultPlan, hang, reset, status
from paysdk.testing import Request as Received
from paysdk.testing import Response as Reply
from paysdk.transport.client import Client, Settings
from paysdk.transport.conventions import Conventions
from paysdk.transport.credentials import Secret
from paysdk.transport.messages import ErrorDetails, RawResponse, Request
from paysdk.transport.observer import Attempt, RequestStats
from paysdk.transport.policy import RetryPolicy
from paysdk.transport.rate_limit import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Until

GET = Request("GET", "/coa/api/v1/invoice-payments", "cursor=")
QUICK = RetryPolicy(attempts=3, wait_initial=0)


def settings(**given: object) -> Settings:
    """Make settings with quick retries."""
    defaults: dict[str, Any] = {
        "key": Secret("sandbox-key"),
        "default_base_url": "http://127.0.0.1:1",
        "retry": QUICK,
        "timeout": 5.0,
    }
    return Settings(**defaults | given)


def client(origin: str = "http://127.0.0.1:1", **given: object) -> Client:
    """Make a client for this origin."""
    return Client("campfire", "Token", settings(**{"base_url": origin, **given}))


def read(response: RawResponse) -> int:
    """Return the status of a response."""
    return response.status


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"key": Secret("")}, "api_key is empty"),
        ({"key": Secret("Token x")}, "api_key contains a space"),
        ({"key": Secret("x\n")}, "api_key contains a space, a line end"),
        ({"key": Secret(7)}, "api_key must be a str"),  # type: ignore[arg-type]  # what is refused
        ({"origin": "http://example.com"}, "base_url must be https"),
        ({"origin": "example.com"}, "base_url is not an http"),
        ({"origin": "https://example.com/a b"}, "base_url contains a character"),
        ({"origin": 7}, "base_url must be a string, not 7"),
        ({"timeout": 0}, "timeout must be"),
        ({"timeout": -1.0}, "timeout must be"),
        ({"timeout": None}, "timeout must be"),
        ({"timeout": True}, "timeout must be"),
        ({"timeout": float("inf")}, "timeout must be"),
        ({"timeout": float("nan")}, "timeout must be"),
        ({"deadline": 0}, "deadline must be"),
        ({"deadline": "5"}, "deadline must be"),
        ({"retry": None}, "retry must be a RetryPolicy"),
        ({"retry": 3}, "retry must be a RetryPolicy"),
        ({"limiter": 3}, "limiter must be an async context manager"),
        ({"limiter": asyncio.Event()}, "limiter must be an async context manager"),
        (
            {"limiter": type("Leaves", (), {"__aexit__": None})()},
            "limiter must be an async context manager",
        ),
        (
            {"limiter": type("Enters", (), {"__aenter__": None})()},
            "limiter must be an async context manager",
        ),
        ({"limiter": asyncio.Lock}, "limiter must be an async context manager"),
        ({"on_event": "log"}, "on_event must be callable"),
        ({"on_malformed": []}, "on_malformed must be callable"),
        ({"trust_env": 1}, "trust_env must be True or False"),
        ({"ssl_context": "ca.pem"}, "ssl_context must be an ssl.SSLContext, not 'ca.pem'"),
        ({"session": "session"}, "session must be an aiohttp.ClientSession"),
    ],
)
def test_refuses_a_wrong_setting(
    wrong: dict[str, object], message: str, told_by: Callable[[BaseException], str]
) -> None:
    """A wrong setting is refused by name when the settings are made."""
    with pytest.raises(ConfigurationError, match=message) as raised:
        client(**wrong)  # type: ignore[arg-type]  # what is refused
    assert "sandbox-key" not in told_by(raised.value)


def test_settings_do_not_show_the_key() -> None:
    """Neither a repr nor a pickle of the settings contains the key."""
    made = settings()
    assert "sandbox-key" not in repr(made)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(made)


async def test_call() -> None:
    """A call sends the key, returns what `read` returns, and counts the request."""
    async with CampfireSandbox(payments=1) as sandbox:
        caller, stats = client(sandbox.url), RequestStats()
        assert 200 == await caller.call(GET, read, stats)
        await caller.aclose()
        assert [True] == [request.authorised for request in sandbox.requests]
    assert RequestStats(requests=1) == stats


async def test_events_have_the_provider(until: Until) -> None:
    """Every event of a call has the provider's name."""
    events: list[Event] = []
    async with CampfireSandbox(
        faults=FaultPlan().always(status(429, headers={"Retry-After": "30"}))
    ) as sandbox:
        caller = client(sandbox.url, on_event=events.append)
        first = caller.start(caller.call(GET, read, RequestStats()))
        await until(lambda: any(isinstance(event, RetryPlanned) for event in events))
        second = caller.start(caller.call(GET, read, RequestStats()))
        await until(lambda: any(isinstance(event, Waiting) for event in events))
        await caller.aclose()
    assert (True, True) == (first.cancelled(), second.cancelled())
    assert {RequestSent, ResponseReceived, RetryPlanned, Waiting} == {
        type(event) for event in events
    }
    assert {"campfire"} == {event.provider for event in events}


async def test_wrong_key(told_by: Callable[[BaseException], str]) -> None:
    """If the API refuses the key, the call raises AuthenticationError without the key."""
    async with CampfireSandbox(api_key="another-key") as sandbox:
        caller = client(sandbox.url)
        with pytest.raises(AuthenticationError, match="401 Invalid token") as raised:
            await caller.call(GET, read, RequestStats())
        await caller.aclose()
        assert 1 == len(sandbox.requests)
    assert "sandbox-key" not in told_by(raised.value)
    assert "sandbox-key" not in repr(pickle.dumps(raised.value.args))


@pytest.mark.parametrize(
    "fault",
    [
        reset("before"),
        reset("headers"),
        reset("body"),
        hang(),
        status(500),
        status(302, headers={"Location": "https://example.org/"}),
    ],
)
async def test_failure_shows_no_key(
    fault: Fault, caplog: pytest.LogCaptureFixture, told_by: Callable[[BaseException], str]
) -> None:
    """No error with its chain, no log record and no event contains the key."""
    events: list[Event] = []
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        caller = client(sandbox.url, on_event=events.append, timeout=0.02)
        with caplog.at_level(0), pytest.raises(PaysdkError) as raised:
            await caller.call(GET, read, RequestStats())
        await caller.aclose()
    assert len(events) >= 2
    for told in (
        told_by(raised.value),
        caplog.text,
        repr(events),
        repr([vars(record) for record in caplog.records]),
    ):
        assert "sandbox-key" not in told


async def test_refused_connection_shows_no_key(told_by: Callable[[BaseException], str]) -> None:
    """The error of a refused connection does not contain the key."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    caller = client(f"http://127.0.0.1:{port}")
    with pytest.raises(ConnectionFailedError) as raised:
        await caller.call(GET, read, RequestStats())
    await caller.aclose()
    assert "sandbox-key" not in told_by(raised.value)


async def test_callable_key() -> None:
    """A callable is called for each attempt, and once more after a 401."""
    keys = iter(["old-key", "sandbox-key", "sandbox-key", "sandbox-key"])
    asked: list[str] = []

    async def key() -> str:
        asked.append(next(keys))
        return asked[-1]

    async with CampfireSandbox(payments=1, faults=FaultPlan().on(3, status(503))) as sandbox:
        caller = client(sandbox.url, key=key)
        assert 200 == await caller.call(GET, read, RequestStats())
        assert 200 == await caller.call(GET, read, RequestStats())
        await caller.aclose()
        assert [False, True, True, True] == [request.authorised for request in sandbox.requests]
    assert ["old-key", "sandbox-key", "sandbox-key", "sandbox-key"] == asked


async def test_callable_learns_that_its_key_was_refused() -> None:
    """Its method `refused`, if any, gets the key after a 401, before the next key is requested."""

    class Keys:
        def __init__(self) -> None:
            self.calls: list[str] = []

        async def __call__(self) -> str:
            self.calls.append("asked")
            return "sandbox-key" if "refused old-key" in self.calls else "old-key"

        def refused(self, key: str) -> None:
            self.calls.append(f"refused {key}")

    keys = Keys()
    async with CampfireSandbox(payments=1) as sandbox:
        caller = client(sandbox.url, key=keys)
        assert 200 == await caller.call(GET, read, RequestStats())
        await caller.aclose()
    assert ["asked", "refused old-key", "asked"] == keys.calls


async def test_renewed_key_is_reported() -> None:
    """The event of the retry after a 401 has the number of the attempt, and no wait."""
    keys = iter(["old-key", "sandbox-key"])
    events: list[Event] = []

    async def key() -> str:
        return next(keys)

    attempts: list[Attempt] = []
    async with CampfireSandbox(payments=1) as sandbox:
        caller = client(sandbox.url, key=key, on_event=events.append)
        stats = RequestStats()
        await caller.call_within(caller.deadline(), GET, read, stats, attempts=attempts)
        await caller.aclose()
        url = f"{sandbox.url}{GET.target}"
    planned = [event for event in events if isinstance(event, RetryPlanned)]
    assert [RetryPlanned("campfire", "GET", url, 1, "AuthenticationError", 0.0)] == planned
    assert [1, 2] == [attempt.number for attempt in attempts]


async def test_error_in_the_words_of_the_api() -> None:
    """The error of a response has what the conventions of the API read in it."""
    conventions = Conventions(explain_error=lambda _response: ErrorDetails(detail="No such list."))
    async with CampfireSandbox(faults=FaultPlan().always(status(404))) as sandbox:
        caller = Client("campfire", "Token", settings(base_url=sandbox.url), conventions)
        with pytest.raises(NotFoundError, match=r"^404 No such list\."):
            await caller.call(GET, read, RequestStats())
        await caller.aclose()


async def test_without_a_scheme_no_key_is_sent() -> None:
    """The requests have no `Authorization` header."""
    async with CampfireSandbox(payments=1) as sandbox:
        caller = Client("campfire", "", settings(base_url=sandbox.url))
        with pytest.raises(AuthenticationError, match="credentials were not provided"):
            await caller.call(GET, read, RequestStats())
        await caller.aclose()
        (request,) = sandbox.requests
        assert "authorization" not in {name.lower() for name in request.headers}


def test_the_proxy_of_the_environment_must_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names a proxy only for a client with ``trust_env``."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    proxies = [
        client("https://api.example.com", trust_env=asked)._sessions._proxy
        for asked in (False, True)
    ]
    assert [None, "http://proxy:1"] == proxies


@pytest.mark.parametrize(("headers", "pause"), [({}, 0.001), ({"X-Resets-In": "0.3"}, None)])
async def test_pause_follows_the_policy_and_the_headers_of_the_api(
    headers: dict[str, str], pause: float | None
) -> None:
    """If no header of the API names a wait, all requests pause as the policy says."""
    faults = FaultPlan().on(1, status(429, headers=headers))
    async with CampfireSandbox(payments=1, faults=faults) as sandbox:
        given = settings(base_url=sandbox.url, retry=RetryPolicy(wait_initial=0.001))
        caller = Client("campfire", "Token", given, Conventions(reset_headers=("X-Resets-In",)))
        await caller.call(GET, read, RequestStats())
        limited = caller._retrying._inner
        await caller.aclose()
    assert isinstance(limited, RateLimited)
    assert pause == limited._pause


@pytest.mark.parametrize("wrong", ["", "Bearer x", "sandbox-key\n", None, 7])
async def test_callable_that_returns_a_wrong_key(
    wrong: object, told_by: Callable[[BaseException], str]
) -> None:
    """The result of a callable is checked before anything is sent."""

    async def key() -> object:
        return wrong

    async with CampfireSandbox() as sandbox:
        caller = client(sandbox.url, key=key)
        with pytest.raises(ConfigurationError, match="api_key") as raised:
            await caller.call(GET, read, RequestStats())
        await caller.aclose()
        assert 0 == len(sandbox.requests)
    assert "sandbox-key\n" not in str(raised.value)
    assert "sandbox-key" not in repr(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


async def test_callable_that_is_not_async(told_by: Callable[[BaseException], str]) -> None:
    """A callable that is not async is refused, and the error does not show its result."""
    caller = client(key=lambda: "sandbox-key")
    with pytest.raises(
        ConfigurationError, match="This callable is not async: it returned a str"
    ) as raised:
        await caller.call(GET, read, RequestStats())
    assert "sandbox-key" not in told_by(raised.value)


async def test_callable_that_fails() -> None:
    """An exception of the callable is raised as it is."""

    async def key() -> str:
        raise LookupError("vault is sealed")

    caller = client(key=key)
    with pytest.raises(LookupError, match="vault is sealed"):
        await caller.call(GET, read, RequestStats())


async def test_deadline_ends_a_call(told_by: Callable[[BaseException], str]) -> None:
    """The deadline includes requests, retries and waits; the error names it and the request."""
    async with CampfireSandbox(faults=FaultPlan().always(status(503, retry_after=30))) as sandbox:
        caller = client(sandbox.url, deadline=0.1)
        with pytest.raises(
            RequestTimeoutError, match=r"The deadline of 0\.1 s for the whole operation"
        ) as raised:
            await caller.call_within(caller.deadline(), GET, read, RequestStats())
        await caller.aclose()
        assert 1 == len(sandbox.requests)
        expected = ("campfire", "GET", f"{sandbox.url}/coa/api/v1/invoice-payments?cursor=")
        assert expected == (raised.value.provider, raised.value.method, raised.value.url)
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


async def test_deadline_ends_a_request_in_flight(told_by: Callable[[BaseException], str]) -> None:
    """The deadline ends a request without a response."""
    async with CampfireSandbox(faults=FaultPlan().always(hang())) as sandbox:
        caller, stats = client(sandbox.url, deadline=0.1), RequestStats()
        with pytest.raises(RequestTimeoutError, match="The deadline") as raised:
            await caller.call_within(caller.deadline(), GET, read, stats)
        await caller.aclose()
    assert RequestStats(requests=1) == stats
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


async def test_call_within_a_deadline_notes_its_attempts() -> None:
    """Each attempt is noted, and something can be awaited before a retry."""
    retries: list[int] = []
    attempts: list[Attempt] = []

    async def note_retry() -> None:
        retries.append(len(attempts))

    async with CampfireSandbox(faults=FaultPlan().always(status(503))) as sandbox:
        caller = client(sandbox.url, retry=RetryPolicy(attempts=2, wait_initial=0))
        with pytest.raises(ServerError):
            await caller.call_within(
                caller.deadline(),
                GET,
                read,
                RequestStats(),
                before_retry=note_retry,
                attempts=attempts,
            )
        await caller.aclose()
        assert (2, [1], 2) == (len(attempts), retries, len(sandbox.requests))


async def test_timeout_within_the_deadline() -> None:
    """If one attempt times out, the error names the timeout and not the deadline."""
    async with CampfireSandbox(faults=FaultPlan().always(hang())) as sandbox:
        caller = client(sandbox.url, deadline=5.0, timeout=0.02, retry=RetryPolicy(attempts=1))
        with pytest.raises(RequestTimeoutError, match=r"timeout of 0\.02 s for one attempt"):
            await caller.call_within(caller.deadline(), GET, read, RequestStats())
        await caller.aclose()


async def test_call_after_closing() -> None:
    """A call after `aclose` raises an error that says what to do, and entering again helps."""
    asked: list[int] = []

    async def key() -> str:
        asked.append(1)
        return "sandbox-key"

    async with CampfireSandbox(payments=1) as sandbox:
        caller = client(sandbox.url, key=key)
        await caller.call(GET, read, RequestStats())
        await caller.aclose()
        await caller.aclose()
        with pytest.raises(
            ConfigurationError,
            match=r"This campfire provider is closed\. Enter it again with 'async with', or ",
        ):
            await caller.call(GET, read, RequestStats())
        assert 1 == len(asked)
        caller.reopen()
        assert 200 == await caller.call(GET, read, RequestStats())
        await caller.aclose()


async def test_closing_while_a_call_waits_to_retry(until: Until) -> None:
    """A call that waits to retry ends, and opens no session."""
    events: list[Event] = []
    async with CampfireSandbox(faults=FaultPlan().always(status(503, retry_after=0.1))) as sandbox:
        caller = client(sandbox.url, on_event=events.append)
        calling = asyncio.create_task(caller.call(GET, read, RequestStats()))
        await until(lambda: any(isinstance(event, RetryPlanned) for event in events))
        await caller.aclose()
        with pytest.raises(ConfigurationError, match="is closed"):
            await calling
        assert 1 == len(sandbox.requests)
        assert {} == caller._sessions._own


async def test_closing_ends_a_started_task() -> None:
    """A started task ends with the client, and waiting for it raises an error about closing."""
    caller = client()
    task = caller.start(asyncio.sleep(60))
    waiting = asyncio.create_task(caller.wait_for(task))
    await asyncio.sleep(0)
    await caller.aclose()
    assert task.cancelled()
    assert set() == caller._tasks
    with pytest.raises(ConfigurationError, match="is closed"):
        await waiting


async def test_closing_and_entering_again_ends_a_started_task() -> None:
    """Waiting for the task raises an error about closing, not a cancellation."""
    caller = client()
    task = caller.start(asyncio.sleep(60))
    waiting = asyncio.create_task(caller.wait_for(task))
    await asyncio.sleep(0)
    await caller.aclose()
    caller.reopen()
    for late in (waiting, asyncio.create_task(caller.wait_for(task))):
        with pytest.raises(ConfigurationError, match="closed"):
            await late
    assert 7 == await caller.wait_for(caller.start(asyncio.sleep(0, 7)))


async def test_listing_after_closing_and_entering_again() -> None:
    """The next step raises an error, and its checkpoint resumes the listing."""
    async with CampfireSandbox(payments=9) as sandbox:
        provider = CampfireProvider(sandbox.api_key, base_url=sandbox.url)
        pages = provider.list_payments(page_size=3).pages()
        given = [payment.id for payment in (await anext(pages)).payments]
        await provider.aclose()
        async with provider:
            with pytest.raises(
                ConfigurationError, match="was closed while this operation was running"
            ) as raised:
                given += [payment.id async for page in pages for payment in page.payments]
            given += [
                payment.id
                async for payment in provider.list_payments(resume=raised.value.checkpoint)
            ]
    assert 9 == len(set(given)) == len(given)


async def test_started_task_returns_its_result() -> None:
    """Waiting for a started task returns its result, and the task is forgotten."""
    caller = client()
    assert 7 == await caller.wait_for(caller.start(asyncio.sleep(0.001, 7)))
    await asyncio.sleep(0)
    assert set() == caller._tasks
    await caller.aclose()


async def test_started_task_fails() -> None:
    """The error of a task is raised where it is awaited, and is otherwise not reported."""

    async def fail() -> None:
        raise ServerError("500")

    caller = client()
    with pytest.raises(ServerError):
        await caller.wait_for(caller.start(fail()))
    disturbed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: disturbed.append(context)
    )
    caller.start(fail())
    await asyncio.sleep(0.001)
    gc.collect()
    assert [] == disturbed
    await caller.aclose()


async def test_waiting_for_a_started_task_is_cancelled() -> None:
    """A cancelled waiter is cancelled, even while the client is being closed."""
    caller = client()
    waiting = asyncio.create_task(caller.wait_for(caller.start(asyncio.sleep(60))))
    await asyncio.sleep(0)
    waiting.cancel()
    await caller.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_started_task_is_cancelled_from_outside() -> None:
    """If the client was not closed, the cancellation is raised as it is."""
    caller = client()
    task = caller.start(asyncio.sleep(60))
    waiting = asyncio.create_task(caller.wait_for(task))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await caller.aclose()


def test_closing_leaves_tasks_of_another_loop_alone() -> None:
    """Closing does not cancel the tasks of another event loop."""
    caller = client()
    other = asyncio.new_event_loop()

    async def start() -> asyncio.Task[None]:
        return caller.start(asyncio.sleep(0))

    task = other.run_until_complete(start())
    asyncio.run(caller.aclose())
    caller.reopen()
    other.run_until_complete(task)
    other.close()
    assert not task.cancelled()


async def test_many_tasks_share_one_object() -> None:
    """With two hundred tasks the limiter is entered once for each request and each retry."""
    entered = 0

    class Counting(aiolimiter.AsyncLimiter):
        async def __aenter__(self) -> None:
            nonlocal entered
            entered += 1
            await super().__aenter__()

    events: list[Event] = []
    async with CampfireSandbox(payments=1, faults=FaultPlan().every(10, status(503))) as sandbox:
        caller = client(
            sandbox.url,
            limiter=Counting(1000, 0.001),
            on_event=events.append,
            retry=RetryPolicy(wait_initial=0),
        )
        tallies = [RequestStats() for _ in range(200)]
        assert [200] * 200 == await asyncio.gather(
            *(caller.call(GET, read, stats) for stats in tallies)
        )
        await caller.aclose()
        received = len(sandbox.requests)
    assert received > 200
    assert received == entered
    assert received == sum(stats.requests for stats in tallies)
    assert received - 200 == sum(stats.retries for stats in tallies)
    assert received == len([event for event in events if isinstance(event, RequestSent)])
    assert received == len([event for event in events if isinstance(event, ResponseReceived)])


class Throttled(CampfireSandbox):
    """A sandbox that responds with 429 for a while after the first request."""

    until: float | None = None
    told = 0

    def respond(self, request: Received) -> Reply:
        """Respond with 429 during the wait."""
        now = time.monotonic()
        self.until = now + 0.05 if self.until is None else self.until
        if now >= self.until:
            return super().respond(request)
        self.told += 1
        return Reply(429, b"", {"Retry-After": str(self.until - now)})


async def test_tasks_wait_together(until: Until) -> None:
    """After one 429 all tasks wait, instead of getting a 429 each."""
    events: list[Event] = []
    async with Throttled(payments=1) as sandbox:
        caller = client(sandbox.url, on_event=events.append)
        first = asyncio.create_task(caller.call(GET, read, RequestStats()))
        await until(lambda: any(isinstance(event, RetryPlanned) for event in events))
        others = [asyncio.create_task(caller.call(GET, read, RequestStats())) for _ in range(200)]
        assert [200] * 201 == await asyncio.gather(first, *others)
        await caller.aclose()
        assert 1 == sandbox.told
        assert 202 == len(sandbox.requests)


async def test_dropped_connection_is_an_attempt() -> None:
    """A dropped connection is an attempt that is counted, limited and reported."""
    entered: list[int] = []

    class Limiter:
        async def __aenter__(self) -> None:
            entered.append(1)

        async def __aexit__(self, *args: object) -> None:
            pass

    events: list[Event] = []
    async with CampfireSandbox(payments=1, faults=FaultPlan().on(2, reset("before"))) as sandbox:
        caller, stats = (
            client(sandbox.url, limiter=Limiter(), on_event=events.append),
            RequestStats(),
        )
        await caller.call(GET, read, stats)
        await caller.call(GET, read, stats)
        await caller.aclose()
        assert 3 == len(sandbox.requests)
    assert RequestStats(requests=3, retries=1) == stats
    assert 3 == len(entered)
    assert 3 == len([event for event in events if isinstance(event, RequestSent)])
