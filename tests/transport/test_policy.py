"""Tests of when to retry, and after how long."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaginationError,
    PaysdkError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.transport.messages import Request
from paysdk.transport.policy import (
    RetryPolicy,
    find_requested_wait,
    is_retryable,
    means_not_processed,
    next_pause,
    parse_rate_limit_reset,
    parse_retry_after,
    server_sets_the_pace,
    wait_before_retry,
)

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
LARGEST = sys.float_info.max


@pytest.mark.parametrize("attempts", [0, -1, 1.0, True, "5", None], ids=repr)
def test_attempts_must_be_a_whole_number_from_1(
    attempts: Any,  # noqa: ANN401  # anything may be given
) -> None:
    """A request has at least one attempt."""
    with pytest.raises(
        ConfigurationError, match=r"RetryPolicy\.attempts must be a whole number from 1"
    ):
        RetryPolicy(attempts=attempts)
    assert 1 == RetryPolicy(attempts=1).attempts


def test_jitter_is_a_share() -> None:
    """The jitter is a number from 0 to 1."""
    with pytest.raises(
        ConfigurationError, match=r"RetryPolicy\.wait_jitter must be a number from 0 to 1"
    ):
        RetryPolicy(wait_jitter=1.01)
    assert (0, 1) == (
        RetryPolicy(wait_jitter=0).wait_jitter,
        RetryPolicy(wait_jitter=1).wait_jitter,
    )


@pytest.mark.parametrize("name", ["wait_initial", "wait_max", "retry_after_max"])
def test_waits_must_be_seconds(name: str) -> None:
    """A wait is a finite number of seconds, and may be zero."""
    with pytest.raises(
        ConfigurationError, match=rf"RetryPolicy\.{name} must be a finite number of seconds from 0"
    ):
        RetryPolicy(**{name: float("inf")})  # type: ignore[arg-type]  # mypy cannot know which
    assert 0 == getattr(RetryPolicy(**{name: 0}), name)


def test_policy_is_a_value_with_these_defaults() -> None:
    """The policy has the documented defaults."""
    policy = RetryPolicy()
    assert (5, 0.2, 10.0, 1.0, 60.0, 0.2) == attrs.astuple(policy)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.attempts = 6  # type: ignore[misc]  # what is refused


GET, POST = Request("GET", "/x"), Request("POST", "/x")


def never_sent() -> ConnectionFailedError:
    """Make the error of a connection that was not made."""
    error = ConnectionFailedError("refused")
    error.never_sent = True
    return error


WORTH: list[tuple[PaysdkError, bool, bool]] = [
    (never_sent(), True, True),
    (RateLimitedError("429", status=429), True, True),
    (ConnectionFailedError("broken"), True, False),
    (RequestTimeoutError("late"), True, False),
    *[(ServerError(str(status), status=status), True, False) for status in (500, 502, 503, 504)],
    *[(APIError(str(status), status=status), True, False) for status in (408, 425)],
    *[
        (APIError(str(status), status=status), False, False)
        for status in (301, 400, 401, 403, 404, 409, 422)
    ],
    *[(ServerError(str(status), status=status), False, False) for status in (501, 505)],
    (MalformedResponseError("cut off", not_json=True), True, False),
    (MalformedResponseError("wrong shape"), False, False),
    (PaginationError("circle"), False, False),
    (ConfigurationError("closed"), False, False),
]


@pytest.mark.parametrize(("error", "get", "post"), WORTH, ids=[str(error) for error, _, _ in WORTH])
def test_is_retryable(error: PaysdkError, get: bool, post: bool) -> None:  # a table's columns
    """A GET is retried if that can help, and a POST only if it is unprocessed or repeatable."""
    assert (get, post) == (is_retryable(GET, error), is_retryable(POST, error))
    assert get == is_retryable(Request("POST", "/x", repeatable=True), error)


def test_means_not_processed() -> None:
    """Only a 4xx that a document defines as a refusal proves it."""
    refusals = [status for status in range(100, 1000) if means_not_processed(status)]
    assert [
        *range(400, 406),
        407,
        *range(409, 416),
        417,
        421,
        422,
        423,
        426,
        428,
        429,
        431,
        451,
    ] == refusals


@settings(max_examples=100)
@given(
    policy=st.builds(
        RetryPolicy,
        wait_initial=st.floats(0, 1e308),
        wait_max=st.floats(0, 1e308),
        wait_jitter=st.floats(0, 1),
    ),
    attempt=st.integers(1, 10_000),
    draw=st.floats(0, 1),
)
def test_wait_stays_below_its_bound(policy: RetryPolicy, attempt: int, draw: float) -> None:
    """The bound doubles with each attempt, up to the largest wait."""
    wait = wait_before_retry(policy, attempt, ConnectionFailedError("broken"), lambda: draw)
    assert wait is not None
    assert 0 <= wait <= policy.wait_max
    assert wait <= policy.wait_initial * 2.0 ** min(attempt - 1, 1000)


@pytest.mark.parametrize(
    ("attempt", "bound"), [(1, 0.2), (2, 0.4), (3, 0.8), (6, 6.4), (7, 10.0), (1_000_000, 10.0)]
)
def test_full_jitter_reaches_both_ends(attempt: int, bound: float) -> None:
    """The wait is anything from 0 to the bound, or always the bound without jitter."""
    error = ServerError("503", status=503)
    drawn = iter([0.0, 0.5, 1.0])
    assert [0, bound / 2, bound] == [
        wait_before_retry(RetryPolicy(), attempt, error, lambda: next(drawn)) for _ in range(3)
    ]
    assert bound == wait_before_retry(RetryPolicy(wait_jitter=0), attempt, error, lambda: 0.0)
    assert pytest.approx(bound * 0.75) == wait_before_retry(
        RetryPolicy(wait_jitter=0.5), attempt, error, lambda: 0.5
    )


def test_wait_is_random_by_default() -> None:
    """Without an argument the wait is random."""
    wait = wait_before_retry(RetryPolicy(), 1, ConnectionFailedError("broken"))
    assert wait is not None
    assert 0 <= wait <= 0.2


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (0, 0.1),
        (0.05, 0.1),
        (0.1, 0.105),
        (0.5, 0.525),
        (20, 20.5),
        (60, 60.5),
        (60.1, None),
        (LARGEST, None),
    ],
)
def test_requested_wait_replaces_the_drawn_one(asked: float, expected: float | None) -> None:
    """The wait has a little jitter, is refused beyond the bound, and is never almost nothing."""
    error = RateLimitedError("429", status=429, retry_after=asked)
    assert pytest.approx(expected) == wait_before_retry(RetryPolicy(), 1, error, lambda: 0.5)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RateLimitedError("429", status=429, retry_after=0.1), True),
        (RateLimitedError("429", status=429, retry_after=0.09), False),
        (RateLimitedError("429", status=429), False),
        (ServerError("503", status=503, retry_after=30), False),
        (ConnectionFailedError("broken"), False),
    ],
    ids=range(5),
)
def test_server_sets_the_pace(error: PaysdkError, expected: bool) -> None:
    """Only a 429 with a wait of a tenth of a second or more sets the pace."""
    assert expected == server_sets_the_pace(error)


def after(text: str) -> float | None:
    """Return the wait that a Retry-After of *text* asks for."""
    return parse_retry_after({"retry-after": text}, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("9" * 400, LARGEST),
        ("30s", 30.0),
        ("1m30s", 90.0),
        ("9" * 400 + "s", LARGEST),
        ("2026-01-31T12:01:00Z", 60.0),
        ("2026-01-31T13:01:00+01:00", 60.0),
        ("Sat, 31 Jan 2026 12:01:00 GMT", 60.0),
        ("Saturday, 31-Jan-26 12:01:00 GMT", 60.0),
        ("Sat Jan 31 12:01:00 2026", 60.0),
        ("Sat, 31 Jan 2026 14:01:00 +0200", 60.0),
        ("Sat, 31 Jan 2026 11:59:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (
            "Fri, 31 Dec 9999 23:59:59 GMT",
            (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - NOW).total_seconds(),
        ),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, expected: float) -> None:
    """It is a number of seconds, a duration or a date; a past date asks for no wait."""
    assert expected == after(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "nan",
        "inf",
        "-1",
        "+1",
        "1e3",
        "0x10",
        "1_0",
        "1,5",
        "١٢",
        "soon",
        "5 s",
        "5, 10",
        "1d",
        "Sat, 99 Jan 2026 12:00:00 GMT",
        "Sat, 31 Jan 99999999999999999999 12:00:00 GMT",
    ],
)
def test_unreadable_retry_after(text: str) -> None:
    """An unreadable header counts as missing."""
    assert after(text) is None
    assert parse_retry_after({}, NOW) is None


@settings(max_examples=300)
@given(
    st.text(max_size=40)
    | st.from_regex(
        r"[A-Z][a-z]{2}, [0-9]{1,30} [A-Z][a-z]{2} [0-9]{1,30} [0-9:]{1,12} "
        r"([A-Z]{3}|[+-][0-9]{1,9})",
        fullmatch=True,
    )
)
def test_any_retry_after(text: str) -> None:
    """Any text gives a number of seconds from 0, or None."""
    seconds = after(text)
    assert seconds is None or 0 <= seconds <= LARGEST


@settings(max_examples=60)
@given(st.integers(0, 10**9 - 1))
def test_retry_after_date_and_seconds_agree(seconds: int) -> None:
    """A date and the same number of seconds give the same wait."""
    assert after(str(seconds)) == after(
        format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    )


@pytest.mark.parametrize(("after_now", "expected"), [(300, 300.0), (-5, 0.0)])
def test_retry_after_that_counts_from_1970(after_now: int, expected: float) -> None:
    """A number of seconds or milliseconds that large is a moment, as Moneybird sends it."""
    moment = int(NOW.timestamp()) + after_now
    assert [expected] * 2 == [after(str(moment)), after(str(moment * 1000))]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-retry-after": "7"}, 7.0),
        ({"x-ratelimit-retry-after": "7"}, 7.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "900"}, 0.9),
        ({"retry-after": "2", "x-retry-after": "7", "retry-after-ms": "1500"}, 2.0),
        ({"retry-after": "0", "x-retry-after": "7"}, 0.0),
        ({"retry-after": "soon", "x-retry-after": "7", "retry-after-ms": "1500"}, 7.0),
        ({"retry-after": "soon", "retry-after-ms": "1500", "x-ms-retry-after-ms": "900"}, 1.5),
        ({"retry-after-ms": "soon"}, None),
        ({"retry-after-ms": "9" * 400}, LARGEST),
    ],
)
def test_other_retry_headers(headers: dict[str, str], expected: float | None) -> None:
    """Without a readable Retry-After, the headers that some APIs send instead are read."""
    assert expected == parse_retry_after(headers, NOW)


@pytest.mark.parametrize("policy", ["1;w=60", '"default";q=100;w=60', "100, 100;w=60"])
def test_policy_of_a_limit_names_no_wait(policy: str) -> None:
    """The window of a RateLimit-Policy is no time to wait, alone or beside a RateLimit."""
    assert find_requested_wait(429, {"ratelimit-policy": policy}, NOW) is None
    beside = {"ratelimit-policy": policy, "ratelimit": '"default";r=0;t=5'}
    assert 5.0 == find_requested_wait(429, beside, NOW)


def reset(text: str, name: str = "x-ratelimit-reset", **others: str) -> float | None:
    """Return the wait that a reset header of *text* asks for."""
    return parse_rate_limit_reset({name: text, **others}, NOW)


EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("0", 0.0),
        ("2.5", 2.5),
        ("3600", 3600.0),
        (str(EPOCH + 7), 7.0),
        (f"{EPOCH + 7}.5", 7.5),
        (str((EPOCH + 7) * 1000), 7.0),
        (str(EPOCH - 7), 0.0),
        ("Sat, 31 Jan 2026 12:00:09 GMT", 9.0),
        ("2026-01-31T12:00:09Z", 9.0),
        ("2026-01-31T13:00:09+01:00", 9.0),
        ("2026-01-31 12:00:09", 9.0),
        ("2026-01-31 12:00:09 UTC", 9.0),
        ("2026-01-31 12:00:09 GMT", 9.0),
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("1h2m3.5s", 3723.5),
        ("250ms", 0.25),
    ],
)
def test_reset_is_seconds_a_duration_an_epoch_or_a_date(text: str, expected: float) -> None:
    """Every form that APIs send gives seconds from now, under each header name."""
    for name in (
        "ratelimit-reset",
        "x-ratelimit-reset",
        "x-rate-limit-reset",
        "x-ratelimit-reset-after",
    ):
        assert expected == reset(text, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-5",
        "nan",
        "1e3",
        "9" * 400,
        "99999999999",
        str(EPOCH + 400 * 86_400),
        "40000000",
        "2030-01-31T12:00:00Z",
        "5 s",
        "s",
        "1d",
        "1.s",
        "9000h",
        "9" * 400 + "s",
    ],
    ids=range(16),
)
def test_unreadable_reset(text: str) -> None:
    """An unreadable header counts as missing, and the next one is read."""
    assert reset(text) is None
    assert 5.0 == parse_rate_limit_reset({"ratelimit-reset": text, "x-ratelimit-reset": "5"}, NOW)
    assert parse_rate_limit_reset({}, NOW) is None


@pytest.mark.parametrize(
    ("remaining", "expected"), [("0", 5.0), ("1", None), ("57", None), ("none", 5.0)]
)
def test_reset_of_a_limit_that_is_not_used_up(remaining: str, expected: float | None) -> None:
    """If requests are left, the reset is ignored."""
    assert expected == parse_rate_limit_reset(
        {"x-ratelimit-reset": "5", "x-ratelimit-remaining": remaining}, NOW
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limit=100, remaining=0, reset=5", 5.0),
        ("limit=100,remaining=0,reset=5", 5.0),
        ("limit=100, remaining=3, reset=5", None),
        ('"default";r=0;t=5', 5.0),
        ('"burst";r=0;t=2, "daily";r=0;t=50', 50.0),
        ('"burst";r=0;t=2, "daily";r=9;t=50', 2.0),
        ('"daily";r=0;t=50,"burst";r=0;t=2', 50.0),
        ('"default";r=0', None),
        ('"default";r=0;t=99999999999', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_rate_limit_field(text: str, expected: float | None) -> None:
    """Both forms of the IETF draft are read."""
    assert expected == parse_rate_limit_reset({"ratelimit": text}, NOW)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"x-ratelimit-reset": "5"}, 5.0),
        (503, {"x-ratelimit-reset": "5"}, 5.0),
        (429, {"retry-after": "7", "x-ratelimit-reset": "5"}, 7.0),
        (429, {"retry-after": "soon", "x-ratelimit-reset": "5"}, 5.0),
        (404, {"x-ratelimit-reset": "5"}, None),
        (404, {"retry-after": "7"}, 7.0),
        (429, {}, None),
    ],
    ids=range(7),
)
def test_reset_counts_without_retry_after(
    status: int, headers: dict[str, str], expected: float | None
) -> None:
    """Retry-After takes precedence, and a reset counts only for an overload."""
    assert expected == find_requested_wait(status, headers, NOW)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-acme-reset": "5", "x-ratelimit-reset": "9"}, 5.0),
        ({"x-acme-reset": str(EPOCH + 5)}, 5.0),
        ({"x-acme-reset": "soon", "x-ratelimit-reset": str(EPOCH + 9)}, 9.0),
        ({"x-ratelimit-reset": "9"}, 9.0),
    ],
    ids=range(4),
)
def test_own_reset_comes_first(headers: dict[str, str], expected: float) -> None:
    """A reset header that the API has of its own takes precedence over the usual ones."""
    assert expected == find_requested_wait(429, headers, NOW, ["X-Acme-Reset"])


@settings(max_examples=200)
@given(st.text(max_size=30), st.sampled_from(["ratelimit", "ratelimit-reset", "x-ratelimit-reset"]))
def test_any_reset(text: str, name: str) -> None:
    """Any text gives a number of seconds from 0 to a year, or None."""
    seconds = reset(text, name)
    assert seconds is None or 0 <= seconds <= 366 * 86_400


def test_pauses_grow_until_something_succeeds() -> None:
    """They double up to the largest wait, and halve after a success."""
    policy = RetryPolicy(wait_initial=0.2, wait_max=1.0)
    grown = [next_pause(policy, None, improved=False)]
    for _ in range(4):
        grown.append(next_pause(policy, grown[-1], improved=False))
    assert pytest.approx([0.2, 0.4, 0.8, 1.0, 1.0]) == grown
    shrunk = [next_pause(policy, 0.4, improved=True)]
    for _ in range(4):
        shrunk.append(next_pause(policy, shrunk[-1], improved=True))
    assert pytest.approx([0.2, 0.1, 0.05, 0.025, 0.025]) == shrunk
    assert pytest.approx(0.2) == next_pause(policy, 0.025, improved=False)
    assert 0.0 == next_pause(RetryPolicy(wait_initial=0), None, improved=False)
