"""Tests of the retries."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from paysdk.errors import (
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaysdkError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.events import Event, RetryPlanned, Waiting
from paysdk.records.malformed import decode_or_raise
from paysdk.transport import retry
from paysdk.transport.credentials import Secret
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats
from paysdk.transport.policy import RetryPolicy
from paysdk.transport.rate_limit import RateLimited, RetryBudget
from paysdk.transport.retry import Retrying

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Until

ORIGIN = "https://api.example.com"
GET = Request("GET", "/payments", "cursor=")
POST = Request("POST", "/invoice/7/pay/", body=b"{}")
OK = RawResponse(200, {}, b"[1]")
QUICK = RetryPolicy(attempts=4, wait_initial=0)


class Scripted:
    """A transport that responds or fails as a test says. It repeats the last step forever."""

    def __init__(self, steps: Sequence[RawResponse | PaysdkError]) -> None:
        self.steps = list(steps)
        self.sent: list[tuple[Request, int]] = []

    async def send(self, request: Request, attempt: Attempt) -> RawResponse:
        self.sent.append((request, attempt.number))
        attempt.stats.requests += 1
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, PaysdkError):
            raise step
        return step


class Client:
    """Retries over a scripted transport, with everything they emit."""

    def __init__(
        self, *steps: RawResponse | PaysdkError, policy: RetryPolicy = QUICK, draw: float = 1.0
    ) -> None:
        self.events: list[Event] = []
        self.keys = ["sandbox-key"]
        self.asked = 0
        self.refused: list[Secret | None] = []
        self.stats = RequestStats()
        self.transport = Scripted(steps)
        events = EventEmitter(self.events.append)
        rate_limited = RateLimited(
            self.transport, None, "campfire", ORIGIN, events, policy=policy, draw=lambda: 0.0
        )
        self.retrying = Retrying(
            rate_limited, policy, "campfire", ORIGIN, events, draw=lambda: draw
        )

    async def call(self, request: Request = GET) -> list[int]:
        """Call, and read the response as a list of numbers."""
        return await self.retrying.call(request, self.authorize, _read, self.stats)

    async def authorize(self, refused: Secret | None = None) -> Secret:
        """Return the header with the next key. The last key is repeated forever."""
        self.refused.append(refused)
        self.asked += 1
        key = self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]
        return Secret(f"Token {key}")

    @property
    def planned(self) -> list[float]:
        """The planned waits before the retries."""
        return [event.wait for event in self.events if isinstance(event, RetryPlanned)]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the attempts that were sent."""
        return [number for _, number in self.transport.sent]


def _read(response: RawResponse) -> list[int]:
    return decode_or_raise(msgspec.json.Decoder(list[int]).decode, response.body)


def not_sent() -> ConnectionFailedError:
    """Make the error of a refused connection."""
    error = ConnectionFailedError("refused")
    error.never_sent = True
    return error


async def test_success() -> None:
    """A success needs one attempt."""
    client = Client(OK)
    assert [1] == await client.call()
    assert [(GET, 1)] == client.transport.sent
    assert RequestStats(requests=1) == client.stats
    assert [] == client.events


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_transient_status(status: int) -> None:
    """A GET is retried after a transient status, and the retries are counted and emitted."""
    client = Client(RawResponse(status, {}, b""), RawResponse(status, {}, b""), OK)
    assert [1] == await client.call()
    assert [1, 2, 3] == client.numbers
    assert RequestStats(requests=3, retries=2) == client.stats
    kind = {408: "APIError", 425: "APIError", 429: "RateLimitedError"}.get(status, "ServerError")
    url = "https://api.example.com/payments?cursor="
    assert [
        RetryPlanned("campfire", "GET", url, number, kind, 0.0) for number in (1, 2)
    ] == client.events


@pytest.mark.parametrize(
    "status", [300, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 451, 501, 505, 507]
)
async def test_permanent_status(status: int) -> None:
    """Any other status is raised at once."""
    client = Client(RawResponse(status, {}, b""), OK)
    with pytest.raises(APIError) as raised:
        await client.call()
    assert status == raised.value.status
    assert RequestStats(requests=1) == client.stats


@pytest.mark.parametrize(
    "error",
    [ConnectionFailedError("broken"), not_sent(), RequestTimeoutError("late")],
    ids=["broken", "refused", "late"],
)
async def test_no_response(error: PaysdkError) -> None:
    """A GET without a response is retried."""
    client = Client(error, OK)
    assert [1] == await client.call()
    assert [1, 2] == client.numbers


@pytest.mark.parametrize("body", [b"<html>", b"[1, 2", b"[1]]", b"\xff"])
async def test_body_that_is_not_json(body: bytes) -> None:
    """A success that is not JSON is retried, and finally raises MalformedResponseError."""
    client = Client(RawResponse(200, {}, body), OK)
    assert [1] == await client.call()
    client = Client(RawResponse(200, {}, body))
    with pytest.raises(MalformedResponseError, match="The response is not JSON"):
        await client.call()
    assert [1, 2, 3, 4] == client.numbers


async def test_empty_body() -> None:
    """A success with an empty body is retried, and the final error says that it was empty."""
    client = Client(RawResponse(200, {}, b""), OK)
    assert [1] == await client.call()
    client = Client(RawResponse(200, {}, b""))
    with pytest.raises(
        MalformedResponseError, match="a success status but an empty body instead of JSON"
    ):
        await client.call()
    assert [1, 2, 3, 4] == client.numbers


async def test_body_of_another_shape() -> None:
    """JSON of another shape is raised at once, because a retry would get the same."""
    client = Client(RawResponse(200, {}, b'["1"]'), OK)
    with pytest.raises(MalformedResponseError) as raised:
        await client.call()
    assert "$[0]" == raised.value.path
    assert RequestStats(requests=1) == client.stats


async def test_last_attempt() -> None:
    """After the last attempt its error is raised, with the request on it."""
    client = Client(
        RawResponse(502, {}, b""),
        RawResponse(503, {}, b""),
        policy=RetryPolicy(attempts=3, wait_initial=0),
    )
    with pytest.raises(ServerError) as raised:
        await client.call()
    assert 503 == raised.value.status
    assert ("campfire", "GET", "https://api.example.com/payments?cursor=") == (
        raised.value.provider,
        raised.value.method,
        raised.value.url,
    )
    assert RequestStats(requests=3, retries=2) == client.stats
    assert 2 == len(client.planned)


async def test_single_attempt() -> None:
    """With one attempt there are no retries."""
    client = Client(RawResponse(503, {}, b""), OK, policy=RetryPolicy(attempts=1))
    with pytest.raises(ServerError):
        await client.call()
    assert [] == client.events


async def test_waits_grow() -> None:
    """The bound of the waits doubles up to the largest, and each wait is drawn below it."""
    policy = RetryPolicy(attempts=5, wait_initial=0.002, wait_max=0.005)
    client = Client(RawResponse(503, {}, b""), policy=policy)
    with pytest.raises(ServerError):
        await client.call()
    assert [0.002, 0.004, 0.005, 0.005] == client.planned
    client = Client(RawResponse(503, {}, b""), policy=policy, draw=0.5)
    with pytest.raises(ServerError):
        await client.call()
    assert [0.001, 0.002, 0.0025, 0.0025] == client.planned


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds(status: int) -> None:
    """The wait of the provider replaces the planned one."""
    client = Client(
        RawResponse(status, {"retry-after": "0.1"}, b""),
        OK,
        policy=RetryPolicy(wait_initial=60, wait_max=60),
        draw=0.0,
    )
    assert [1] == await client.call()
    assert [0.1] == client.planned


async def test_retry_after_as_a_date() -> None:
    """A date in the past leaves the planned wait."""
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=5), usegmt=True)
    client = Client(
        RawResponse(503, {"retry-after": past}, b""), OK, policy=RetryPolicy(wait_initial=0.003)
    )
    assert [1] == await client.call()
    assert [0.003] == client.planned


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_beyond_the_bound(status: int, form: str) -> None:
    """If the provider asks for a longer wait than is allowed, the error is raised at once."""
    text = (
        "61"
        if form == "seconds"
        else format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    )
    client = Client(RawResponse(status, {"retry-after": text}, b""), OK)
    with pytest.raises(APIError) as raised:
        await client.call()
    assert raised.value.retry_after is not None
    assert 60 < raised.value.retry_after <= 90
    assert RequestStats(requests=1) == client.stats
    # And it holds nobody up: an hour's wait is for each of the others to hear of and decide on as
    # well.
    assert [1] == await client.call()
    assert [] == client.events


async def test_nonsense_in_retry_after() -> None:
    """An unreadable Retry-After is ignored."""
    client = Client(RawResponse(503, {"retry-after": "soon"}, b""), OK)
    assert [1] == await client.call()
    assert [0.0] == client.planned


async def test_other_requests_wait_too() -> None:
    """After a 429, the other requests wait too, instead of getting a 429 each."""
    client = Client(RawResponse(429, {"retry-after": "0.1"}, b""), OK)
    first = asyncio.create_task(client.call())
    while not client.planned:  # noqa: ASYNC110  # a matter of turns, and no time may pass
        await asyncio.sleep(0)
    others = [asyncio.create_task(client.call()) for _ in range(5)]
    assert [[1]] * 6 == await asyncio.gather(first, *others)
    assert 1 == len(client.planned)
    assert 5 <= len([event for event in client.events if isinstance(event, Waiting)])
    assert 7 == client.stats.requests


async def test_other_requests_wait_after_the_last_attempt() -> None:
    """They also wait if the request with the 429 has no attempt left."""
    client = Client(
        RawResponse(429, {"retry-after": "0.1"}, b""), OK, policy=RetryPolicy(attempts=1)
    )
    with pytest.raises(RateLimitedError) as raised:
        await client.call()
    assert 0.1 == raised.value.retry_after
    assert [1] == await client.call()
    assert [Waiting] == [type(event) for event in client.events]


async def test_other_requests_wait_after_a_503_with_a_wait() -> None:
    """A 503 that names a wait delays all requests, as a 429 does."""
    client = Client(
        RawResponse(503, {"retry-after": "0.1"}, b""), OK, policy=RetryPolicy(attempts=1)
    )
    with pytest.raises(ServerError):
        await client.call()
    assert [1] == await client.call()
    assert [Waiting] == [type(event) for event in client.events]


@pytest.mark.parametrize(
    "name",
    ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after"],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_reset_header_delays_all_requests(status: int, name: str) -> None:
    """A reset header replaces a missing Retry-After, for all requests."""
    client = Client(RawResponse(status, {name: "0.2"}, b""), OK, draw=0.0)
    first = asyncio.create_task(client.call())
    while not client.planned:  # noqa: ASYNC110  # a matter of turns, and no time may pass
        await asyncio.sleep(0)
    others = [asyncio.create_task(client.call()) for _ in range(5)]
    assert [[1]] * 6 == await asyncio.gather(first, *others)
    assert [0.2] == client.planned
    assert 7 == client.stats.requests


async def test_reset_beyond_the_bound() -> None:
    """A reset that is too far away is raised at once, with the seconds on the error."""
    client = Client(RawResponse(429, {"x-ratelimit-reset": "90"}, b""), OK)
    with pytest.raises(RateLimitedError) as raised:
        await client.call()
    assert (90.0, 1) == (raised.value.retry_after, client.stats.requests)


@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
async def test_key_of_each_attempt(request_: Request) -> None:
    """A retry is sent with the key that is valid at that time."""
    client = Client(RawResponse(429, {}, b""), RawResponse(429, {}, b""), OK)
    assert [1] == await client.call(request_)
    assert (3, [1, 2, 3]) == (client.asked, client.numbers)


@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("attempts", [1, 2])
async def test_new_key_after_a_401(request_: Request, attempts: int) -> None:
    """With a new key the request is sent again, even if no retry is allowed."""
    client = Client(RawResponse(401, {}, b""), OK, policy=RetryPolicy(attempts=attempts))
    client.keys = ["old-key", "new-key"]
    assert [1] == await client.call(request_)
    assert [(request_, 1), (request_, 2)] == client.transport.sent
    assert RequestStats(requests=2, retries=1) == client.stats
    assert ["AuthenticationError"] == [
        event.error for event in client.events if isinstance(event, RetryPlanned)
    ]


async def test_refused_key_is_named() -> None:
    """The header that was refused is given to what makes the next one."""
    client = Client(RawResponse(401, {}, b""), OK)
    client.keys = ["old-key", "new-key"]
    await client.call()
    assert [None, "Token old-key"] == [key and key.reveal() for key in client.refused]


@pytest.mark.parametrize("after", [0, 1], ids=["at first", "after a 401"])
async def test_error_instead_of_a_key_is_not_retried(after: int) -> None:
    """What makes the key has retried by itself."""
    client = Client(*[RawResponse(401, {}, b"")] * after, OK)

    async def authorize(refused: Secret | None) -> Secret:
        if after and refused is None:
            return Secret("Token old-key")
        client.asked += 1
        raise not_sent()

    with pytest.raises(ConnectionFailedError):
        await client.retrying.call(GET, authorize, _read, client.stats)
    assert (1, after) == (client.asked, len(client.numbers))
    assert [] == client.planned


async def test_same_key_after_a_401() -> None:
    """A key that was refused is not sent again."""
    client = Client(RawResponse(401, {}, b""), OK)
    with pytest.raises(AuthenticationError):
        await client.call()
    assert (2, [1]) == (client.asked, client.numbers)


async def test_second_401_is_final() -> None:
    """The key is renewed only once for each request."""
    client = Client(RawResponse(401, {}, b""))
    client.keys = ["first-key", "second-key", "third-key", "fourth-key"]
    with pytest.raises(AuthenticationError):
        await client.call()
    assert [1, 2] == client.numbers


async def test_new_key_takes_no_attempt() -> None:
    """A 401 takes no attempt away from the retries."""
    client = Client(
        RawResponse(503, {}, b""),
        RawResponse(401, {}, b""),
        RawResponse(503, {}, b""),
        OK,
        policy=RetryPolicy(attempts=3, wait_initial=0),
    )
    client.keys = ["old-key", "old-key", "new-key"]
    assert [1] == await client.call()
    assert [1, 2, 3, 4] == client.numbers


async def test_second_401_of_a_retry_is_final() -> None:
    """This also holds if another failure came between."""
    client = Client(
        RawResponse(401, {}, b""), RawResponse(503, {}, b""), RawResponse(401, {}, b""), OK
    )
    client.keys = ["first-key", "second-key", "third-key", "fourth-key"]
    with pytest.raises(AuthenticationError):
        await client.call()
    assert [1, 2, 3] == client.numbers


@pytest.mark.parametrize(
    "body", [b"<html><title>Sign in</title><body>x</body></html>", b"<p>Sign in"]
)
async def test_page_of_html_instead_of_json(body: bytes) -> None:
    """The error has the words of the page, without markup."""
    client = Client(
        RawResponse(200, {"content-type": "text/html"}, body), policy=RetryPolicy(attempts=1)
    )
    with pytest.raises(
        MalformedResponseError,
        match=r"The response is not JSON but a page of HTML: Sign in, at \$\. \[",
    ) as raised:
        await client.call()
    assert "<" not in str(raised.value)


@pytest.mark.parametrize("step", [not_sent(), RawResponse(429, {}, b"")], ids=["refused", "429"])
async def test_post_that_cannot_have_been_processed(step: RawResponse | PaysdkError) -> None:
    """A POST is retried if no connection was made, and after a 429."""
    client = Client(step, step, OK)
    assert [1] == await client.call(POST)
    assert [(POST, 1), (POST, 2), (POST, 3)] == client.transport.sent


@pytest.mark.parametrize(
    "step",
    [
        *(
            RawResponse(status, {"retry-after": "0"}, b"")
            for status in (408, 425, 500, 502, 503, 504)
        ),
        RawResponse(200, {}, b""),
        RawResponse(200, {}, b"<html>"),
        ConnectionFailedError("broken"),
        RequestTimeoutError("late"),
    ],
    ids=["408", "425", "500", "502", "503", "504", "empty", "html", "broken", "late"],
)
async def test_post_that_may_have_been_processed(step: RawResponse | PaysdkError) -> None:
    """A POST is not retried after any other failure."""
    client = Client(step, OK)
    with pytest.raises(PaysdkError):
        await client.call(POST)
    assert [(POST, 1)] == client.transport.sent
    assert [] == client.events


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "/other/?cursor=a%2Bb",
        "https://api.example.com/other/?cursor=a%2Bb",
        "https://API.example.com:443/other/?cursor=a%2Bb",
    ],
)
async def test_redirect_on_the_same_origin(status: int, location: str) -> None:
    """A GET follows the redirect with its exact query, within the same attempt."""
    client = Client(RawResponse(status, {"location": location}, b""), OK)
    assert [1] == await client.call()
    assert [(GET, 1), (Request("GET", "/other/", "cursor=a%2Bb"), 1)] == client.transport.sent
    assert RequestStats(requests=2) == client.stats


@pytest.mark.parametrize(
    "location",
    [
        "https://api.example.org/payments",
        "https://evil.api.example.com/payments",
        "https://api.example.com.example.org/",
        "https://api.example.com:8443/payments",
        "https://api.example.com@example.org/",
        "http://api.example.com/payments",
        "//example.org/payments",
        "https://[::1/",
        "ftp://api.example.com/",
    ],
)
async def test_redirect_to_another_origin(location: str) -> None:
    """A redirect to another origin is not followed, and raises an error with its status."""
    client = Client(RawResponse(302, {"location": location}, b""), OK)
    with pytest.raises(
        APIError, match=r"302 a redirect to .*, which paysdk does not follow"
    ) as raised:
        await client.call()
    assert 302 == raised.value.status
    assert location in str(raised.value)
    assert [(GET, 1)] == client.transport.sent


async def test_redirect_without_a_location() -> None:
    """A redirect without an address raises an error with its status."""
    client = Client(RawResponse(302, {}, b""), OK)
    with pytest.raises(
        APIError, match=r"302 Found, without an explanation\. It names no new address"
    ):
        await client.call()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_of_a_post(status: int) -> None:
    """A POST does not follow a redirect."""
    client = Client(RawResponse(status, {"location": "/other/"}, b""), OK)
    with pytest.raises(APIError):
        await client.call(POST)
    assert [(POST, 1)] == client.transport.sent


async def test_redirect_relative_to_a_redirect() -> None:
    """A relative address is relative to the URL that sent it."""
    client = Client(
        RawResponse(301, {"location": "/v2/payments/"}, b""),
        RawResponse(302, {"location": "all?x=1"}, b""),
        OK,
    )
    assert [1] == await client.call()
    assert ["/payments?cursor=", "/v2/payments/", "/v2/payments/all?x=1"] == [
        request.target for request, _ in client.transport.sent
    ]


async def test_fourth_redirect() -> None:
    """The fourth redirect raises an error."""
    hop = RawResponse(307, {"location": "/on/"}, b"")
    client = Client(hop, hop, hop, OK)
    assert [1] == await client.call()
    client = Client(hop, hop, hop, hop, OK)
    with pytest.raises(APIError) as raised:
        await client.call()
    assert 307 == raised.value.status
    assert 4 == client.stats.requests


async def test_failure_after_a_redirect() -> None:
    """A failure after a redirect is retried from the first URL."""
    client = Client(RawResponse(302, {"location": "/on/"}, b""), RawResponse(503, {}, b""), OK)
    assert [1] == await client.call()
    assert ["/payments", "/on/", "/payments"] == [
        request.path for request, _ in client.transport.sent
    ]


async def test_foreign_error() -> None:
    """An error that is not paysdk's is not retried, and raised as it is."""
    client = Client(OK)

    def broken(_response: RawResponse) -> None:
        raise LookupError("a fault of the reader's")

    with pytest.raises(LookupError, match="a fault of the reader's"):
        await client.retrying.call(GET, client.authorize, broken, client.stats)
    assert RequestStats(requests=1) == client.stats


async def test_cancelled_while_waiting(until: Until) -> None:
    """A cancellation between two attempts ends the call."""
    client = Client(RawResponse(503, {"retry-after": "30"}, b""))
    calling = asyncio.create_task(client.call())
    await until(lambda: client.planned)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert 1 == client.stats.requests


@pytest.mark.parametrize(
    "response",
    [
        RawResponse(503, {}, b""),
        RawResponse(503, {"retry-after": "0"}, b""),
        RawResponse(503, {"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, b""),
        RawResponse(429, {"retry-after": "0"}, b""),
        RawResponse(429, {}, b""),
    ],
    ids=range(5),
)
async def test_outage_does_not_multiply_the_load(response: RawResponse) -> None:
    """In an outage all tasks together make a limited number of retries, and the errors say so."""
    client = Client(response)
    errors = await asyncio.gather(*(client.call() for _ in range(60)), return_exceptions=True)
    assert 160 <= len(client.numbers) < 185
    notes = [note for error in errors for note in getattr(error, "__notes__", [])]
    note = (
        "The request was not retried: too many requests of this provider object are failing at the "
        "same time."
    )
    assert {note} == set(notes)


@pytest.mark.parametrize(
    ("failed", "attempts"),
    [(RawResponse(429, {"retry-after": "0.1"}, b""), 2), (RawResponse(503, {}, b""), 1)],
)
async def test_retries_after_a_named_wait_are_free(failed: RawResponse, attempts: int) -> None:
    """A retry after a 429 with a wait takes nothing from the budget, and needs none."""
    client = Client(failed, RawResponse(200, {}, b"[1]"))
    client.retrying._budget = RetryBudget(0.2, clock=lambda: 0.0)
    while client.retrying._budget.take():
        pass
    await asyncio.gather(client.call(), return_exceptions=True)
    assert attempts == len(client.numbers)


class Sleeper:
    """Replaces asyncio in the retries. It notes each sleep and does not wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note the sleep, and let other tasks run."""
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def test_every_wait_is_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each retry sleeps for its planned wait, and only the policy ends the retries."""
    sleeper = Sleeper()
    monkeypatch.setattr(retry, "asyncio", sleeper)
    policy = RetryPolicy(attempts=12, wait_initial=60, wait_max=600)
    client = Client(RawResponse(500, {}, b""), policy=policy)
    with pytest.raises(ServerError):
        await client.call()
    assert [60.0, 120.0, 240.0, 480.0, *[600.0] * 7] == client.planned == sleeper.slept
    assert [*range(1, 13)] == client.numbers


async def test_error_of_the_last_attempt_has_no_earlier_error_in_its_chain() -> None:
    """The final error is not chained to the errors of earlier attempts."""
    client = Client(RawResponse(502, {}, b""), RawResponse(503, {}, b""))
    with pytest.raises(ServerError) as raised:
        await client.call()
    assert (None, None) == (raised.value.__cause__, raised.value.__context__)
